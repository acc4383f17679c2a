"""Writes each change once per idempotency key, and never for a stale attempt of a run.

Every change takes its locks in a fixed order (idempotency key, run, user), so that changes can't
deadlock. The response is encoded and stored before the commit, so a replay returns what was
committed.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.change import Actor
from tasks_service.domain.entity_tag import entity_tag
from tasks_service.domain.grouping import ChangeGroup
from tasks_service.errors import BusyError, StaleAttemptError
from tasks_service.metrics import CHANGES, REPLAYS
from tasks_service.service.precondition import Precondition, check_precondition
from tasks_service.service.user_work import UserWork
from tasks_service.storage.outbox_repository import OutboxWriter
from tasks_service.storage.response_repository import (
    AttemptRepository,
    ResponseKey,
    ResponseRepository,
    StoredResponse,
)
from tasks_service.storage.transaction import (
    limit_lock_waits,
    lock_timeout_as,
    open_transaction,
    plain_sql,
)
from todochat.clock import utc_now
from todochat.contracts.tasks import Task, TaskList
from todochat.database import Database
from todochat.database.sql_transaction import SqlTransaction
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
    """A run of the agent, and the attempt that makes a change."""

    run_id: str
    attempt: int


class WriteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The caller of a change, and what identifies a repeated request.

    Attributes:
        route: template of the route; with `user_id` and `method` the scope of the key.
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
    precondition: Precondition | None = None


class Written(msgspec.Struct, frozen=True):
    """The encoded response to a change, new or replayed.

    Attributes:
        change_request_id: names the changes, so that they can be undone; None if there are none.
        entity_tag: of a task or list in the body; None in a replay, which may be outdated.
    """

    status: int
    body: bytes
    is_replay: bool = False
    change_request_id: str | None = None
    entity_tag: str | None = None


class _RollBackError(Exception):
    """Ends the transaction of a preview."""


class IdempotentWriter:
    """Runs each change in one transaction.

    Args:
        on_changed: called with the user's ID after a commit; must not fail or wait.
        max_wait_s: limit of the wait for each lock.
    """

    def __init__(
        self,
        database: Database,
        on_changed: Callable[[str], None],
        *,
        max_wait_s: float = MAX_WAIT_S,
    ) -> None:
        self._database = database
        self._on_changed = on_changed
        self._max_wait_s = max_wait_s

    async def write(
        self, request: WriteRequest, status: HTTPStatus, change: ChangeFunction
    ) -> Written:
        """Make a change, or replay its stored response.

        Args:
            status: of the response to a new change.
            change: makes the change; its return value is the response's body.

        Raises:
            IdempotencyKeyReusedError: the key belongs to another request.
            IdempotencyInProgressError: the first request with this key is still in progress.
            StaleAttemptError: a later attempt of the run has made changes.
            BusyError: other changes of the user hold their lock for too long.
            VersionChangedError: see `check_precondition`.
        """
        try:
            async with open_transaction(self._database, request.user_id) as session:
                transaction = plain_sql(session)
                await limit_lock_waits(transaction, self._max_wait_s)
                written, has_changes = await self._write_or_replay(
                    session, transaction, request, status, change
                )
                fault_point("change.written")
            fault_point("change.committed")
        except ServiceError as error:
            if error.status < HTTPStatus.INTERNAL_SERVER_ERROR and request.run is not None:
                # The rejection rolled the attempt back, too; record it in its own transaction.
                async with open_transaction(self._database, request.user_id) as session:
                    transaction = plain_sql(session)
                    await limit_lock_waits(transaction, self._max_wait_s)
                    await self._advance_attempt(transaction, request.user_id, request.run)
            raise
        if written.is_replay:
            REPLAYS.inc()
        if has_changes:
            CHANGES.labels(request.actor).inc()
            self._on_changed(request.user_id)
        return written

    async def find_response(self, request: WriteRequest) -> Written | None:
        """Return the stored response to a request; for one that isn't a single transaction.

        Raises:
            IdempotencyKeyReusedError: the key belongs to another request.
            IdempotencyInProgressError: the transaction that stores the response is in progress.
        """
        async with open_transaction(self._database, request.user_id) as session:
            transaction = plain_sql(session)
            await limit_lock_waits(transaction, self._max_wait_s)
            written = await _claim(ResponseRepository(transaction), request)
        if written is not None:
            REPLAYS.inc()
        return written

    async def preview(
        self, request: WriteRequest, status: HTTPStatus, change: ChangeFunction
    ) -> Written:
        """Make a change without the agent's limit, and roll it back; return what it returned.

        Raises:
            BusyError: other changes of the user hold their lock for too long.
        """
        body = NO_BODY
        with suppress(_RollBackError):
            async with open_transaction(self._database, request.user_id) as session:
                transaction = plain_sql(session)
                await limit_lock_waits(transaction, self._max_wait_s)
                unlimited = msgspec.structs.replace(request, group=None)
                work = await self._begin(session, transaction, unlimited)
                result = await change(work)
                await work.flush()
                body = msgspec.json.encode(result)
                raise _RollBackError
        return Written(status, body)

    async def _begin(
        self, session: AsyncSession, transaction: SqlTransaction, request: WriteRequest
    ) -> UserWork:
        """Lock out the user's other changes."""
        with lock_timeout_as(BusyError):
            counters = await OutboxWriter(transaction, request.user_id).lock_counters()
        return UserWork(
            session,
            transaction,
            request.user_id,
            counters,
            actor=request.actor,
            run_id=request.run.run_id if request.run else None,
            group=request.group,
            now=utc_now(),
        )

    async def _write_or_replay(
        self,
        session: AsyncSession,
        transaction: SqlTransaction,
        request: WriteRequest,
        status: HTTPStatus,
        change: ChangeFunction,
    ) -> tuple[Written, bool]:
        responses = ResponseRepository(transaction)
        replay = await _claim(responses, request)
        if request.run is not None:
            await self._advance_attempt(transaction, request.user_id, request.run)
        if replay is not None:
            return replay, False

        work = await self._begin(session, transaction, request)
        if request.precondition is not None:
            await check_precondition(work, request.precondition)
        result = await change(work)
        await work.flush()
        body = NO_BODY if result is None else msgspec.json.encode(result)
        request_id = work.request_id if work.has_changes else None
        key = _response_key(request)
        if key is not None:
            response = StoredResponse(request.fingerprint, status, body, request_id)
            await responses.store(key, response, now=utc_now())
        tag = entity_tag(body) if isinstance(result, Task | TaskList) else None
        written = Written(status, body, change_request_id=request_id, entity_tag=tag)
        return written, work.has_changes

    async def _advance_attempt(
        self, transaction: SqlTransaction, user_id: str, run: RunAttempt
    ) -> None:
        with lock_timeout_as(BusyError):
            highest = await AttemptRepository(transaction, user_id).advance(
                run.run_id, run.attempt, now=utc_now()
            )
        if highest > run.attempt:
            raise StaleAttemptError(highest)


def _response_key(request: WriteRequest) -> ResponseKey | None:
    if request.idempotency_key is None:
        return None
    return ResponseKey(request.user_id, request.method, request.route, request.idempotency_key)


async def _claim(responses: ResponseRepository, request: WriteRequest) -> Written | None:
    """Lock the request's key, if it has one, and return the response stored under it.

    Raises:
        IdempotencyKeyReusedError: the key belongs to another request.
        IdempotencyInProgressError: another request holds the lock for too long.
    """
    key = _response_key(request)
    if key is None:
        return None
    with lock_timeout_as(
        lambda: IdempotencyInProgressError(
            "A request with this Idempotency-Key is still in progress."
        )
    ):
        stored = await responses.claim(key)
    if stored is None:
        return None
    if stored.fingerprint != request.fingerprint:
        raise IdempotencyKeyReusedError(
            "This Idempotency-Key was used for a request with another path or body."
        )
    return Written(
        stored.status, stored.body, is_replay=True, change_request_id=stored.change_request_id
    )
