"""EDGE_EXTRA_ROUTES: an adopter's services behind the edge, without changing the Caddyfile."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from launcher.edge_kit import Edge, Upstream, running_edge

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLUB = "club"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def club() -> AsyncIterator[Upstream]:
    upstream = Upstream(CLUB)
    await upstream.start()
    yield upstream
    await upstream.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def edge(club: Upstream, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    folder = tmp_path_factory.mktemp("caddy")
    routes = folder / "routes"
    routes.mkdir()
    # A greedy route: everything that the edge's own routes leave.
    (routes / "club.caddy").write_text(
        "@club path_regexp ^/(internal|metrics|health|openapi|api|club)(/|$)\n"
        f"handle @club {{\n\timport service 20s 127.0.0.1:{club.port}\n}}\n"
    )
    async with running_edge(folder, settings={"EDGE_EXTRA_ROUTES": f"{routes}/*.caddy"}) as edge:
        yield edge


@pytest.mark.parametrize(
    ("path", "served_by"),
    [
        ("/club", CLUB),
        ("/club/stamps", CLUB),
        ("/api/u/stamps", CLUB),
        ("/api/u/tasks", CLUB),  # an installation without our tasks
        ("/openapi/club.json", CLUB),
        ("/clubs", "edge"),
        ("/internal/users/u", "edge"),
        ("/metrics", "edge"),
        ("/health/ready", "edge"),
        ("/api/u/chat/runs", "gateway"),
        ("/api/auth/me", "auth"),
        ("/openapi/tasks.json", "tasks"),
        ("/", "site"),
    ],
)
async def test_own_route_comes_after_the_protected_ones(
    edge: Edge, path: str, served_by: str
) -> None:
    answer = await edge.get(path)

    assert answer.served_by == served_by


async def test_own_service_gets_the_clients_address(edge: Edge) -> None:
    answer = await edge.get("/club", "X-Forwarded-For: 203.0.113.9")

    assert answer.seen["x-forwarded-for"] == "127.0.0.1"


async def test_edge_starts_without_a_folder_of_routes(tmp_path: Path) -> None:
    settings = {"EDGE_EXTRA_ROUTES": f"{tmp_path}/none/*.caddy"}
    async with running_edge(tmp_path, settings=settings) as edge:
        assert (await edge.get("/api/u/stamps")).served_by == "tasks"
