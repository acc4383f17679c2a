"""Acceptance: from a streaming request to a run that will not be lost, in one transaction.

The run is registered in Redis before the commit, and workers are woken after it. If Redis can't be
reached the run is accepted all the same: workers look into the table every second, and claiming a
run writes what Redis missed. If Redis is out of memory the run is refused.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from durable_chatkit.chatkit.budgets import NO_BUDGETS, Budgets
from durable_chatkit.chatkit.context import IdScope, RequestContext
from durable_chatkit.chatkit.limits import check_streaming_limits
from durable_chatkit.chatkit.paging import check_id
from durable_chatkit.chatkit.private_api import Server
from durable_chatkit.chatkit.requests import Submission
from durable_chatkit.chatkit.turn_changes import PreparedTurn, TurnChanges
from durable_chatkit.errors import (
    AccountLockedError,
    LogQuotaError,
    RunQueueFullError,
    ThreadBusyError,
    ThreadLockedError,
    TooManyRunsError,
    UnknownResourceError,
)
from durable_chatkit.events.run_signals import RunSignals
from durable_chatkit.storage.acceptance_repository import (
    AcceptanceRepository,
    AcceptanceState,
    EarlierRun,
    NewRun,
)
from durable_chatkit.storage.run import RunKind
from durable_chatkit.storage.run_repository import NO_QUOTA
from durable_chatkit.storage.usage_repository import read_spent
from todochat.clock import utc_now
from todochat.contracts.runs import AcceptedRun
from todochat.database import Database
from todochat.errors import ConflictError, UnavailableError
from todochat.faults import fault_point
from todochat.http.idempotency import (
    MAX_WAIT_S,
    IdempotencyInProgressError,
    IdempotencyKeyReusedError,
    request_fingerprint,
)
from todochat.ids import new_id

BUSY_RETRY_S: Final = 2.0
_LOCK_NOT_AVAILABLE: Final = "55P03"
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class InboundRequest:
    """A request as it came in.

    Args:
        run_id: the gateway's proposal.
        body: kept with the run until it has ended.
    """

    user_id: str
    run_id: str
    body: bytes
    idempotency_key: str | None = None
    timezone: str = "UTC"
    locale: str = "en"
    traceparent: str | None = None


class Acceptance:
    """Accepts streaming requests.

    Args:
        max_active_runs: how many runs a user may have queued or running, of either kind: a box is
            ticked although five answers are being written.
        log_quota_bytes: no run is accepted while the logs of the user's active runs take as much.
        budgets: of what models may use; an action uses none.
    """

    def __init__(
        self,
        db: Database,
        server: Server,
        signals: RunSignals,
        *,
        max_active_runs: int,
        log_quota_bytes: int = NO_QUOTA,
        budgets: Budgets = NO_BUDGETS,
    ) -> None:
        self._db = db
        self._server = server
        self._signals = signals
        self._max_active_runs = max_active_runs
        self._log_quota_bytes = log_quota_bytes
        self._budgets = budgets

    async def accept(
        self, submission: Submission, arrival: InboundRequest, *, queue_is_full: bool = False
    ) -> AcceptedRun:
        """Accept a request, or find the run that an earlier try of it began.

        Args:
            queue_is_full: nothing new is accepted; a run that is there is found all the same.

        Raises:
            UnknownResourceError: the thread, or something the request names, isn't there.
            AccountLockedError: the account is being erased.
            ThreadBusyError, ThreadLockedError, NotPendingError: the thread can't take it now.
            InvalidInputError: a value is out of bounds.
            RunQueueFullError: `queue_is_full`, and no earlier try of it was accepted.
            TooManyRunsError: the user has too many runs.
            LogQuotaError: the user's active runs have said too much.
            BudgetExceededError: today's budget is.
            IdempotencyInProgressError: another try of it is still being accepted, after 5 s.
            BusFullError: Redis has no memory for the answer.
        """
        check_streaming_limits(submission.request)
        if submission.thread_id is not None:
            check_id(submission.thread_id, "thread")
        accepted = await self._commit(submission, arrival, queue_is_full=queue_is_full)
        if not accepted.replayed:
            fault_point("run.accepted")
            await self._signals.notify_accepted()
            fault_point("run.announced")
        return accepted

    async def _commit(
        self, submission: Submission, arrival: InboundRequest, *, queue_is_full: bool
    ) -> AcceptedRun:
        try:
            async with self._db.transaction(arrival.user_id) as session:
                return await self._accept_in(
                    session, submission, arrival, queue_is_full=queue_is_full
                )
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            if arrival.idempotency_key is not None:
                detail = "A request with this Idempotency-Key is still in progress."
                raise IdempotencyInProgressError(detail) from None
            raise UnavailableError("Your earlier requests are still being taken in.") from None

    async def _accept_in(
        self,
        session: AsyncSession,
        submission: Submission,
        arrival: InboundRequest,
        *,
        queue_is_full: bool,
    ) -> AcceptedRun:
        acceptance = AcceptanceRepository(session, arrival.user_id)
        await acceptance.lock(MAX_WAIT_S)
        situation = await acceptance.read(
            run_id=arrival.run_id,
            idempotency_key=arrival.idempotency_key,
            thread_id=submission.thread_id,
            conversation_id=submission.conversation_id,
            kind=submission.kind,
        )
        if situation.is_erased:
            raise AccountLockedError
        if situation.earlier is not None:
            return _replay(situation.earlier, arrival)
        self._check_room(situation, queue_is_full=queue_is_full)
        if submission.kind == "agent":
            await self._budgets.check(partial(read_spent, session, arrival.user_id))
        accepted_at = _accepted_at(situation)
        thread_id, conversation_id = new_id("thr"), 0
        if not submission.is_new_thread:
            thread_id, conversation_id = _open_thread(situation, submission.kind)
        turn = await self._change(session, submission, arrival, thread_id, accepted_at)
        accepted = AcceptedRun(arrival.run_id, thread_id, conversation_id)
        run = _new_run(accepted, submission, arrival, turn, accepted_at)
        number = await acceptance.write(run, turn.message)
        if number is None:
            raise ConflictError("This run id is taken.")
        # After a rollback the meta that this leaves behind belongs to no run, and expires.
        await self._signals.register_run(arrival.run_id, arrival.user_id, thread_id)
        return msgspec.structs.replace(accepted, conversation_id=number)

    def _check_room(self, situation: AcceptanceState, *, queue_is_full: bool) -> None:
        if queue_is_full:
            msg = "Too many people wait for an answer just now. Try again in a moment."
            raise RunQueueFullError(msg, retry_after_s=BUSY_RETRY_S)
        if situation.active_runs >= self._max_active_runs:
            msg = f"You can have at most {self._max_active_runs} runs in progress."
            raise TooManyRunsError(msg, retry_after_s=BUSY_RETRY_S)
        if situation.active_log_bytes >= self._log_quota_bytes:
            msg = "Your answers in progress are too long to start another one. Wait for one to end."
            raise LogQuotaError(msg, retry_after_s=BUSY_RETRY_S)

    async def _change(
        self,
        session: AsyncSession,
        submission: Submission,
        arrival: InboundRequest,
        thread_id: str,
        accepted_at: datetime,
    ) -> PreparedTurn:
        context = RequestContext(
            user_id=arrival.user_id, ids=IdScope(arrival.run_id), run_id=arrival.run_id
        )
        changes = TurnChanges(session, self._server, thread_id, context, accepted_at)
        return await changes.apply(submission.request)


def _replay(earlier: EarlierRun, arrival: InboundRequest) -> AcceptedRun:
    if earlier.body_hash != request_fingerprint(arrival.body):
        detail = "This Idempotency-Key came with another body before."
        raise IdempotencyKeyReusedError(detail)
    return AcceptedRun(earlier.run_id, earlier.thread_id, earlier.conversation_id, replayed=True)


def _accepted_at(situation: AcceptanceState) -> datetime:
    """Later than every item of the thread, also if another machine's clock is ahead of ours."""
    now = utc_now()
    if situation.newest_item_at is None:
        return now
    return max(now, situation.newest_item_at + _TICK)


