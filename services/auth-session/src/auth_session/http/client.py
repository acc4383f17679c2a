"""The client of a request: its address and its user agent."""

from typing import Any

from litestar import Request

from auth_session.domain.limits import MAX_USER_AGENT_CHARS


def client_host(request: Request[Any, Any, Any]) -> str:
    """Return the client's address; FORWARDED_ALLOW_IPS decides which proxies may report it."""
    return request.client.host if request.client else ""


def user_agent(request: Request[Any, Any, Any]) -> str | None:
    """Return the browser's user agent, truncated and without unprintable characters."""
    header = request.headers.get("user-agent", "")[:MAX_USER_AGENT_CHARS]
    return "".join(char for char in header if char.isprintable()).strip() or None
