"""A user's history, as the gateway relays it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Final

import aiohttp

from chat_gateway.clients.agent_client import PlainAnswer, check_answer
from todochat.http.client import MAX_BODY_BYTES, ServiceClient, ServiceResponse, read_bounded

EXPORT_TIMEOUT_S: Final = 600.0
CHUNK_BYTES: Final = 64 * 1024


class Download:
    """An answer that is passed on as it comes."""

    def __init__(self, stack: AsyncExitStack, response: aiohttp.ClientResponse) -> None:
        self._stack = stack
        self._response = response

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body.

        Raises:
            UpstreamError: it broke off; the client's connection has to break off, too.
        """
        async for chunk in self._response.content.iter_chunked(CHUNK_BYTES):
            yield chunk

    async def aclose(self) -> None:
        """Let go of the connection; may be called again."""
        await self._stack.aclose()


class HistoryClient:
    """Typed calls; what todo-agent refuses is raised with its own status and code."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def search(self, user_id: str, params: Mapping[str, str]) -> PlainAnswer:
        """Return a page of what was found.

        Raises:
            ServiceError: it was refused, or todo-agent can't be reached.
        """
        response = await self._client.request(
            "GET", "/internal/search", user_id=user_id, params=params
        )
        check_answer(response)
        return PlainAnswer(response.body, {"content-type": "application/json"})

    async def export(self, user_id: str) -> Download:
        """Begin to read everything of a user; whoever gets it closes it.

        Raises:
            ServiceError: it was refused, or todo-agent can't be reached.
        """
        async with AsyncExitStack() as stack:
            response = await stack.enter_async_context(
                self._client.open(
                    "GET", "/internal/export", user_id=user_id, timeout_s=EXPORT_TIMEOUT_S
                )
            )
            if response.status != 200:
                headers = {name.lower(): value for name, value in response.headers.items()}
                body = await read_bounded(response, MAX_BODY_BYTES)
                check_answer(ServiceResponse(response.status, headers, body))
            return Download(stack.pop_all(), response)
        raise AssertionError  # pragma: no cover - the stack swallows nothing
