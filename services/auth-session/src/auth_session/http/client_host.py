"""Where a request comes from."""

from typing import Any

from litestar import Request


def client_host(request: Request[Any, Any, Any]) -> str:
    """Return the client's address, as far as FORWARDED_ALLOW_IPS lets the edge tell it."""
    return request.client.host if request.client else ""
