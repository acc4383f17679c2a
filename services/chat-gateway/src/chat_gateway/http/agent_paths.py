"""Paths of further agents: `/api/{user_id}/chat/agents/{name}` has all routes of `.../chat`.

A client is configured with one URL and appends to its path (`/runs`, `/attachments`), so the agent's
name has to be part of the path. The name is removed before routing: each route exists once, also in
the metrics.
"""

import re
from collections.abc import Collection
from typing import Any, Final

from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

_AGENT_PATH: Final = re.compile(r"(/api/[^/]+/chat)/agents/([^/]+)((?:/.*)?)")
_STATE: Final = "agent"


class AgentPaths:
    """Rewrites the paths of known agents; a path with another name matches no route: 404."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == ScopeType.HTTP:
            found = _AGENT_PATH.fullmatch(scope["path"])
            if found is not None and found[2] in self._names:
                scope["state"][_STATE] = found[2]
                scope["path"] = found[1] + found[3]
        await self._app(scope, receive, send)


def named_agent(request: Request[Any, Any, Any]) -> str | None:
    """Return the agent that a request's path names; None for the default one."""
    name: str | None = request.scope["state"].get(_STATE)
    return name
