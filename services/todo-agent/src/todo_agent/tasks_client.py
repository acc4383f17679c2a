"""The tasks service as the agent's tools use it: on behalf of the run's user, each change once."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from todochat.bus import RunLostError
from todochat.errors import ServiceError
from todochat.http.client import (
    RETRIABLE_STATUS,
    ServiceClient,
    ServiceResponse,
    UpstreamError,
    UpstreamProblemError,
)

MAX_PAUSE_S: Final = 1.0
STALE_ATTEMPT: Final = "stale-attempt"
# The first try of an earlier attempt may still be running; its answer is worth waiting for.
_TRY_AGAIN: Final = frozenset({"idempotency-in-progress", "busy", "too-many-requests"})

ViewT = TypeVar("ViewT")


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: a tool call of an attempt at a run.

    Args:
        key: names the call's effect, equal in every attempt.
        turn_id: joins changes that are counted and undone together.
        thread_id: where the last turn is looked for.
        confirm_above: how many tasks the turn may change before the person has to confirm; None
            for what the person does by a click.
    """

    user_id: str
    run_id: str
    attempt: int
    key: str
    turn_id: str
    thread_id: str
    confirm_above: int | None


class TasksClient:
    """Calls the tasks service.

    Args:
        http: should try once; how often is decided here.
        budget_s: how long one call is tried again while the service can't be reached.
    """

    def __init__(self, http: ServiceClient, *, budget_s: float) -> None:
        self._http = http
        self._budget_s = budget_s

    async def read(
        self,
        caller: Caller,
        path: str,
        view: type[ViewT],
        params: Mapping[str, str] | None = None,
    ) -> ViewT:
        """Get `path` under the user's root.

        Raises:
            UpstreamProblemError: the service refuses.
            UpstreamError: it can't be reached within the budget.
        """
        headers = {"X-Run-Id": caller.run_id}
        response = await self._send("GET", caller, path, headers=headers, params=params)
        return msgspec.json.decode(response.body, type=view)

    async def change(
        self,
        caller: Caller,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        part: str = "",
        params: Mapping[str, str] | None = None,
    ) -> bytes:
        """Make one change, once over all attempts at the run; returns the answer's body.

        Args:
            part: tells the changes of one tool call apart.

        Raises:
            RunLostError: a later attempt at the run has been there.
            UpstreamProblemError: the service refuses.
            UpstreamError: it can't be reached within the budget.
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
        response = await self._send(method, caller, path, json=sent, headers=headers, params=params)
        return response.body

    async def _send(
        self, method: str, caller: Caller, path: str, **request: Any
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
                if not _is_passing(problem) or time.monotonic() + pause_s > deadline:
                    raise
            else:
                return response
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311 - jitter
            pause_s = min(pause_s * 2, MAX_PAUSE_S)


def may_have_arrived(error: ServiceError) -> bool:
    """Tell whether a change may have been made though its answer is this error.

    The try whose answer was lost may have been the first one; all later ones are of its key, but
    none of them was answered.
    """
    if isinstance(error, UpstreamProblemError):
        return _is_passing(error)
    return isinstance(error, UpstreamError)


def _is_passing(problem: UpstreamProblemError) -> bool:
    return problem.code in _TRY_AGAIN or problem.status in RETRIABLE_STATUS
