"""Calls between services: retried only where that is safe."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from todochat.http.client import ServiceClient, UpstreamError, UpstreamProblemError
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.settings import ServiceSettings
from todochat.testing import free_port

TOKENS = ServiceTokens.from_settings(
    ServiceSettings.load({"REDIS_URL": "r", "TODOCHAT_SERVICE_SECRET": "s" * 32}), *Arrow
)


class Target:
    """A service with queued responses, then 200."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.requests: list[tuple[str, Mapping[str, str], bytes]] = []
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        self.server = TestServer(app)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.headers, await request.read()))
        if self.answers:
            return self.answers.pop(0)
        return web.json_response({"done": True})


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    target = Target()
    async with target.server:
        yield target


@pytest.fixture
async def client(target: Target) -> AsyncIterator[ServiceClient]:
    async with aiohttp.ClientSession() as session:
        yield ServiceClient(str(target.server.make_url("")), session, TOKENS, Arrow.AGENT_TO_TASKS)


def unavailable() -> web.Response:
    return web.Response(status=503)


async def test_call_has_token_of_its_arrow_and_user(client: ServiceClient, target: Target) -> None:
    response = await client.request("POST", "/x", user_id="usr_1", json=b"{}")

    _, headers, body = target.requests[0]
    token = headers["Authorization"].removeprefix("Bearer ")
    identity = TOKENS.verify({Arrow.AGENT_TO_TASKS}, token)
    assert (identity.user_id, identity.caller) == ("usr_1", "todo-agent")
    assert (response.status, msgspec.json.decode(response.body), body) == (
        200,
        {"done": True},
        b"{}",
    )


@pytest.mark.parametrize(
    ("method", "headers", "tries"),
    [
        ("GET", {}, 3),
        ("DELETE", {}, 3),
        ("POST", {"Idempotency-Key": "run_1:0:0"}, 3),
        ("POST", {}, 1),
        ("PATCH", {}, 1),
    ],
)
async def test_only_idempotent_calls_are_retried(
    client: ServiceClient, target: Target, method: str, headers: dict[str, str], tries: int
) -> None:
    target.answers = [unavailable() for _ in range(5)]

    response = await client.request(method, "/x", user_id="usr_1", headers=headers)

    assert response.status == 503
    assert len(target.requests) == tries


async def test_retried_call_succeeds_once_target_is_back(
    client: ServiceClient, target: Target
) -> None:
    target.answers = [unavailable()]

    response = await client.request("GET", "/x", user_id="usr_1")

    assert (response.status, len(target.requests)) == (200, 2)


async def test_unreachable_target_raises_upstream_error() -> None:
    async with aiohttp.ClientSession() as session:
        client = ServiceClient(
            f"http://127.0.0.1:{free_port()}", session, TOKENS, Arrow.AGENT_TO_TASKS
        )
        with pytest.raises(UpstreamError) as caught:
            await client.request("GET", "/x", user_id="usr_1")

    assert caught.value.status == 503
    assert "tasks" in caught.value.detail


async def test_all_attempts_of_a_call_share_one_timeout(
    target: Target, client: ServiceClient
) -> None:
    """A slow target costs the caller one timeout, not three."""
    released = asyncio.Event()

    async def never(request: web.Request) -> web.Response:
        target.requests.append((request.method, request.headers, b""))
        await released.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/x", never)
    async with TestServer(app) as slow, aiohttp.ClientSession() as session:
        impatient = ServiceClient(
            str(slow.make_url("")), session, TOKENS, Arrow.AGENT_TO_TASKS, timeout_s=0.2
        )
        with pytest.raises(UpstreamError):
            await impatient.request("GET", "/x", user_id="usr_1")
        released.set()

    assert len(target.requests) == 1


async def test_problem_document_becomes_error_with_its_code(
    client: ServiceClient, target: Target
) -> None:
    problem = {
        "type": "urn:todochat:problem:list-exists",
        "title": "T",
        "detail": "D",
        "list_id": "l",
    }
    target.answers = [
        web.json_response(problem, status=409, content_type="application/problem+json")
    ]
    response = await client.request("POST", "/lists", user_id="usr_1", json=b"{}")

    with pytest.raises(UpstreamProblemError) as caught:
        response.raise_for_problem()

    error = caught.value
    assert (error.status, error.code, error.detail) == (409, "list-exists", "D")
    assert error.extensions == {"list_id": "l"}


async def test_error_status_without_document_raises(client: ServiceClient, target: Target) -> None:
    target.answers = [web.Response(status=418, text="teapot")]
    response = await client.request("GET", "/x", user_id="usr_1")

    with pytest.raises(UpstreamProblemError, match="418"):
        response.raise_for_problem()


async def test_redirects_are_not_followed(client: ServiceClient, target: Target) -> None:
    target.answers = [web.Response(status=302, headers={"Location": "http://evil.example"})]

    assert (await client.request("GET", "/x", user_id="usr_1")).status == 302
