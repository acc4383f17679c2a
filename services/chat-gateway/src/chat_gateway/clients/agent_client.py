"""Calls to todo-agent's internal API: chat requests and runs."""

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from chat_gateway.errors import AgentFailedError, RunNotFoundError
from todochat.contracts.agents import AGENT_HEADER
from todochat.contracts.runs import (
    ACTIVE_STATUSES,
    AcceptedRun,
    AssistantView,
    CancelRequestReason,
    CancelRun,
    CancelView,
    RunList,
    RunStatus,
    RunView,
)
from todochat.errors import NotFoundError
from todochat.http.client import ServiceClient, ServiceResponse, UpstreamProblemError

_PASSED_STATUSES: Final = frozenset({400, 404, 409, 410, 413, 422, 429, 503})
_RETRIABLE_STATUSES: Final = frozenset({429, 503})
_INVALID_RESPONSE: Final = "The assistant sent an invalid response."

StructT = TypeVar("StructT", bound=msgspec.Struct)


class RelayedResponse(msgspec.Struct, frozen=True):
    """A response of todo-agent that is relayed to the client."""

    body: bytes
    headers: dict[str, str]


class AgentClient:
    """Typed calls; refusals of todo-agent are raised with their own status and code.

    Args:
        name: the agent's name, which its api compares with its own; None for the default agent.
    """

    def __init__(self, client: ServiceClient, name: str | None = None) -> None:
        self._client = client
        self._named = {AGENT_HEADER: name} if name is not None else {}

    async def submit_request(
        self,
        user_id: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout_s: float | None = None,
    ) -> AcceptedRun | RelayedResponse:
        """Forward a chat request unchanged.

        Args:
            timeout_s: for requests that take longer than others.

        Raises:
            ServiceError: todo-agent refused the request or is unreachable.
        """
        response = await self._client.request(
            "POST",
            "/internal/chatkit",
            user_id=user_id,
            json=body,
            headers={**headers, **self._named},
            timeout_s=timeout_s,
        )
        check_response(response)
        if response.status == 202:
            return _decode(response, AcceptedRun)
        passed = ("content-type", "idempotent-replayed", "x-conversation-id", "x-thread-id")
        kept = {name: response.headers[name] for name in passed if name in response.headers}
        return RelayedResponse(response.body, kept)

    async def get_run(self, user_id: str, run_id: str) -> RunView:
        """Return a run of this user.

        Raises:
            RunNotFoundError: there is no such run, or it belongs to another user.
        """
        response = await self._client.request("GET", f"/internal/runs/{run_id}", user_id=user_id)
        _check_run_response(response)
        return _decode(response, RunView)

    async def find_active_runs(self, user_id: str, thread_id: str) -> RunList:
        """Return a thread's active runs and its stopped items; none for another user's thread."""
        params = {"thread_id": thread_id, "status": "active"}
        response = await self._client.request(
            "GET", "/internal/runs", user_id=user_id, params=params
        )
        check_response(response)
        return _decode(response, RunList)

    async def describe_assistant(self, user_id: str) -> AssistantView:
        """Return the assistant's capabilities.

        Raises:
            ServiceError: todo-agent is unreachable.
        """
        response = await self._client.request("GET", "/internal/assistant", user_id=user_id)
        check_response(response)
        return _decode(response, AssistantView)

    async def cancel_run(self, user_id: str, run_id: str, reason: CancelRequestReason) -> RunStatus:
        """Request a run's cancellation; return its status at this moment.

        Raises:
            RunNotFoundError: there is no such run, or it belongs to another user.
        """
        response = await self._client.request(
            "POST",
            f"/internal/runs/{run_id}/cancel",
            user_id=user_id,
            json=msgspec.json.encode(CancelRun(reason)),
        )
        _check_run_response(response)
        return _decode(response, CancelView).status

    async def cancel_abandoned_run(self, user_id: str, run_id: str) -> bool:
        """Cancel a run that no client watches; return whether it was still active."""
        return await self.cancel_run(user_id, run_id, "abandoned") in ACTIVE_STATUSES


def check_response(response: ServiceResponse) -> None:
    """Raise todo-agent's problem; hide a fault between the two services from the client."""
    try:
        response.raise_for_problem()
    except msgspec.MsgspecError as error:
        raise AgentFailedError(_INVALID_RESPONSE) from error
    except UpstreamProblemError as problem:
        if problem.status not in _PASSED_STATUSES:
            detail = "The assistant can't handle this request right now."
            raise AgentFailedError(detail) from problem
        if problem.status in _RETRIABLE_STATUSES:
            problem.headers["Retry-After"] = response.headers.get("retry-after", "1")
        raise


def _check_run_response(response: ServiceResponse) -> None:
    if response.status == NotFoundError.status:
        raise RunNotFoundError
    check_response(response)


def _decode(response: ServiceResponse, kind: type[StructT]) -> StructT:
    try:
        return msgspec.json.decode(response.body, type=kind)
    except msgspec.MsgspecError as error:
        raise AgentFailedError(_INVALID_RESPONSE) from error
