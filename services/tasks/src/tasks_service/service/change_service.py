"""Use cases: undo, and changes that await a user's confirmation."""

import datetime as dt
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.grouping import ChangeTarget
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
from tasks_service.service.confirmation import apply_operations, describe_operation
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.undo import changed_task, undo
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
    """Undoes groups of changes, and holds changes until the user confirms or discards them."""

    def __init__(self, database: Database, writer: IdempotentWriter) -> None:
        self._database = database
        self._writer = writer

    async def undo(
        self,
        request: WriteRequest,
        target: ChangeTarget | None,
        *,
        scope_id: str | None = None,
        task_ids: Collection[str] | None = None,
    ) -> Written:
        """Undo changes; without a target, those of a scope's newest group.

        Raises:
            NothingToUndoError, UndoConflictError, TooManyTasksError, TooManyListsError,
            ConfirmationRequiredError: see `undo`.
        """

        async def change(work: UserWork) -> ChangeOutcome:
            wanted = target
            if wanted is None and scope_id is not None:
                # A turn undoes at most one turn, even if its agent asks repeatedly.
                if work.group is not None and await work.changes.has_undone(work.group.id):
                    raise NothingToUndoError
                group_id = await work.changes.find_newest_group(scope_id)
                wanted = None if group_id is None else ChangeTarget(group_id=group_id)
            if wanted is None:
                raise NothingToUndoError
            try:
                return await undo(work, wanted, task_ids)
            except ConfirmationRequiredError:
                raise ConfirmationRequiredError(group_id=wanted.group_id) from None

        return await self._writer.write(request, HTTPStatus.OK, change)

    async def hold(self, request: WriteRequest, operations: Sequence[Operation]) -> Written:
        """Hold operations for a confirmation, together with the group's earlier ones.

        Raises:
            BadRequestError: the request names no group.
            TaskNotFoundError, ListNotFoundError, NothingToUndoError: the target doesn't exist.
            TooManyOperationsError: the group would have more than 500 pending operations.
        """

        async def change(work: UserWork) -> PendingChange:
            if work.group is None:
                msg = "Pending changes require the header X-Change-Group."
                raise BadRequestError(msg)
            described = [await describe_operation(work, operation) for operation in operations]
            record = await work.pending.find_newest(work.group.id)
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
                if encoded["operation"] not in [held["operation"] for held in record.operations]
            ]
            if len(record.operations) + len(added) > MAX_OPERATIONS:
                raise TooManyOperationsError(MAX_OPERATIONS)
            if added:
                record.operations = [*record.operations, *added]
                record.revision += 1
            record.expires_at = work.now + dt.timedelta(hours=PENDING_HOURS)
            return await _to_pending_change(work.session, record, work.now)

        return await self._writer.write(request, HTTPStatus.CREATED, change)

    async def get_pending(self, user_id: str, pending_id: str) -> PendingChange:
        """Return a pending change.

        Raises:
            PendingNotFoundError: there is none.
        """
        async with open_transaction(self._database, user_id) as session:
            record = await _get_record(PendingRepository(session, user_id), pending_id)
            return await _to_pending_change(session, record, utc_now())

    async def find_newest_pending(self, user_id: str, group_id: str) -> PendingChange:
        """Return the newest pending change of a group.

        Raises:
            PendingNotFoundError: there is none.
        """
        async with open_transaction(self._database, user_id) as session:
            record = await PendingRepository(session, user_id).find_newest(group_id)
            if record is None:
                raise PendingNotFoundError
            return await _to_pending_change(session, record, utc_now())

    async def confirm(self, request: WriteRequest, pending_id: str, revision: int) -> Written:
        """Apply a pending change, once; skip tasks and lists changed since the user saw it.

        A repeated confirmation returns the outcome of the first one.

        Raises:
            PendingNotFoundError: there is none.
            PendingDecidedError: it was discarded or has expired.
            PendingChangedError: the user saw an older revision.
            UndoConflictError, TooManyTasksError, ListNotFoundError, ...: it can't be applied now;
                nothing was changed, and it stays open.
        """

        async def change(work: UserWork) -> PendingChange:
            record = await _get_open_record(work, pending_id, or_decided="confirmed")
            if record.decision is not None:
                return await _to_pending_change(work.session, record, work.now)
            if record.revision != revision:
                raise PendingChangedError(record.revision)
            operations = msgspec.convert(record.operations, list[PendingOperation])
            # An undo of the group covers these and its unconfirmed changes.
            work.join_group(record.group_id, record.scope_id)
            outcome = await apply_operations(work, record.group_id, operations)
            record.decision, record.decided_at = "confirmed", work.now
            record.result = msgspec.to_builtins(outcome)
            return await _to_pending_change(work.session, record, work.now)

        return await self._writer.write(request, HTTPStatus.OK, change)

    async def discard(self, request: WriteRequest, pending_id: str) -> Written:
        """Discard a pending change; a no-op if it is discarded.

        Raises:
            PendingNotFoundError: there is none.
            PendingDecidedError: it was confirmed or has expired.
        """

        async def change(work: UserWork) -> PendingChange:
            record = await _get_open_record(work, pending_id, or_decided="discarded")
            if record.decision is None:
                record.decision, record.decided_at = "discarded", work.now
            return await _to_pending_change(work.session, record, work.now)

        return await self._writer.write(request, HTTPStatus.OK, change)


async def _to_pending_change(
    session: AsyncSession, record: PendingRecord, now: dt.datetime
) -> PendingChange:
    changes = ChangeRepository(session, record.user_id)
    changed = await changes.unconfirmed_task_ids(record.group_id)
    changed -= await changes.created_task_ids(record.group_id)
    done = await TaskRepository(session, record.user_id).find_by_ids(changed)
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


async def _get_record(pending: PendingRepository, pending_id: str) -> PendingRecord:
    record = None if has_nul(pending_id) else await pending.find_by_id(pending_id)
    if record is None:
        raise PendingNotFoundError
    return record


async def _get_open_record(
    work: UserWork, pending_id: str, *, or_decided: Decision
) -> PendingRecord:
    record = await _get_record(work.pending, pending_id)
    status = _status(record, work.now)
    if status not in {"open", or_decided}:
        raise PendingDecidedError(status)
    return record