def _open_thread(situation: AcceptanceState, kind: RunKind) -> tuple[str, int]:
    """Return the ids of the thread that the request names, if it can take the turn."""
    thread = situation.thread
    if thread is None:
        raise UnknownResourceError("thread")
    status = msgspec.json.decode(thread.status)["type"]
    if status != "active":
        msg = f"This thread is {status} and takes no more messages."
        raise ThreadLockedError(msg)
    if kind == "agent" and situation.busy_run_id is not None:
        raise ThreadBusyError(run_id=situation.busy_run_id, thread_id=thread.id)
    return thread.id, thread.conversation_id


def _new_run(
    accepted: AcceptedRun,
    submission: Submission,
    arrival: InboundRequest,
    turn: PreparedTurn,
    accepted_at: datetime,
) -> NewRun:
    return NewRun(
        run_id=accepted.run_id,
        user_id=arrival.user_id,
        thread_id=accepted.thread_id,
        conversation_id=accepted.conversation_id,
        kind=submission.kind,
        request_type=submission.request.type,
        request=arrival.body,
        simple_form=submission.simple_form,
        turn=turn.record,
        user_message_id=turn.user_message_id,
        idempotency_key=arrival.idempotency_key,
        body_hash=request_fingerprint(arrival.body),
        timezone=arrival.timezone,
        locale=arrival.locale,
        traceparent=arrival.traceparent,
        created_at=accepted_at,
    )
