"""The use cases of undoing, and of changes that wait for a person's confirmation."""

import datetime as dt
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.limits import MAX_OPERATIONS, PENDING_HOURS
from tasks_service.domain.text import has_nul
from tasks_service.errors import (
    ConfirmationRequiredError,
    NothingToUndoError,
    PendingChangedError,
    PendingDecidedError,
    PendingNotFoundError,
    TooManyOperationsError,
)
from tasks_service.service.confirmation import carry_out, describe
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.undo import changed_task, undo_group
from tasks_service.service.user_work import UserWork
from tasks_service.storage.change_repository import ChangeRepository, PendingRepository
from tasks_service.storage.records import PendingRecord
from tasks_service.storage.task_repository import TaskRepository
from tasks_service.storage.transaction import open_transaction
from todochat.clock import utc_now
from todochat.contracts.task_changes import (
    ChangeOutcome,
    Operation,
    PendingChange,
    PendingOperation,
    PendingStatus,
)
from todochat.database import Database
from todochat.errors import BadRequestError
from todochat.ids import new_id

Decision = Literal["confirmed", "discarded"]


class ChangeService:
    """Undoes groups of changes, and keeps changes until their person has decided."""

    def __init__(self, database: Database, gate: IdempotentWriter) -> None:
        self._database = database
        self._gate = gate

    async def undo(
        self,
        request: WriteRequest,
        *,
        group_id: str | None,
        scope_id: str | None,
        task_ids: Collection[str] | None,
    ) -> Written:
        """Undo a group of changes, or else the newest group of a scope.

        Raises:
            NothingToUndoError, UndoConflictError, TooManyTasksError, ConfirmationRequiredError:
                see `undo_group`.
        """

        async def change(work: UserWork) -> ChangeOutcome:
            wanted = group_id
            if wanted is None and scope_id is not None:
                # One turn takes one turn back, however often its agent asks.
                if work.group is not None and await work.changes.has_undone(work.group.id):
                    raise NothingToUndoError
                wanted = await work.changes.last_group(scope_id)
            if wanted is None:
                raise NothingToUndoError
            try:
                return await undo_group(work, wanted, task_ids)
            except ConfirmationRequiredError:
                raise ConfirmationRequiredError(group_id=wanted) from None

        return await self._gate.run(request, HTTPStatus.OK, change)

    async def hold(self, request: WriteRequest, operations: Sequence[Operation]) -> Written:
        """Keep operations for the person to decide on, together with the group's earlier ones.

        Raises:
            BadRequestError: the request names no group.
            TaskNotFoundError, ListNotFoundError, NothingToUndoError: there is no such thing.
            TooManyOperationsError: more would wait than may.
        """

        async def change(work: UserWork) -> PendingChange:
            if work.group is None:
                msg = "Only a change of a group can wait for a confirmation."
                raise BadRequestError(msg)
            described = [await describe(work, operation) for operation in operations]
            record = await work.pending.newest_of(work.group.id)
            if record is None or _status(record, work.now) != "open":
                record = PendingRecord(
                    user_id=work.user_id,
                    id=new_id("pch"),
                    scope_id=work.group.scope_id,
                    group_id=work.group.id,
                    revision=0,
                    operations=[],
                    created_at=work.now,
                )
                work.pending.add(record)
            added = [
                encoded
                for encoded in map(msgspec.to_builtins, described)
                if encoded["operation"] not in [each["operation"] for each in record.operations]
            ]
            if len(record.operations) + len(added) > MAX_OPERATIONS:
                raise TooManyOperationsError(MAX_OPERATIONS)
            if added:
                record.operations = [*record.operations, *added]
                record.revision += 1
            record.expires_at = work.now + dt.timedelta(hours=PENDING_HOURS)
            return await _to_pending(work.session, record, work.now)

        return await self._gate.run(request, HTTPStatus.CREATED, change)

    async def pending(self, user_id: str, pending_id: str) -> PendingChange:
        """Return a pending change.

        Raises:
            PendingNotFoundError: there is none.
        """
        async with open_transaction(self._database, user_id) as session:
            record = await _find(PendingRepository(session, user_id), pending_id)
            return await _to_pending(session, record, utc_now())

    async def pending_of(self, user_id: str, group_id: str) -> PendingChange:
        """Return the newest pending change of a group.

        Raises:
            PendingNotFoundError: there is none.
        """
        async with open_transaction(self._database, user_id) as session:
            record = await PendingRepository(session, user_id).newest_of(group_id)
            if record is None:
                raise PendingNotFoundError
            return await _to_pending(session, record, utc_now())

    async def confirm(self, request: WriteRequest, pending_id: str, revision: int) -> Written:
        """Carry a pending change out, once; what is not as the person saw it is left as it is.

        Confirmed again, it answers with what the first confirmation did.

        Raises:
            PendingNotFoundError: there is none.
            PendingDecidedError: it was discarded, or has expired.
            PendingChangedError: the person has seen another revision of it.
            UndoConflictError, TooManyTasksError, ListNotFoundError, ...: it can't be done now;
                nothing was changed, and it stays open.
        """

        async def change(work: UserWork) -> PendingChange:
            record = await _open_record(work, pending_id, but_for="confirmed")
            if record.decision is not None:
                return await _to_pending(work.session, record, work.now)
            if record.revision != revision:
                raise PendingChangedError(record.revision)
            waiting = msgspec.convert(record.operations, list[PendingOperation])
            # Undone together with what the group did without being asked.
            work.join(record.group_id, record.scope_id)
            outcome = await carry_out(work, record.group_id, waiting)
            record.decision, record.decided_at = "confirmed", work.now
            record.result = msgspec.to_builtins(outcome)
            return await _to_pending(work.session, record, work.now)

        return await self._gate.run(request, HTTPStatus.OK, change)

    async def discard(self, request: WriteRequest, pending_id: str) -> Written:
        """Decide that a pending change is not to happen; discarded again, it stays so.

        Raises:
            PendingNotFoundError: there is none.
            PendingDecidedError: it was confirmed, or has expired.
        """

        async def change(work: UserWork) -> PendingChange:
            record = await _open_record(work, pending_id, but_for="discarded")
            if record.decision is None:
                record.decision, record.decided_at = "discarded", work.now
            return await _to_pending(work.session, record, work.now)

        return await self._gate.run(request, HTTPStatus.OK, change)


