"""Handing out everything of a person: `{"tasks": [...], "lists": [...], "changes": [...]}`."""

import datetime as dt
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from tasks_service.domain.change import Actor, ChangeType
from tasks_service.storage.export_repository import ExportRepository
from tasks_service.storage.records import ChangeRecord, ListRecord, TaskRecord
from tasks_service.storage.task_repository import to_task
from tasks_service.storage.transaction import open_transaction
from todochat.contracts.tasks import Task
from todochat.database import Database
from todochat.http.concurrency_limit import ConcurrencyLimit

MAX_OPEN: Final = 2  # exports of one user in one process; each holds a page in memory
PAGE: Final = 100  # tasks of at most 60 KB each: notes of ten thousand characters


class ExportedTask(Task, kw_only=True, frozen=True):
    """A task, be it deleted or not."""

    deleted_at: Annotated[dt.datetime | None, Meta(description="null unless it is deleted.")]


class ExportedList(msgspec.Struct, kw_only=True, frozen=True):
    """A list, be it deleted or not."""

    id: str
    name: str
    is_default: bool
    created_at: dt.datetime
    updated_at: dt.datetime
    deleted_at: Annotated[dt.datetime | None, Meta(description="null unless it is deleted.")]


class ExportedChange(msgspec.Struct, kw_only=True, frozen=True):
    """What a change did: the fields that it changed, before and after."""

    type: ChangeType
    entity_id: str
    actor: Actor
    run_id: str | None
    before: Annotated[dict[str, Any] | None, Meta(description="null for something new.")]
    after: dict[str, Any]
    occurred_at: dt.datetime


class Export(msgspec.Struct, frozen=True):
    """Everything of a person, but for what expires by itself within days."""

    tasks: list[ExportedTask]
    lists: list[ExportedList]
    changes: Annotated[
        list[ExportedChange], Meta(description="Of the last 30 days, or as long as they are kept.")
    ]


class ExportService:
    """Reads a user's rows page by page, each in a transaction of its own.

    No transaction stays open while a slow reader takes its time. So the export isn't a snapshot of
    one moment; but lists come after tasks, and every task's list is among them.
    """

    def __init__(self, database: Database, *, page: int = PAGE) -> None:
        self._database = database
        self._page = page
        self._open = ConcurrencyLimit(MAX_OPEN, "exports")

    async def first_page(self, user_id: str) -> list[TaskRecord]:
        """Return the page that `stream` begins with; read before the status is sent.

        Raises:
            TooManyRequestsError: the user has `MAX_OPEN` exports in progress.
        """
        self._open.check(user_id)
        return await self._tasks(user_id, after=0)

    async def stream(
        self, user_id: str, first_page: list[TaskRecord]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the JSON document in pieces."""
        with self._open.hold(user_id):
            async for piece in self._document(user_id, first_page):
                yield piece

    async def _document(
        self, user_id: str, first_page: list[TaskRecord]
    ) -> AsyncGenerator[bytes, None]:
        yield b'{"tasks":['
        page, is_first = first_page, True
        while page:
            yield _joined([_exported_task(task) for task in page], is_first=is_first)
            page, is_first = await self._tasks(user_id, after=page[-1].number), False
        yield b'],"lists":['
        lists, is_first = await self._lists(user_id, after=""), True
        while lists:
            yield _joined([_exported_list(each) for each in lists], is_first=is_first)
            lists, is_first = await self._lists(user_id, after=lists[-1].id), False
        yield b'],"changes":['
        changes, is_first = await self._changes(user_id, after=0), True
        while changes:
            yield _joined([_exported_change(each) for each in changes], is_first=is_first)
            changes, is_first = await self._changes(user_id, after=changes[-1].id), False
        yield b"]}"

    async def _tasks(self, user_id: str, *, after: int) -> list[TaskRecord]:
        async with open_transaction(self._database, user_id) as session:
            return await ExportRepository(session, user_id).tasks(after=after, limit=self._page)

    async def _lists(self, user_id: str, *, after: str) -> list[ListRecord]:
        async with open_transaction(self._database, user_id) as session:
            return await ExportRepository(session, user_id).lists(after=after, limit=self._page)

    async def _changes(self, user_id: str, *, after: int) -> list[ChangeRecord]:
        async with open_transaction(self._database, user_id) as session:
            return await ExportRepository(session, user_id).changes(after=after, limit=self._page)


def _joined(items: Sequence[msgspec.Struct], *, is_first: bool) -> bytes:
    text = b",".join(msgspec.json.encode(item) for item in items)
    return text if is_first else b"," + text


def _exported_task(record: TaskRecord) -> ExportedTask:
    task = to_task(record)
    fields = {name: getattr(task, name) for name in Task.__struct_fields__}
    return ExportedTask(**fields, deleted_at=record.deleted_at)


def _exported_list(record: ListRecord) -> ExportedList:
    fields = {name: getattr(record, name) for name in ExportedList.__struct_fields__}
    return ExportedList(**fields)


def _exported_change(record: ChangeRecord) -> ExportedChange:
    fields = {name: getattr(record, name) for name in ExportedChange.__struct_fields__}
    return ExportedChange(**fields)
