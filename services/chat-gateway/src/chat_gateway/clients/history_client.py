"""Calls to todo-agent's history API: search and export."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from typing import Final

import aiohttp

from chat_gateway.clients.agent_client import RelayedResponse, check_response
from todochat.http.client import MAX_BODY_BYTES, ServiceClient, ServiceResponse, read_bounded

EXPORT_TIMEOUT_S: Final = 600.0
CHUNK_BYTES: Final = 64 * 1024


class Download:
    """A response that is relayed while it arrives."""

    def __init__(self, stack: AsyncExitStack, response: aiohttp.ClientResponse) -> None:
        self._stack = stack
        self._response = response

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body; release the connection at the end.

        Raises:
            UpstreamError: the connection broke; the client's connection must break, too.
        """
        async with self._stack:
            async for chunk in self._response.content.iter_chunked(CHUNK_BYTES):
                yield chunk


class HistoryClient:
    """Typed calls; refusals of todo-agent are raised with their own status and code."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def search_messages(self, user_id: str, params: Mapping[str, str]) -> RelayedResponse:
        """Return a page of matching messages.

        Raises:
            ServiceError: todo-agent refused the call or is unreachable.
        """
        return await self._search("/internal/search", user_id, params)

    async def search_threads(self, user_id: str, params: Mapping[str, str]) -> RelayedResponse:
        """Return a page of threads whose title or messages match.

        Raises:
            ServiceError: todo-agent refused the call or is unreachable.
        """
        return await self._search("/internal/search/threads", user_id, params)

    async def _search(self, path: str, user_id: str, params: Mapping[str, str]) -> RelayedResponse:
        response = await self._client.request("GET", path, user_id=user_id, params=params)
        check_response(response)
        return RelayedResponse(response.body, {"content-type": "application/json"})

    async def open_export(self, user_id: str, params: Mapping[str, str]) -> Download:
        """Open an export of a user's chats; the caller reads or closes its chunks.

        Args:
            params: `agent` selects the threads of one agent.

        Raises:
            ServiceError: todo-agent refused the call or is unreachable.
        """
        async with AsyncExitStack() as stack:
            response = await stack.enter_async_context(
                self._client.open(
                    "GET",
                    "/internal/export",
                    user_id=user_id,
                    params=params,
                    timeout_s=EXPORT_TIMEOUT_S,
                )
            )
            if response.status != 200:
                headers = {name.lower(): value for name, value in response.headers.items()}
                body = await read_bounded(response, MAX_BODY_BYTES)
                check_response(ServiceResponse(response.status, headers, body))
            return Download(stack.pop_all(), response)
        raise AssertionError  # pragma: no cover - the stack suppresses no exception
