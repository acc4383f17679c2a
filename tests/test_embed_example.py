"""The back end and the packages of `examples/embed`; tests/browser runs the whole page."""

import json
import os
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from browser.embed_example_kit import EXAMPLE, running
from release_kit import TOOLS
from todochat.testing import free_port
from todochat_release.npm_packages import FRONTEND


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    port = free_port()
    node = str(TOOLS.node.folder / "node")
    environ = {**os.environ, "PORT": str(port), "CHAT_TOKEN": "t"}
    async with (
        running([node, "server.mjs"], EXAMPLE, environ, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api") as client,
    ):
        yield client


async def test_user_is_the_one_who_signed_in(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/me")).json() == {"user": None}

    signed_in = await browser.post("/login", json={"name": "ada", "password": "lovelace"})

    assert signed_in.status_code == 200
    assert "HttpOnly; SameSite=Lax" in signed_in.headers["set-cookie"]
    assert (await browser.get("/me")).json() == {"user": "ada"}


@pytest.mark.parametrize(
    "form", [{"name": "ada", "password": "hopper"}, {"name": "toString"}, {}, []]
)
async def test_wrong_password_opens_no_session(browser: httpx.AsyncClient, form: object) -> None:
    assert (await browser.post("/login", json=form)).status_code == 401
    assert (await browser.get("/me")).json() == {"user": None}


async def test_only_a_signed_in_user_gets_a_client_secret(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/chat-secret", json={"user": "ada"})).status_code == 401


async def test_malformed_request_leaves_the_server_running(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/login", content=b"{")).status_code == 500
    assert (await browser.get("/me")).status_code == 200


def test_packages_are_those_of_the_lock() -> None:
    wanted = json.loads((EXAMPLE / "package.json").read_text())
    ours: dict[str, str] = {}
    for path in ("package.json", "app/package.json"):
        package = json.loads((FRONTEND / path).read_text())
        ours |= {**package.get("dependencies", {}), **package.get("devDependencies", {})}

    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert ours[name] == version, name
