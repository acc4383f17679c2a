"""The edge's responses for the site: caching, the content security policy, compression."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from launcher.edge_kit import Edge, Upstream, running_edge

pytestmark = pytest.mark.asyncio(loop_scope="module")

POLICY = "default-src 'self'; script-src 'self' 'sha256-x='"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small build of the site."""
    root = tmp_path_factory.mktemp("site")
    files = {
        "index.html": "<p>tasks</p>" * 200,
        "login.html": "sign in",
        "login/__next.txt": "data of the router",
        "404.html": "nothing here",
        "_next/static/chunks/a1b2.js": "let a = 1;\n" * 200,
        "chatkit/chatkit.js": "customElements",
        "chatkit/assets/views-a1b2.js": "export {}",
        ".edge/headers.caddy": f'header @page Content-Security-Policy "{POLICY}"\n',
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(tmp_path_factory: pytest.TempPathFactory, site: Path) -> AsyncIterator[Edge]:
    gateway = Upstream("gateway")
    folder = tmp_path_factory.mktemp("edge")
    async with running_edge(folder, gateways=[gateway], site=site) as edge:
        gateway.first_frame_taken.set()
        yield edge


@pytest.mark.parametrize("path", ["/", "/login", "/login.html"])
async def test_page_is_revalidated_and_has_its_builds_policy(edge: Edge, path: str) -> None:
    page = await edge.get(path)

    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/_next/static/chunks/a1b2.js", "/chatkit/assets/views-a1b2.js"])
async def test_hashed_file_is_cached_permanently(edge: Edge, path: str) -> None:
    script = await edge.get(path)

    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/_next/static/chunks/c3d4.js", "/chatkit/assets/views-c3d4.js"])
async def test_missing_hashed_file_is_not_cached(edge: Edge, path: str) -> None:
    missing = await edge.get(path)

    assert missing.status == 404
    assert "immutable" not in missing.headers.get("cache-control", "")


async def test_chat_component_is_revalidated(edge: Edge) -> None:
    assert (await edge.get("/chatkit/chatkit.js")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/chatkit/chatkit.js", "/chatkit/assets/missing.js"])
async def test_other_origins_may_load_the_chat_component(edge: Edge, path: str) -> None:
    # A missing file, too: without the headers a browser reports CORS instead of a 404.
    file = await edge.get(path)

    assert file.headers["access-control-allow-origin"] == "*"
    assert file.headers["cross-origin-resource-policy"] == "cross-origin"
    assert file.headers["x-content-type-options"] == "nosniff"


async def test_revalidated_component_keeps_its_cross_origin_headers(edge: Edge) -> None:
    script = await edge.get("/chatkit/chatkit.js")
    again = await edge.get("/chatkit/chatkit.js", f"If-None-Match: {script.headers['etag']}")

    assert (again.status, again.body) == (304, b"")
    assert again.headers["access-control-allow-origin"] == "*"
    assert again.headers["cross-origin-resource-policy"] == "cross-origin"


async def test_other_origins_may_load_nothing_else(edge: Edge) -> None:
    assert "access-control-allow-origin" not in (await edge.get("/")).headers


async def test_unknown_address_shows_the_sites_error_page(edge: Edge) -> None:
    lost = await edge.get("/nothing")

    assert (lost.status, lost.body) == (404, b"nothing here")
    assert lost.headers["content-security-policy"] == POLICY


async def test_build_metadata_for_the_edge_is_not_public(edge: Edge) -> None:
    assert (await edge.get("/.edge/headers.caddy")).status == 404


async def test_files_are_compressed_and_streams_are_not(edge: Edge) -> None:
    accept = "Accept-Encoding: gzip"

    page = await edge.get("/", accept)
    script = await edge.get("/_next/static/chunks/a1b2.js", accept)
    reader, writer = await edge.open("/api/u/chat/stream", accept)
    stream = await reader.readuntil(b"data: 2\n\n")
    writer.close()

    assert page.headers["content-encoding"] == script.headers["content-encoding"] == "gzip"
    assert b"content-encoding" not in stream.lower()
    assert b"data: 1\n\n" in stream
