"""The part of `todochat doctor` for pages of other origins: which ones the stack rejects."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Final
from urllib.parse import urlsplit

from todochat_local.data_dir import DataDir
from todochat_local.finding import Finding
from todochat_local.lock import launcher_pid
from todochat_local.log_file import read_tail
from todochat_local.log_line import parse_object
from todochat_local.state import missing_state_reason, read_state

EVENT: Final = "cors.origin_rejected"
RECENT: Final = timedelta(days=1)
MAX_LINES: Final = 10_000
MAX_ORIGINS: Final = 5
TIMEOUT_S: Final = 5
# As a browser sends it; the services log "malformed" for anything else.
ORIGIN: Final = re.compile(r"null|[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d+)?")
# A path of each service that pages call, below the address of the edge.
SERVICES: Final = {
    "auth-session": "/api/chatkit/session",
    "chat-gateway": "/api/doctor/chat",
    "tasks": "/api/doctor/tasks",
}
HINT: Final = "add it to CORS_ALLOWED_ORIGINS and restart; see docs/embedding.md"


def examine_origins(data: DataDir, origin: str | None, url: str | None) -> Iterator[Finding]:
    """Check an origin, and those that the local stack has rejected within the last day.

    Args:
        origin: of a page, such as https://app.example.
        url: a deployment; None for the local stack.
    """
    page = origin.rstrip("/").lower() if origin is not None else None
    if page is not None and not ORIGIN.fullmatch(page):
        yield Finding("origin", f"{page!r} is not an origin", "pass one like https://app.example")
        return
    edge = url.rstrip("/") if url else running_edge(data)
    if edge is None:
        if page is not None:
            reason = missing_state_reason(data)
            yield Finding("origin", reason, "start it, or pass --url for another deployment")
        return
    if page is not None:
        yield check_origin(edge, page)
    for rejected in [] if url else recently_rejected(data):
        finding = check_origin(edge, rejected)
        if finding.hint and rejected != page:
            yield finding


def running_edge(data: DataDir) -> str | None:
    """Return the address of the running local stack."""
    state = read_state(data) if data.exists() and launcher_pid(data) is not None else None
    return state["edge"] if state else None


def recently_rejected(data: DataDir) -> list[str]:
    """Return the origins in the ends of the services' logs, newest first."""
    since = (datetime.now(UTC) - RECENT).isoformat()
    times: dict[str, str] = {}
    for path in data.logs.glob("*.log"):
        for line in read_tail(path, MAX_LINES):
            fields = parse_object(line) if EVENT in line else None
            when, origin = str((fields or {}).get("timestamp")), (fields or {}).get("origin")
            is_event = fields is not None and fields.get("event") == EVENT and when > since
            if is_event and isinstance(origin, str) and ORIGIN.fullmatch(origin):
                times[origin] = max(when, times.get(origin, ""))
    return sorted(times, key=lambda each: times[each], reverse=True)[:MAX_ORIGINS]


def check_origin(edge: str, origin: str) -> Finding:
    """Ask each service whether pages of an origin may read its responses."""
    rejecting = []
    for service, path in SERVICES.items():
        try:
            allowed = read_allowed_origin(edge + path, origin)
        except (OSError, ValueError, HTTPException) as error:
            return Finding("origin", f"{edge} can't be reached: {error}", "check the URL")
        if allowed not in ("*", origin):
            rejecting.append(service)
    if not rejecting or origin == edge:
        return Finding("origin", f"{origin} may use the APIs of {edge}")
    return Finding("origin", f"{origin} is rejected by {', '.join(rejecting)}", HINT)


def read_allowed_origin(url: str, origin: str) -> str:
    """Return `Access-Control-Allow-Origin` of a response, which errors have, too."""
    if urlsplit(url).scheme not in ("http", "https"):
        msg = "not an http URL"
        raise ValueError(msg)
    request = urllib.request.Request(url, headers={"Origin": origin})  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310  # nosec B310 - checked
            headers = response.headers
    except urllib.error.HTTPError as error:
        headers = error.headers
    return str(headers.get("Access-Control-Allow-Origin", ""))
