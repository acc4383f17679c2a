"""Refuses requests that a page of another site sends on a signed-in user's behalf (CSRF)."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from auth_session.errors import OriginRefusedError


def allowed_origins(public_url: str, others: Iterable[str]) -> frozenset[str]:
    """Return the origins whose pages may use the refresh cookie.

    `null` and `*` are none: any site can put a page into a sandboxed frame.
    """
    return frozenset(_origin(url) for url in (public_url, *others) if _parts(url).netloc)


def refuse_foreign_origin(
    connection: "ASGIConnection[Any, Any, Any, Any]", _handler: BaseRouteHandler
) -> None:
    """Accept a request if it has no `Origin`, an allowed one, or that of its own `Host`.

    The last covers users who open the product under another of its names (127.0.0.1, a name in
    the local network). A foreign page can't forge it: the browser sets both headers.

    Raises:
        OriginRefusedError: a page of another site sent the request.
    """
    origin = connection.headers.get("origin")
    if origin is None or _origin(origin) in connection.app.state.allowed_origins:
        return
    host = connection.headers.get("host", "").lower()
    if not host or _parts(origin).netloc.lower() != host:
        raise OriginRefusedError


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise OriginRefusedError from None


def _origin(url: str) -> str:
    parts = _parts(url)
    default_port = {"http": ":80", "https": ":443"}.get(parts.scheme.lower(), "")
    return f"{parts.scheme}://{parts.netloc}".lower().removesuffix(default_port or "\0")
