"""Client of the tasks service: acts for the run's user, and makes each change once."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from todochat.bus import RunLostError
from todochat.errors import ServiceError
from todochat.http.client import (
    RETRIABLE_STATUS,
    ServiceResponse,
    UpstreamError,
    UpstreamProblemError,
)

MAX_PAUSE_S: Final = 1.0
STALE_ATTEMPT: Final = "stale-attempt"
# The request of an earlier attempt may still be in progress; wait for its response.
_TRANSIENT_CODES: Final = frozenset({"idempotency-in-progress", "busy", "too-many-requests"})

ViewT = TypeVar("ViewT")


class ToolCaller(msgspec.Struct, frozen=True, kw_only=True):
    """The tool call that sends a request, in an attempt at a run.

    Args:
        key: idempotency key of the call, the same in every attempt.
        turn_id: group of changes that are counted and undone together.
        thread_id: scope in which the last turn can be undone.
        confirm_above: how many tasks the turn may change without a confirmation; None if the user
            requested the change by a click.
    """

    user_id: str
    run_id: str
    attempt: int
    key: str
    turn_id: str
    thread_id: str
    confirm_above: int | None


class TasksTransport(Protocol):
    """Sends single requests to the tasks service; a `ServiceClient`, for one."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        user_id: str,
        json: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> ServiceResponse:
        """Send a request; raise `UpstreamError` without a response."""


class TasksClient:
    """Calls the tasks service.

    Args:
        http: must not retry; this client does.
        budget_s: how long a call is retried while the service is unreachable.
    """

    def __init__(self, http: TasksTransport, *, budget_s: float) -> None:
        self._http = http
        self._budget_s = budget_s

    async def read(
        self,
        caller: ToolCaller,
        path: str,
        view: type[ViewT],
        params: Mapping[str, str] | None = None,
    ) -> ViewT:
        """Read a resource; `path` is relative to the user's root.

        Raises:
            UpstreamProblemError: the service rejects the request.
            UpstreamError: the service stays unreachable for longer than the budget.
        """
        headers = {"X-Run-Id": caller.run_id}
        response = await self._send("GET", caller, path, headers=headers, params=params)
        return msgspec.json.decode(response.body, type=view)

    async def ask(
        self, caller: ToolCaller, path: str, view: type[ViewT], body: Mapping[str, Any]
    ) -> ViewT:
        """Read what a POST returns that changes nothing.

        Raises:
            UpstreamProblemError: the service rejects the request.
            UpstreamError: the service stays unreachable for longer than the budget.
        """
        headers = {"X-Run-Id": caller.run_id}
        sent = msgspec.json.encode(body)
        response = await self._send("POST", caller, path, headers=headers, json=sent)
        return msgspec.json.decode(response.body, type=view)

    async def change(
        self,
        caller: ToolCaller,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        part: str = "",
    ) -> bytes:
        """Make a change once over all attempts at the run; return the response's body.

        Args:
            part: distinguishes the changes of one tool call.

        Raises:
            RunLostError: a later attempt at the run has made changes.
            UpstreamProblemError: the service rejects the request.
            UpstreamError: the service stays unreachable for longer than the budget.
        """
        headers = {
            "Idempotency-Key": f"{caller.key}:{part}" if part else caller.key,
            "X-Run-Id": caller.run_id,
            "X-Run-Attempt": str(caller.attempt),
            "X-Change-Group": caller.turn_id,
            "X-Change-Scope": caller.thread_id,
        }
        if caller.confirm_above is not None:
            headers["X-Confirm-Above"] = str(caller.confirm_above)
        sent = None if body is None else msgspec.json.encode(body)
        response = await self._send(method, caller, path, json=sent, headers=headers)
        return response.body

    async def _send(
        self, method: str, caller: ToolCaller, path: str, **request: Any
    ) -> ServiceResponse:
        deadline = time.monotonic() + self._budget_s
        pause_s = 0.1
        while True:
            try:
                response = await self._http.request(
                    method,
                    f"/api/{quote(caller.user_id, safe='')}{path}",
                    user_id=caller.user_id,
                    **request,
                )
                response.raise_for_problem()
            except UpstreamError:
                if time.monotonic() + pause_s > deadline:
                    raise
            except UpstreamProblemError as problem:
                if problem.code == STALE_ATTEMPT:
                    raise RunLostError(caller.run_id) from problem
                if not _is_transient(problem) or time.monotonic() + pause_s > deadline:
                    raise
            else:
                return response
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311 - jitter
            pause_s = min(pause_s * 2, MAX_PAUSE_S)


def may_have_arrived(error: ServiceError) -> bool:
    """Return whether a change may have been made although the call failed with this error.

    Any of the call's requests, which share an idempotency key, may have succeeded without its
    response arriving.
    """
    if isinstance(error, UpstreamProblemError):
        return _is_transient(error)
    return isinstance(error, UpstreamError)


def _is_transient(problem: UpstreamProblemError) -> bool:
    return problem.code in _TRANSIENT_CODES or problem.status in RETRIABLE_STATUS
