"""Every change goes through here: once per idempotency key, never for a run that was lost.

The order inside the transaction is fixed, so that two changes can't wait for each other in a
circle: idempotency key, run, person. The answer is encoded and kept before the commit, so what
is replayed later is what was committed.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, Protocol

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.change import Actor
from tasks_service.domain.grouping import ChangeGroup
from tasks_service.errors import BusyError, StaleAttemptError
from tasks_service.metrics import CHANGES, REPLAYS
from tasks_service.service.user_work import UserWork
from tasks_service.storage.answer_repository import (
    AnswerKey,
    AnswerRepository,
    AttemptRepository,
    KeptAnswer,
)
from tasks_service.storage.outbox_repository import OutboxRepository
from tasks_service.storage.transaction import (
    limit_lock_waits,
    lock_timeout_as,
    open_transaction,
)
from todochat.clock import utc_now
from todochat.database import Database
from todochat.errors import ServiceError
from todochat.faults import fault_point
from todochat.http.idempotency import (
    MAX_WAIT_S,
    IdempotencyInProgressError,
    IdempotencyKeyReusedError,
)

NO_BODY: Final = b""

ChangeFunction = Callable[[UserWork], Awaitable[msgspec.Struct | None]]


class RunAttempt(msgspec.Struct, frozen=True):
    """Which attempt of which run a change is made for."""

    run_id: str
    attempt: int


class WriteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for a change, and what makes it the same change when asked again.

    Attributes:
        route: the route's template; with `method` the scope of the key.
        fingerprint: hash of path, query and body.
    """

    user_id: str
    actor: Actor
    method: str
    route: str
    fingerprint: str
    idempotency_key: str | None = None
    run: RunAttempt | None = None
    group: ChangeGroup | None = None


class Written(msgspec.Struct, frozen=True):
    """The encoded answer of a change, new or replayed."""

    status: int
    body: bytes
    is_replay: bool = False


class ChangeListener(Protocol):
    """Who wants to know that a person's tasks have changed."""

    def changed(self, user_id: str) -> None:
        """Take note of a committed change; must not fail or wait."""


class IdempotentWriter:
    """Runs changes, each in one transaction."""

    def __init__(
        self,
        database: Database,
        listener: ChangeListener,
        *,
        clock: Callable[[], dt.datetime] = utc_now,
        max_wait_s: float = MAX_WAIT_S,
    ) -> None:
        self._database = database
        self._listener = listener
        self._clock = clock
        self._max_wait_s = max_wait_s

    async def run(
        self, request: WriteRequest, status: HTTPStatus, change: ChangeFunction
    ) -> Written:
        """Make a change, or replay the answer it had.

        Args:
            status: of the answer to a change that was made.
            change: does the work; what it returns is the answer's body.

        Raises:
            IdempotencyKeyReusedError: the key belongs to another request.
            IdempotencyInProgressError: the first request with this key takes too long.
            StaleAttemptError: a later attempt of the run has been here.
            BusyError: the person's other changes take too long.
        """
        try:
            async with open_transaction(self._database, request.user_id) as session:
                await limit_lock_waits(session, self._max_wait_s)
                written, has_changes = await self._write(session, request, status, change)
                fault_point("change.written")
            fault_point("change.committed")
        except ServiceError as error:
            if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                await self._remember_attempt(request)
            raise
        if written.is_replay:
            REPLAYS.inc()
        if has_changes:
            CHANGES.labels(request.actor).inc()
            self._listener.changed(request.user_id)
        return written

    async def _write(
        self,
        session: AsyncSession,
        request: WriteRequest,
        status: HTTPStatus,
        change: ChangeFunction,
    ) -> tuple[Written, bool]:
        kept = await self._claim(session, request)
        await self._advance(session, request)
        if kept is not None:
            return _replay(request, kept), False
        with lock_timeout_as(BusyError):
            counters = await OutboxRepository(session, request.user_id).lock_counters()
        work = UserWork(
            session,
            counters,
            actor=request.actor,
            run_id=request.run.run_id if request.run else None,
            group=request.group,
            now=self._clock(),
        )
        result = await change(work)
        await work.flush()
        body = NO_BODY if result is None else msgspec.json.encode(result)
        await self._keep(session, request, Written(status, body))
        return Written(status, body), work.has_changes

    async def _claim(self, session: AsyncSession, request: WriteRequest) -> KeptAnswer | None:
        key = _answer_key(request)
        if key is None:
            return None
        with lock_timeout_as(_in_progress):
            return await AnswerRepository(session).claim(key)

    async def _keep(self, session: AsyncSession, request: WriteRequest, written: Written) -> None:
        key = _answer_key(request)
        if key is not None:
            answer = KeptAnswer(request.fingerprint, written.status, written.body)
            await AnswerRepository(session).keep(key, answer, now=self._clock())

    async def _advance(self, session: AsyncSession, request: WriteRequest) -> None:
        if request.run is None:
            return
        run_id, attempt = request.run.run_id, request.run.attempt
        with lock_timeout_as(BusyError):
            highest = await AttemptRepository(session, request.user_id).advance(
                run_id, attempt, now=self._clock()
            )
        if highest > attempt:
            raise StaleAttemptError(highest)

    async def _remember_attempt(self, request: WriteRequest) -> None:
        """Keep the attempt of a change that was refused, since the refusal rolled it back."""
        if request.run is None:
            return
        async with open_transaction(self._database, request.user_id) as session:
            await limit_lock_waits(session, self._max_wait_s)
            await self._advance(session, request)


def _answer_key(request: WriteRequest) -> AnswerKey | None:
    if request.idempotency_key is None:
        return None
    return AnswerKey(request.user_id, request.method, request.route, request.idempotency_key)


def _replay(request: WriteRequest, kept: KeptAnswer) -> Written:
    if kept.fingerprint != request.fingerprint:
        raise IdempotencyKeyReusedError(
            "This Idempotency-Key was used for a request with another path or body."
        )
    return Written(kept.status, kept.body, is_replay=True)


def _in_progress() -> IdempotencyInProgressError:
    return IdempotencyInProgressError("The first request with this Idempotency-Key is not done.")