async def _to_pending(
    session: AsyncSession, record: PendingRecord, now: dt.datetime
) -> PendingChange:
    changes = ChangeRepository(session, record.user_id)
    changed = await changes.touched_by(record.group_id) - await changes.made_by(record.group_id)
    done = await TaskRepository(session, record.user_id).with_ids(changed)
    return PendingChange(
        id=record.id,
        group_id=record.group_id,
        revision=record.revision,
        status=_status(record, now),
        operations=msgspec.convert(record.operations, list[PendingOperation]),
        expires_at=record.expires_at,
        done=[changed_task(task) for task in sorted(done.values(), key=lambda task: task.number)],
        outcome=msgspec.convert(record.result, ChangeOutcome | None),
    )


def _status(record: PendingRecord, now: dt.datetime) -> PendingStatus:
    if record.decision is not None:
        decision: Decision = msgspec.convert(record.decision, Decision)
        return decision
    return "open" if record.expires_at > now else "expired"


async def _find(pending: PendingRepository, pending_id: str) -> PendingRecord:
    record = None if has_nul(pending_id) else await pending.find(pending_id)
    if record is None:
        raise PendingNotFoundError
    return record


async def _open_record(work: UserWork, pending_id: str, *, but_for: Decision) -> PendingRecord:
    record = await _find(work.pending, pending_id)
    status = _status(record, work.now)
    if status not in {"open", but_for}:
        raise PendingDecidedError(status)
    return record
