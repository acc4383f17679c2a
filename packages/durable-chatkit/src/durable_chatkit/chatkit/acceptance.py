"""Acceptance: turns a streaming request into a durable run, in one transaction.

The run is registered in Redis before the commit, and workers are woken after it. If Redis is
unavailable the run is still accepted: workers poll the table every second, and claiming a run
writes the data missing in Redis. If Redis is out of memory the run is rejected.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

import msgspec
from sqlalchemy.exc import DBAPIError

from durable_chatkit.chatkit.budgets import NO_BUDGETS, Budgets
from durable_chatkit.chatkit.context import IdScope, RequestContext
from durable_chatkit.chatkit.limits import check_streaming_limits
from durable_chatkit.chatkit.paging import check_id
from durable_chatkit.chatkit.private_api import Server
from durable_chatkit.chatkit.requests import Submission
from durable_chatkit.chatkit.server import TICK
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
    NewRun,
)
from durable_chatkit.storage.run import RunKind
from durable_chatkit.storage.run_repository import NO_QUOTA
from durable_chatkit.storage.usage_repository import read_spent
from todochat.clock import utc_now
from todochat.contracts.agents import DEFAULT_AGENT
from todochat.contracts.runs import AcceptedRun
from todochat.database import Database
from todochat.database.sql_transaction import SqlExecutor
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


@dataclass(frozen=True, kw_only=True)
class InboundRequest:
    """A request as received from the gateway.

    Args:
        run_id: id proposed by the gateway.
        body: stored with the run until the run ends.
        headers: headers of the client that chat-gateway forwards, by lower-case name; stored as
            the body is.
    """

    user_id: str
    run_id: str
    body: bytes
    idempotency_key: str | None = None
    timezone: str = "UTC"
    locale: str = "en"
    traceparent: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Acceptance:
    """Accepts streaming requests.

    Args:
        max_active_runs: queued and running runs allowed per user, counted per kind: an action
            is accepted even while the maximum of agent runs is in progress.
        log_quota_bytes: no run is accepted while the logs of the user's active runs are this large.
        budgets: limits on model usage; they don't apply to actions.
        agent: new threads are this agent's; another agent's threads count as missing.
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
        agent: str = DEFAULT_AGENT,
    ) -> None:
        self._db = db
        self._server = server
        self._signals = signals
        self._max_active_runs = max_active_runs
        self._log_quota_bytes = log_quota_bytes
        self._budgets = budgets
        self._agent = agent

    async def accept(
        self, submission: Submission, inbound: InboundRequest, *, queue_is_full: bool = False
    ) -> AcceptedRun:
        """Accept a request, or find the run that an earlier attempt of it created.

        Args:
            queue_is_full: reject new runs; an existing run is still returned.

        Raises:
            UnknownResourceError: the thread or another referenced resource doesn't exist.
            AccountLockedError: the account is being erased.
            ThreadBusyError, ThreadLockedError, NotPendingError: the thread's state forbids it.
            InvalidInputError: a value is out of bounds.
            RunQueueFullError: `queue_is_full`, and no earlier attempt was accepted.
            TooManyRunsError: the user has too many runs in progress.
            LogQuotaError: the logs of the user's active runs are too large.
            BudgetExceededError: a daily budget is used up.
            IdempotencyInProgressError: another attempt is still being accepted, after 5 s.
            BusFullError: Redis has no memory for the run's log.
        """
        check_streaming_limits(submission.request)
        if submission.thread_id is not None:
            check_id(submission.thread_id, "thread")
        try:
            async with self._db.sql_transaction(inbound.user_id) as session:
                accepted = await self._accept_in(
                    session, submission, inbound, queue_is_full=queue_is_full
                )
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            if inbound.idempotency_key is not None:
                detail = "A request with this Idempotency-Key is still in progress."
                raise IdempotencyInProgressError(detail) from None
            raise UnavailableError("Your earlier requests are still being accepted.") from None
        if not accepted.replayed:
            fault_point("run.accepted")
            await self._signals.notify_accepted()
            fault_point("run.announced")
        return accepted

    async def _accept_in(
        self,
        session: SqlExecutor,
        submission: Submission,
        inbound: InboundRequest,
        *,
        queue_is_full: bool,
    ) -> AcceptedRun:
        acceptance = AcceptanceRepository(session, inbound.user_id)
        await acceptance.lock_user(MAX_WAIT_S)
        state = await acceptance.load_state(
            run_id=inbound.run_id,
            idempotency_key=inbound.idempotency_key,
            thread_id=submission.thread_id,
            conversation_id=submission.conversation_id,
            agent=self._agent,
            kind=submission.kind,
        )
        if state.is_erased:
            raise AccountLockedError
        if (earlier := state.earlier) is not None:
            if earlier.body_hash != request_fingerprint(inbound.body):
                detail = "This Idempotency-Key was already used with a different body."
                raise IdempotencyKeyReusedError(detail)
            if earlier.agent != self._agent:
                detail = "This Idempotency-Key was already used with another agent."
                raise IdempotencyKeyReusedError(detail)
            return AcceptedRun(
                earlier.run_id, earlier.thread_id, earlier.conversation_id, replayed=True
            )
        self._check_capacity(state, queue_is_full=queue_is_full)
        if submission.kind == "agent":
            await self._budgets.check(partial(read_spent, session, inbound.user_id))
        thread_id, conversation_id = new_id("thr"), 0
        if not submission.is_new_thread:
            thread_id, conversation_id = _find_open_thread(state, submission.kind)
        accepted_at = utc_now()
        if state.newest_item_at is not None:  # another machine's clock may be ahead
            accepted_at = max(accepted_at, state.newest_item_at + TICK)
        context = RequestContext(
            user_id=inbound.user_id,
            ids=IdScope(inbound.run_id),
            run_id=inbound.run_id,
            headers=inbound.headers,
        )
        changes = TurnChanges(session, self._server, thread_id, context, accepted_at)
        turn = await changes.apply(submission.request)
        accepted = AcceptedRun(inbound.run_id, thread_id, conversation_id)
        run = _new_run(accepted, self._agent, submission, inbound, turn, accepted_at)
        number = await acceptance.insert_run(run, turn.message)
        if number is None:
            raise ConflictError("This run id is taken.")
        # If the transaction rolls back, the registration belongs to no run and expires.
        await self._signals.register_run(inbound.run_id, inbound.user_id, thread_id)
        return msgspec.structs.replace(accepted, conversation_id=number)

    def _check_capacity(self, state: AcceptanceState, *, queue_is_full: bool) -> None:
        if queue_is_full:
            msg = "Too many requests are waiting right now. Try again in a moment."
            raise RunQueueFullError(msg, retry_after_s=BUSY_RETRY_S)
        if state.active_runs >= self._max_active_runs:
            msg = f"You can have at most {self._max_active_runs} runs in progress."
            raise TooManyRunsError(msg, retry_after_s=BUSY_RETRY_S)
        if state.active_log_bytes >= self._log_quota_bytes:
            msg = "Your responses in progress are too long to start another. Wait for one to end."
            raise LogQuotaError(msg, retry_after_s=BUSY_RETRY_S)


