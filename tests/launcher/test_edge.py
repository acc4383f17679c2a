"""The service for each path, through the real Caddy and the Caddyfile of every deployment."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from launcher.edge_kit import Edge, Upstream, running_edge
from todochat.testing import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUTH, GATEWAY, TASKS, SITE, EDGE = "auth", "gateway", "tasks", "site", "edge"

ROUTES = [
    ("/", SITE),
    ("/index.html", SITE),
    ("/nothing-here", EDGE),
    # auth-session
    ("/api/auth/sign-in", AUTH),
    ("/api/auth/sign-in/", AUTH),
    ("/api/auth", AUTH),
    ("/api/auth/chat", AUTH),
    ("/api/auth/chat/runs/r/events", AUTH),
    ("/api/auth%2Fsign-in", AUTH),
    ("/api//auth/sign-in", AUTH),
    ("/api/u/../auth/me", AUTH),
    ("/api/chatkit/session", AUTH),
    ("/api/chatkit/chat", AUTH),
    ("/.well-known/jwks.json", AUTH),
    ("/.well-known/jwks.json/", EDGE),
    ("/.well-known/security.txt", EDGE),
    # chat-gateway
    ("/api/site", GATEWAY),
    ("/api/site/chat", GATEWAY),
    ("/api/site/tasks", TASKS),
    ("/api/u/chat", GATEWAY),
    ("/api/u/chat/", GATEWAY),
    ("/api/u/chat?type=x", GATEWAY),
    ("/api/u/chat/runs?thread_id=t&status=active", GATEWAY),
    ("/api/u/chat/runs/r/events", GATEWAY),
    ("/api/u/chat/runs/r/cancel", GATEWAY),
    ("/api/u/chat%2Fruns", GATEWAY),
    ("/api/u%2Fchat", GATEWAY),
    ("//api/u/chat", GATEWAY),
    ("/api//u//chat", GATEWAY),
    ("/api/u/tasks/../chat", GATEWAY),
    ("/api/%75/ch%61t", GATEWAY),
    ("/api/a.b|c:d@e-f/chat", GATEWAY),
    ("/api/authority/chat", GATEWAY),
    ("/api/chatkitty/chat", GATEWAY),
    # tasks
    ("/api/calendar/cal_1.ics", TASKS),
    ("/api/u/tasks", TASKS),
    ("/api/u/tasks/", TASKS),
    ("/api/u/tasks/tsk_1/complete", TASKS),
    ("/api/u/tasks/events", TASKS),
    ("/api/u/tasks/chat", TASKS),
    ("/api/u/chatty", TASKS),
    ("/api/u/chats/1", TASKS),
    ("/api/u/chat%3F", TASKS),
    ("/api/u/CHAT", TASKS),
    ("/api/chat/tasks", TASKS),
    ("/api/u/lists?next=/chat", TASKS),
    ("/api/u/chat/../tasks", TASKS),
    ("/api/u/internal/x", TASKS),
    ("/mcp", TASKS),
    ("/mcp/messages", TASKS),
    ("/mcpx", EDGE),
    # no service
    ("/api", EDGE),
    ("/api/", EDGE),
    ("/api/u", EDGE),
    ("/api/site/", EDGE),
    ("/api/u/", EDGE),
    ("/api/./chat", EDGE),
    ("/API/u/chat", EDGE),
    ("/xapi/u/chat", EDGE),
    ("/internal", EDGE),
    ("/internal/chatkit", EDGE),
    ("//internal/chatkit", EDGE),
    ("/%69nternal/chatkit", EDGE),
    ("/internal%2Fchatkit", EDGE),
    ("/api/u/../../internal/chatkit", EDGE),
    ("/api/%2e%2e/internal/chatkit", EDGE),
    ("/metrics", EDGE),
    ("/metrics/", EDGE),
    ("/health/ready", EDGE),
    ("/health/live", EDGE),
    ("/openapi.json", EDGE),
    ("/openapi/todo-agent.json", EDGE),
    ("/docs", EDGE),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def upstreams() -> dict[str, Upstream]:
    return {name: Upstream(name) for name in (AUTH, GATEWAY, TASKS)}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def edge(
    upstreams: dict[str, Upstream], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Edge]:
    folder = tmp_path_factory.mktemp("caddy")
    async with running_edge(
        folder, auth=upstreams[AUTH], gateways=[upstreams[GATEWAY]], tasks=upstreams[TASKS]
    ) as edge:
        yield edge


@pytest.mark.parametrize(("path", "served_by"), ROUTES)
async def test_each_path_is_routed_to_its_service(edge: Edge, path: str, served_by: str) -> None:
    answer = await edge.get(path)

    assert answer.served_by == served_by
    assert answer.status == (404 if served_by == EDGE else 200)


@pytest.mark.parametrize(
    ("path", "served_by"),
    [
        ("/openapi/auth-session.json", AUTH),
        ("/openapi/chat-gateway.json", GATEWAY),
        ("/openapi/tasks.json", TASKS),
    ],
)
async def test_each_public_service_serves_its_openapi_document(
    edge: Edge, path: str, served_by: str
) -> None:
    answer = await edge.get(path)

    assert (answer.served_by, answer.seen["line"]) == (served_by, "GET /openapi.json HTTP/1.1")


async def test_path_reaches_its_service_unchanged(edge: Edge) -> None:
    answer = await edge.get("/api/u%2Fx//chat/?a=%2F&b=//")

    assert answer.served_by == TASKS
    assert answer.seen["line"] == "GET /api/u%2Fx//chat/?a=%2F&b=// HTTP/1.1"


async def test_client_address_is_the_peers_not_a_claimed_one(edge: Edge) -> None:
    answer = await edge.get("/api/u/tasks", "X-Forwarded-For: 203.0.113.9", "X-Real-IP: 1.2.3.4")

    assert answer.seen["x-forwarded-for"] == "127.0.0.1"


async def test_edge_refusals_are_problem_documents(edge: Edge) -> None:
    answer = await edge.get("/api/u")

    assert answer.headers["content-type"] == "application/problem+json"
    assert b'"status":404' in answer.body


async def test_body_over_the_limit_is_refused(edge: Edge) -> None:
    answer = await edge.get("/api/u/tasks", method="POST", body=bytes(16_000_001))

    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_page_loads_nothing_from_other_origins(edge: Edge) -> None:
    page = (await edge.get("/")).body.decode()

    assert "todochat is running" in page
    assert "default-src 'none'" in page
    assert "//" not in page.replace("http://www.w3.org/2000/svg", "")


async def test_frames_are_not_buffered(edge: Edge, upstreams: dict[str, Upstream]) -> None:
    upstream = upstreams[GATEWAY]
    upstream.first_frame_taken.clear()
    reader, writer = await edge.open("/api/u/chat/stream")

    await reader.readuntil(b"data: 1\n\n")
    upstream.first_frame_taken.set()
    await reader.readuntil(b"data: 2\n\n")

    writer.close()
    await wait_until(lambda: upstream.open_streams == 0)


async def test_client_disconnect_reaches_the_service_at_once(
    edge: Edge, upstreams: dict[str, Upstream]
) -> None:
    upstream = upstreams[TASKS]
    upstream.first_frame_taken.set()
    reader, writer = await edge.open("/api/u/tasks/stream")
    await reader.readuntil(b"data: 2\n\n")

    writer.close()

    await wait_until(lambda: upstream.open_streams == 0)


async def test_requests_use_another_instance_when_one_is_down(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    auth, tasks = Upstream(AUTH), Upstream(TASKS)
    gateways = [Upstream("first"), Upstream("second")]
    folder = tmp_path_factory.mktemp("two-gateways")
    async with running_edge(folder, auth=auth, gateways=gateways, tasks=tasks) as edge:
        await gateways[0].stop()

        answers = [await edge.get("/api/u/chat", method="POST") for _ in range(6)]

        assert {answer.served_by for answer in answers} == {"second"}


async def test_request_waits_for_the_only_instance_to_restart(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    auth, gateway, tasks = Upstream(AUTH), Upstream(GATEWAY), Upstream(TASKS)
    folder = tmp_path_factory.mktemp("restart")
    async with running_edge(folder, auth=auth, gateways=[gateway], tasks=tasks) as edge:
        await tasks.stop()
        reader, writer = await edge.open("/api/u/tasks")
        await edge.get("/api/auth/me")  # the edge keeps retrying

        await tasks.start()

        assert b"X-Served-By: tasks" in await reader.readuntil(b"\r\n\r\n")
        writer.close()


@pytest.mark.slow
async def test_unavailable_service_returns_503_with_retry_after(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    auth, gateway, tasks = Upstream(AUTH), Upstream(GATEWAY), Upstream(TASKS)
    folder = tmp_path_factory.mktemp("down")
    async with running_edge(folder, auth=auth, gateways=[gateway], tasks=tasks) as edge:
        await tasks.stop()

        answer = await edge.get("/api/u/tasks")

        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        assert answer.headers["content-type"] == "application/problem+json"
