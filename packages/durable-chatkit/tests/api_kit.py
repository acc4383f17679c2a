"""Calls the internal API over HTTP like chat-gateway."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from litestar.testing import AsyncTestClient

from todo_agent.settings import TodoAgentSettings
from todochat.database.bootstrap import DatabaseUrls
from todochat.identity.service_tokens import Arrow, ServiceTokens

SECRET = "a-secret-of-at-least-32-bytes-for-tests"


class Gateway:
    """Calls the API on behalf of users."""

    def __init__(self, client: AsyncTestClient[Any], settings: TodoAgentSettings) -> None:
        self.client = client
        self.tokens = ServiceTokens.from_settings(settings, *Arrow)

    def headers(self, user: str, **headers: str) -> dict[str, str]:
        token = self.tokens.mint(Arrow.GATEWAY_TO_AGENT, user)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return {"Authorization": f"Bearer {token}", **named}

    async def chatkit(self, body: Any, user: str, **headers: str) -> httpx.Response:
        content: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        return await self.client.post(
            "/internal/chatkit", headers=self.headers(user, **headers), **content
        )

    async def ask(self, kind: str, user: str, /, **params: Any) -> httpx.Response:
        return await self.chatkit({"type": kind, "params": params}, user)

    async def get(self, path: str, user: str) -> httpx.Response:
        return await self.client.get(path, headers=self.headers(user))

    async def cancel(self, run_id: str, user: str, reason: str = "user") -> httpx.Response:
        return await self.client.post(
            f"/internal/runs/{run_id}/cancel",
            headers=self.headers(user),
            json={"reason": reason},
        )


OpenGateway = Callable[..., Awaitable[Gateway]]


def api_settings(urls: DatabaseUrls, redis_url: str, **more: str) -> TodoAgentSettings:
    return TodoAgentSettings.load(
        {
            "CHAT_DATABASE_URL": urls.app,
            "CHAT_JOBS_DATABASE_URL": urls.jobs,
            "REDIS_URL": redis_url,
            "TODOCHAT_SERVICE_SECRET": SECRET,
            "LOG_LEVEL": "error",
            **more,
        }
    )
