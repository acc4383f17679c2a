"""todo-agent's internal api, as the gateway calls it."""

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from chat_gateway.errors import AgentFailedError, RunNotFoundError
from todochat.contracts.runs import (
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

_PASSED_ON: Final = frozenset({400, 404, 409, 410, 413, 422, 429, 503})
_RETRIED_LATER: Final = frozenset({429, 503})
_UNREADABLE: Final = "The assistant gave an answer that can't be read."
ACTIVE_STATUSES: Final = frozenset({"queued", "running"})

StructT = TypeVar("StructT", bound=msgspec.Struct)


class PlainAnswer(msgspec.Struct, frozen=True):
    """A JSON answer that needed no model."""

    body: bytes
    headers: dict[str, str]


class AgentClient:
    """Typed calls; what todo-agent refuses is raised with its own status and code."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def submit(
        self,
        user_id: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout_s: float | None = None,
    ) -> AcceptedRun | PlainAnswer:
        """Hand over a chat request as it came.

        Args:
            timeout_s: if it takes longer than others.

        Raises:
            ServiceError: it was refused, or todo-agent can't be reached.
        """
        response = await self._client.request(
            "POST",
            "/internal/chatkit",
            user_id=user_id,
            json=body,
            headers=headers,
            timeout_s=timeout_s,
        )
        check_answer(response)
        if response.status == 202:
            return _decode(response, AcceptedRun)
        passed = ("content-type", "idempotent-replayed", "x-conversation-id", "x-thread-id")
        kept = {name: response.headers[name] for name in passed if name in response.headers}
        return PlainAnswer(response.body, kept)

    async def get_run(self, user_id: str, run_id: str) -> RunView:
        """Return a run of this user.

        Raises:
            RunNotFoundError: there is no such run, or it is somebody else's.
        """
        response = await self._client.request("GET", f"/internal/runs/{run_id}", user_id=user_id)
        _check_run(response)
        return _decode(response, RunView)

    async def find_active_runs(self, user_id: str, thread_id: str) -> list[RunView]:
        """Return the runs of a thread that have not ended."""
        params = {"thread_id": thread_id, "status": "active"}
        response = await self._client.request(
            "GET", "/internal/runs", user_id=user_id, params=params
        )
        check_answer(response)
        return _decode(response, RunList).items

    async def describe_assistant(self, user_id: str) -> AssistantView:
        """Return who answers.

        Raises:
            ServiceError: todo-agent can't be reached.
        """
        response = await self._client.request("GET", "/internal/assistant", user_id=user_id)
        check_answer(response)
        return _decode(response, AssistantView)

    async def cancel_run(self, user_id: str, run_id: str, reason: CancelRequestReason) -> RunStatus:
        """Ask for a run's end and return its status at this moment.

        Raises:
            RunNotFoundError: there is no such run, or it is somebody else's.
        """
        response = await self._client.request(
            "POST",
            f"/internal/runs/{run_id}/cancel",
            user_id=user_id,
            json=msgspec.json.encode(CancelRun(reason)),
        )
        _check_run(response)
        return _decode(response, CancelView).status


def check_answer(response: ServiceResponse) -> None:
    """Raise what todo-agent refused; a fault between the two of us is nobody else's business."""
    try:
        response.raise_for_problem()
    except msgspec.MsgspecError as error:
        raise AgentFailedError(_UNREADABLE) from error
    except UpstreamProblemError as problem:
        if problem.status not in _PASSED_ON:
            detail = "The assistant can't take this right now."
            raise AgentFailedError(detail) from problem
        if problem.status in _RETRIED_LATER:
            problem.headers["Retry-After"] = response.headers.get("retry-after", "1")
        raise


def _check_run(response: ServiceResponse) -> None:
    if response.status == NotFoundError.status:
        raise RunNotFoundError
    check_answer(response)


def _decode(response: ServiceResponse, kind: type[StructT]) -> StructT:
    try:
        return msgspec.json.decode(response.body, type=kind)
    except msgspec.MsgspecError as error:
        raise AgentFailedError(_UNREADABLE) from error
