"""One browser and one whole stack, with the site, for all browser tests of a worker.

Each user has a separate browser context: `visit` opens it, watches it, and at the test's end
fails if a page misbehaved. A failed test's report names the saved evidence.
"""

import inspect
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright, expect

from browser.browser_kit import TIMEOUT_MS, Visit, Visitor, Watch, open_browser
from browser.element_kit import build_pages, page_variables
from browser.embed_kit import EmbedServer
from stack_kit import SignUp, Stack, run_stack
from todochat.testing import free_port
from todochat.testing.model_server import ScriptedModelServer
from todochat.testing.person import Person

HERE = Path(__file__).parent
# Includes the time to install a browser and to build the site, once in a run.
SITE_TIMEOUT_S = 900
TEST_TIMEOUT_S = 120
VISITORS: pytest.StashKey[list[Visitor]] = pytest.StashKey()
EVIDENCE = pytest.StashKey[Path]()
HAS_FAILED = pytest.StashKey[bool]()

expect.set_options(timeout=TIMEOUT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests in one event loop, shared by the browser and the model server."""
    for item in items:
        if item.path.is_relative_to(HERE) and is_story(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TEST_TIMEOUT_S, func_only=True))


def is_story(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the pages' problems and the evidence folder to a failed test's report."""
    report = yield
    if report.when == "call" and report.failed and VISITORS in item.stash:
        item.stash[HAS_FAILED] = True
        lines = [f"evidence: {item.stash[EVIDENCE]}"]
        for visitor in item.stash[VISITORS]:
            lines += [page.url for page in visitor.context.pages]
            lines += visitor.watch.problems
        report.sections.append(("browser", "\n".join(lines)))
    return report


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as started:
        yield started


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """The machine's Chromium, without windows if possible."""
    async with open_browser(playwright) as browser:
        yield browser


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def model_server() -> AsyncIterator[ScriptedModelServer]:
    async with ScriptedModelServer() as server:
        yield server


@pytest.fixture(scope="package")
def site(model_server: ScriptedModelServer) -> Iterator[Stack]:
    """A whole stack with the site, whose assistant is the scripted model."""
    yield from run_site("site", model_variables(model_server))


@pytest.fixture(scope="package")
def pages(
    model_server: ScriptedModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack with the pages of `frontend/app/tests` on it, and the contract tests' agent."""
    folder = tmp_path_factory.mktemp("pages")
    build_pages(folder)
    yield from run_stack("pages", page_variables(model_server, folder))


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def embed_server() -> AsyncIterator[EmbedServer]:
    async with EmbedServer() as server:
        yield server


@pytest.fixture
def embed(embed_server: EmbedServer) -> EmbedServer:
    """A server of another origin, for pages that embed the element."""
    embed_server.forget()
    return embed_server


def model_variables(model_server: ScriptedModelServer) -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": model_server.url,
        "OPENAI_API_KEY": "sk-scripted",
        "TODO_AGENT_MODEL": "scripted",
        "TODO_AGENT_API": "responses",
    }


def run_site(
    name: str, variables: dict[str, str], *, port: int | None = None, gateways: int = 1
) -> Iterator[Stack]:
    """Start a stack that serves the site; the first one builds it if necessary."""
    everybody = {"TODOCHAT_SITE": "", "AUTH_SIGN_UPS_PER_ADDRESS": "0"}
    for stack in run_stack(
        name,
        {**everybody, **variables},
        timeout_s=SITE_TIMEOUT_S,
        gateways=gateways,
        port=port or free_port(),
    ):
        assert "because the build failed" not in stack.startup_output, stack.startup_output
        yield stack


@pytest.fixture
def model(model_server: ScriptedModelServer) -> Iterator[ScriptedModelServer]:
    """The model; every scripted response must be requested."""
    model_server.forget()
    yield model_server
    assert model_server.unused_answers == 0


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    request: pytest.FixtureRequest, browser: Browser, tmp_path: Path
) -> AsyncIterator[Visit]:
    """Open browsers: `await visit(site)`, or `await visit(site, person)` to be signed in.

    Further arguments go to Playwright: `viewport`, `color_scheme`, `locale` and so on.
    """
    visitors = request.node.stash.setdefault(VISITORS, [])
    request.node.stash[EVIDENCE] = tmp_path
    # Snapshots of each action are a quarter of these tests' CPU.
    is_traced = request.config.option.markexpr != "not slow"

    async def open_browser(
        stack: Stack | str, person: Person | None = None, **options: Any
    ) -> Visitor:
        edge = stack.edge if isinstance(stack, Stack) else stack
        settings = {"timezone_id": "Europe/Berlin", "locale": "en-US", **options}
        context = await browser.new_context(base_url=edge, **settings)
        context.set_default_timeout(TIMEOUT_MS)
        watch = Watch(edge)
        await watch.follow(context)
        if is_traced:
            await context.tracing.start(snapshots=True)
        visitor = Visitor(context, await context.new_page(), watch, person)
        visitors.append(visitor)
        if person is not None:
            await visitor.give_cookie_of(person)
        return visitor

    yield open_browser
    has_failed = request.node.stash.get(HAS_FAILED, False)
    for number, visitor in enumerate(visitors):
        if has_failed or visitor.watch.problems:
            await visitor.keep_evidence(tmp_path / f"browser-{number}", with_trace=is_traced)
        await visitor.context.close()
    if not has_failed:
        for visitor in visitors:
            visitor.watch.raise_problems(tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def ada(site: Stack, sign_up: SignUp, visit: Visit) -> Visitor:
    """A user with an account and a browser in which she is signed in."""
    return await visit(site, await sign_up(site))
