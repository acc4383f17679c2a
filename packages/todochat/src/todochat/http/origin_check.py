"""Rejects requests of pages whose origin isn't in CORS_ALLOWED_ORIGINS in a way that they can see.

A browser hides a response without CORS headers from the page, which learns no more than that its
request failed. So these pages get a problem document that any origin may read, in place of the
handler's response, and an operator finds the origin and the setting in the log.

A preflight is answered here only if the browser also sends `Sec-Fetch-Site`, which pages can't set:
then the request that follows has it, too, and is rejected before any handler runs. Requests that a
page's own server forwards have `Sec-Fetch-Site: same-origin`, and are left alone.
"""

import re
import time
from collections.abc import Callable
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from todochat.errors import ForbiddenError
from todochat.http.problems import PROBLEM_JSON, problem_document
from todochat.telemetry.metrics import CORS_REJECTIONS

EVENT: Final = "cors.origin_rejected"
SETTING: Final = "CORS_ALLOWED_ORIGINS"
ORIGINS_LOGGED: Final = 20
LOG_WINDOW_S: Final = 3600.0
_ORIGIN: Final = re.compile(r"null|[a-z][a-z0-9+.-]{0,30}://[A-Za-z0-9._:\[\]-]{1,255}")
_CROSS_ORIGIN: Final = (b"cross-site", b"same-site")

log = structlog.get_logger(__name__)


class OriginNotAllowedError(ForbiddenError):
    """The request comes from a page of an origin that isn't in CORS_ALLOWED_ORIGINS."""

    code, title = "origin-not-allowed", "This page's origin is not allowed"

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"This server doesn't allow pages of {origin}. Its operator can add the origin to"
            f" {SETTING}.",
            origin=origin,
        )


class RejectedOrigins:
    """Logs each rejected origin once an hour, and at most 20 of them.

    Args:
        monotonic: seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._logged: set[str] = set()
        self._window_ends_at = 0.0

    def note(self, origin: str) -> None:
        """Count a rejected request, and log its origin if that is due."""
        CORS_REJECTIONS.inc()
        now = self._monotonic()
        if now >= self._window_ends_at:
            self._logged.clear()
            self._window_ends_at = now + LOG_WINDOW_S
        if origin not in self._logged and len(self._logged) < ORIGINS_LOGGED:
            self._logged.add(origin)
            log.warning(EVENT, origin=origin, setting=SETTING)


class OriginCheck:
    """Wraps an application.

    Args:
        is_allowed: returns whether an origin is in CORS_ALLOWED_ORIGINS.
    """

    def __init__(self, app: ASGIApp, is_allowed: Callable[[str], bool]) -> None:
        self._app = app
        self._is_allowed = is_allowed
        self._rejected = RejectedOrigins()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        origin = find_header(scope, b"origin")
        if not origin or self._is_allowed(origin.decode("latin-1")):
            await self._app(scope, receive, send)
            return
        site = find_header(scope, b"sec-fetch-site")
        asked = find_header(scope, b"access-control-request-method")
        is_preflight = scope["method"] == "OPTIONS" and asked != b""
        is_foreign = site in _CROSS_ORIGIN and find_header(scope, b"sec-fetch-mode") == b"cors"
        if is_preflight or is_foreign:
            self._rejected.note(readable_origin(origin))
        if not is_foreign:
            await self._app(scope, receive, send)
        elif is_preflight:
            await allow_preflight(scope, send, asked)
        else:
            await reject(scope, send, origin)


def find_header(scope: Scope, name: bytes) -> bytes:
    """Return a request's header; empty if there is none."""
    return next((value for each, value in scope["headers"] if each == name), b"")


def readable_origin(origin: bytes) -> str:
    """Return an origin for a log line; anything else that a client sent is left out."""
    text = origin.decode("latin-1")
    return text if _ORIGIN.fullmatch(text) else "malformed"


async def allow_preflight(scope: HTTPScope, send: Send, method: bytes) -> None:
    """Let the browser send the request, so that the page can read its rejection."""
    headers = [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", method),
        (b"access-control-allow-headers", find_header(scope, b"access-control-request-headers")),
        (b"access-control-max-age", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def reject(scope: HTTPScope, send: Send, origin: bytes) -> None:
    """Respond with a problem document that pages of any origin may read."""
    error = OriginNotAllowedError(readable_origin(origin))
    request_id = str(scope["state"].get("request_id", ""))
    body = problem_document(error, instance=scope["path"], request_id=request_id)
    headers = [
        (b"access-control-allow-origin", b"*"),
        (b"cache-control", b"no-store"),
        (b"content-type", PROBLEM_JSON.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
