"""The watch notices forbidden page behaviour and accepts what a test expects."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from browser.browser_kit import Visit, Visitor, Watch
from todochat.testing import wait_until

STRICT = "default-src 'none'; connect-src *; img-src data:; script-src 'nonce-known'"


def page_of(script: str) -> str:
    return f"<!doctype html><link rel=icon href=data:,><script nonce=known>{script}</script>"


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(visit: Visit) -> AsyncIterator[Visitor]:
    """A visitor of a server whose page runs the script in its query."""

    async def answer(request: web.Request) -> web.Response:
        body = page_of(request.query["script"])
        headers = {"Content-Security-Policy": STRICT}
        return web.Response(text=body, content_type="text/html", headers=headers)

    async def missing(request: web.Request) -> web.Response:
        return web.Response(status=404)

    app = web.Application()
    app.router.add_get("/", answer)
    app.router.add_get("/missing", missing)
    server = TestServer(app)
    await server.start_server()
    yield await visit(str(server.make_url("")).rstrip("/"))
    await server.close()


MISBEHAVIOUR = (
    ("console.error('broken')", "console error: broken"),
    ("console.warn('odd')", "console warning: odd"),
    ("setTimeout(() => { throw new Error('unseen') })", "error in the page: unseen"),
    ("Promise.reject(new Error('dropped'))", "error in the page: dropped"),
    ("fetch('/missing')", "answer: 404 to GET"),
    ("fetch('http://127.0.0.1:9/').catch(() => 0)", "request to another origin: GET"),
    ("fetch('http://127.0.0.1:9/').catch(() => 0)", "failed request: GET"),
    ("document.documentElement.innerHTML = '<p style=color:red>x'", "securitypolicyviolation: st"),
)


def begins(problems: list[str], words: str) -> bool:
    return any(problem.startswith(words) for problem in problems)


async def test_forbidden_behaviour_is_noticed(visitor: Visitor) -> None:
    problems = visitor.watch.problems
    for script, expected in MISBEHAVIOUR:
        problems.clear()
        await visitor.page.goto("/?script=" + quote(script))

        await wait_until(partial(begins, problems, expected), timeout_s=25)

    await visitor.page.close()
    problems.clear()  # the wanted kind of problem


async def test_expected_problems_are_accepted(visitor: Visitor) -> None:
    visitor.watch.expect_status(404, "^/missing$")
    visitor.watch.expect_words("^known$")

    await visitor.page.goto("/?script=fetch('/missing').then(() => console.error('known'))")
    await visitor.page.wait_for_load_state("networkidle")

    assert visitor.watch.problems == []


def test_problems_are_raised_with_the_evidence_folder(tmp_path: Path) -> None:
    watch = Watch("http://localhost")
    watch.problems.append("console error: broken")

    with pytest.raises(AssertionError, match="console error: broken\nevidence: "):
        watch.raise_problems(tmp_path)
