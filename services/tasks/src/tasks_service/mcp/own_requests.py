"""Requests of an MCP client's tool calls to the service's own routes, within the process."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, cast

import httpx2
from litestar.types import ASGIApp, Receive, Scope, Send

from tasks_service.http.inbound_request import CALLER
from tasks_service.service.authenticator import AuthenticatedCaller
from todochat.http.client import ServiceResponse, UpstreamError

TIMEOUT_S: Final = 10.0


class OwnRequests:
    """Sends requests of a verified caller to the routes that serve everybody else.

    So a tool call is validated, limited, made once and recorded as any request is.
    """

    def __init__(self, app: ASGIApp, caller: AuthenticatedCaller) -> None:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = {CALLER: caller}
            await app(scope, receive, send)

        self._transport = httpx2.ASGITransport(app=cast("Any", call))  # typed otherwise, the same

    async def request(
        self,
        method: str,
        path: str,
        *,
        user_id: str,  # noqa: ARG002 - the caller is known
        json: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> ServiceResponse:
        """Send a request.

        Raises:
            UpstreamError: there is no response within the timeout, 10 seconds by default.
        """
        sent = dict(headers or {})
        if json is not None:
            sent["Content-Type"] = "application/json"
        request = httpx2.Request(
            method, f"http://tasks{path}", params=params, headers=sent, content=json
        )
        try:
            async with asyncio.timeout(timeout_s or TIMEOUT_S):
                response = await self._transport.handle_async_request(request)
                body = await response.aread()
        except TimeoutError as error:
            msg = "The tasks service didn't respond in time."
            raise UpstreamError(msg) from error
        return ServiceResponse(
            status=response.status_code, headers=dict(response.headers.items()), body=body
        )


def as_mcp_client(caller: AuthenticatedCaller) -> AuthenticatedCaller:
    """Return the caller as the history names it: the user's MCP client."""
    return AuthenticatedCaller(caller.user_id, "mcp", caller.sid, caller.expires_at)


def describe(response: ServiceResponse) -> Any:
    """Return the JSON of a response that must have succeeded.

    Raises:
        UpstreamProblemError: it has not.
    """
    response.raise_for_problem()
    return response.body.decode()
