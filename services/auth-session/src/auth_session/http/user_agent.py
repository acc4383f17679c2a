"""What a browser says it is."""

from typing import Any

from litestar import Request

from auth_session.domain.limits import MAX_USER_AGENT_CHARS


def user_agent(request: Request[Any, Any, Any]) -> str | None:
    """Return what a browser says it is, as far as it can be shown and is worth keeping."""
    said = request.headers.get("user-agent", "")[:MAX_USER_AGENT_CHARS]
    return "".join(char for char in said if char.isprintable()).strip() or None
