"""`todochat doctor` checks origins of pages at a deployment, and finds rejected ones in the logs."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from todochat_local.data_dir import DataDir
from todochat_local.origin_doctor import examine_origins, recently_rejected

PAGE = "https://app.example"


async def answer(request: web.Request) -> web.Response:
    """Allow the page at the services that an operator has configured: all but tasks."""
    allowed = request.headers["Origin"] == PAGE and request.path != "/api/doctor/tasks"
    headers = {"Access-Control-Allow-Origin": PAGE} if allowed else {}
    return web.json_response({}, status=401, headers=headers)


@pytest.mark.parametrize(
    ("origin", "found"),
    [
        (f"{PAGE}/", f"{PAGE} is rejected by tasks"),
        ("https://b.example", "is rejected by auth-session, chat-gateway, tasks"),
        ("app.example", "'app.example' is not an origin"),
        (f"{PAGE}/shop", f"'{PAGE}/shop' is not an origin"),
        ("https://[app.example", "'https://[app.example' is not an origin"),
        ("null", "null is rejected by auth-session, chat-gateway, tasks"),
    ],
)
async def test_given_origin_is_checked_at_every_service(
    tmp_path: Path, origin: str, found: str
) -> None:
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("/"))
        (finding,) = await asyncio.to_thread(list, examine_origins(DataDir(tmp_path), origin, url))

    assert found in finding.found
    assert finding.hint


async def test_server_that_does_not_speak_http_is_a_finding(tmp_path: Path) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ready\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        (finding,) = await asyncio.to_thread(list, examine_origins(DataDir(tmp_path), PAGE, url))

    assert "can't be reached" in finding.found


def test_without_a_stack_only_a_given_origin_is_a_finding(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "none")

    (finding,) = examine_origins(data, PAGE, None)

    assert "no stack is running" in finding.found
    assert "--url" in finding.hint
    assert list(examine_origins(data, None, None)) == []


def test_rejected_origins_of_the_last_day_are_found_newest_first(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.logs.mkdir()
    now = datetime.now(UTC)
    ages = {"https://a.example": 3, "https://b.example": 1, "https://c.example": 30, "null": 2}
    ages["malformed"] = 1  # not an origin, and CORS_ALLOWED_ORIGINS would refuse it
    lines = [
        json.dumps(
            {
                "event": "cors.origin_rejected",
                "origin": origin,
                "timestamp": (now - timedelta(hours=hours)).isoformat(),
            }
        )
        for origin, hours in ages.items()
    ]
    data.log_path("chat-gateway-1").write_text("\n".join(["started", *lines, "{broken"]))
    data.log_path("auth-session").write_text(lines[0])

    found = recently_rejected(data)

    assert found == ["https://b.example", "null", "https://a.example"]