def _find_open_thread(state: AcceptanceState, kind: RunKind) -> tuple[str, int]:
    """Return the thread id and conversation id if the thread accepts the turn."""
    thread = state.thread
    if thread is None:
        raise UnknownResourceError("thread")
    status = msgspec.json.decode(thread.status)["type"]
    if status != "active":
        msg = f"This thread is {status} and accepts no more messages."
        raise ThreadLockedError(msg)
    if kind == "agent" and state.busy_run_id is not None:
        raise ThreadBusyError(run_id=state.busy_run_id, thread_id=thread.id)
    return thread.id, thread.conversation_id


def _new_run(
    accepted: AcceptedRun,
    agent: str,
    submission: Submission,
    inbound: InboundRequest,
    turn: PreparedTurn,
    accepted_at: datetime,
) -> NewRun:
    return NewRun(
        run_id=accepted.run_id,
        user_id=inbound.user_id,
        thread_id=accepted.thread_id,
        conversation_id=accepted.conversation_id,
        agent=agent,
        kind=submission.kind,
        request_type=submission.request.type,
        request=inbound.body,
        simple_form=submission.simple_form,
        turn=turn.record,
        user_message_id=turn.user_message_id,
        idempotency_key=inbound.idempotency_key,
        body_hash=request_fingerprint(inbound.body),
        timezone=inbound.timezone,
        locale=inbound.locale,
        traceparent=inbound.traceparent,
        headers=dict(inbound.headers),
        created_at=accepted_at,
    )
