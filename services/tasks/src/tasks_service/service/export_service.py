"""Exports a user's data: `{"preferences": {...}, "tasks": [...], "lists": [...], ...}`."""

import datetime as dt
from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from tasks_service.domain.change import Actor, RecordType
from tasks_service.domain.task_csv import CsvNames, csv_header, csv_task
from tasks_service.storage.export_repository import ExportRepository
from tasks_service.storage.list_repository import ListRepository
from tasks_service.storage.preferences_repository import PreferencesRepository
from tasks_service.storage.records import (
    ChangeRecord,
    FilterRecord,
    ListRecord,
    SectionRecord,
    TagRecord,
    TaskRecord,
)
from tasks_service.storage.task_repository import to_task
from tasks_service.storage.transaction import open_transaction
from todochat.contracts.task_views import SavedFilter
from todochat.contracts.tasks import Color, Icon, Preferences, Section, Task
from todochat.database import Database
from todochat.http.concurrency_limit import ConcurrencyLimit
from todochat.http.json_stream import iter_rows, join_chunks, stream_json_object

MAX_OPEN: Final = 2  # exports of one user in one process; each holds a page in memory
PAGE: Final = 100  # tasks of at most 60 KB each: notes of ten thousand characters


class ExportedTask(Task, kw_only=True, frozen=True):
    """A task; it may be deleted."""

    deleted_at: Annotated[dt.datetime | None, Meta(description="null unless deleted.")]


class ExportedList(msgspec.Struct, kw_only=True, frozen=True):
    """A list; it may be deleted."""

    id: str
    name: str
    is_default: bool
    color: Color | None
    icon: Icon | None
    position: str | None
    archived_at: dt.datetime | None
    created_at: dt.datetime
    updated_at: dt.datetime
    deleted_at: Annotated[dt.datetime | None, Meta(description="null unless deleted.")]


class ExportedFilter(SavedFilter, kw_only=True, frozen=True):
    """A saved filter; it may be deleted."""

    deleted_at: Annotated[dt.datetime | None, Meta(description="null unless deleted.")]


class ExportedSection(Section, kw_only=True, frozen=True):
    """A section of a list; it may be deleted."""

    deleted_at: Annotated[dt.datetime | None, Meta(description="null unless deleted.")]


class ExportedTag(msgspec.Struct, kw_only=True, frozen=True):
    """A stored tag; it may be deleted."""

    name: str
    color: Color | None
    created_at: dt.datetime
    updated_at: dt.datetime
    deleted_at: Annotated[dt.datetime | None, Meta(description="null unless deleted.")]


class ExportedChange(msgspec.Struct, kw_only=True, frozen=True):
    """A change, with the changed fields before and after it."""

    type: RecordType
    entity_id: str
    actor: Actor
    run_id: str | None
    request_id: str | None
    before: Annotated[dict[str, Any] | None, Meta(description="null for a new task or list.")]
    after: dict[str, Any]
    occurred_at: dt.datetime


class Export(msgspec.Struct, frozen=True):
    """All data of a user, except data that expires within days."""

    preferences: Preferences
    tasks: list[ExportedTask]
    lists: list[ExportedList]
    filters: list[ExportedFilter]
    sections: list[ExportedSection]
    tags: Annotated[list[ExportedTag], Meta(description="Those with a colour, or without tasks.")]
    changes: Annotated[
        list[ExportedChange],
        Meta(description="Changes within the retention period, 90 days by default."),
    ]


class ExportService:
    """Reads a user's rows page by page, each page in its own transaction.

    No transaction stays open while a slow client reads. So the export isn't a consistent snapshot;
    but lists are read after tasks, so it includes every task's list.
    """

    def __init__(self, database: Database, *, page: int = PAGE) -> None:
        self._database = database
        self._page = page
        self._open = ConcurrencyLimit(MAX_OPEN, "exports")

    async def first_page(self, user_id: str) -> list[TaskRecord]:
        """Return the first page for `stream`; read it before the status is sent.

        Raises:
            TooManyRequestsError: the user has `MAX_OPEN` exports in progress.
        """
        self._open.check(user_id)
        return await self._tasks(user_id, after=0)

    async def stream(
        self, user_id: str, first_page: list[TaskRecord]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the JSON document in chunks."""
        tasks = iter_rows(
            lambda last: self._tasks(user_id, after=last.number if last else 0),
            self._page,
            first_page,
        )
        lists = iter_rows(
            lambda last: self._lists(user_id, after=last.id if last else ""), self._page
        )
        filters = iter_rows(
            lambda last: self._filters(user_id, after=last.id if last else ""), self._page
        )
        sections = iter_rows(
            lambda last: self._sections(user_id, after=last.id if last else ""), self._page
        )
        tags = iter_rows(
            lambda last: self._tags(user_id, after=last.id if last else ""), self._page
        )
        changes = iter_rows(
            lambda last: self._changes(user_id, after=last.id if last else 0), self._page
        )
        arrays = {
            "tasks": (_encode_task(task) async for task in tasks),
            "lists": (_encode(task_list, ExportedList) async for task_list in lists),
            "filters": (_encode(saved, ExportedFilter) async for saved in filters),
            "sections": (_encode(section, ExportedSection) async for section in sections),
            "tags": (_encode(tag, ExportedTag) async for tag in tags),
            "changes": (_encode(change, ExportedChange) async for change in changes),
        }
        with self._open.hold(user_id):
            async with open_transaction(self._database, user_id) as session:
                preferences = await PreferencesRepository(session, user_id).get()
            members = {"preferences": preferences}
            async for chunk in join_chunks(stream_json_object(members, arrays)):
                yield chunk

    async def stream_csv(
        self, user_id: str, first_page: list[TaskRecord]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the tasks that aren't deleted as CSV, in chunks."""
        async with open_transaction(self._database, user_id) as session:
            lists = await ListRepository(session, user_id).find_all(include_archived=True)
        sections = iter_rows(
            lambda last: self._sections(user_id, after=last.id if last else ""), self._page
        )
        tags = iter_rows(
            lambda last: self._tags(user_id, after=last.id if last else ""), self._page
        )
        names = CsvNames(
            lists={record.id: record.name for record in lists},
            list_colors={record.id: record.color for record in lists},
            sections={section.id: section.name async for section in sections},
            tag_colors={tag.name_key: tag.color async for tag in tags if tag.color},
        )

        async def rows() -> AsyncGenerator[bytes, None]:
            yield csv_header()
            async for record in iter_rows(
                lambda last: self._tasks(user_id, after=last.number if last else 0),
                self._page,
                first_page,
            ):
                if record.deleted_at is None:
                    yield csv_task(to_task(record), names)

        with self._open.hold(user_id):
            async for chunk in join_chunks(rows()):
                yield chunk

    async def _tasks(self, user_id: str, *, after: int) -> list[TaskRecord]:
        async with open_transaction(self._database, user_id) as session:
            return await ExportRepository(session, user_id).find_tasks(
                after=after, limit=self._page
            )

    async def _lists(self, user_id: str, *, after: str) -> list[ListRecord]:
        async with open_transaction(self._database, user_id) as session:
            return await ExportRepository(session, user_id).find_lists(
                after=after, limit=self._page
            )

    async def _filters(self, user_id: str, *, after: str) -> list[FilterRecord]:
        async with open_transaction(self._database, user_id) as session:
            return await ExportRepository(session, user_id).find_filters(
                after=after, limit=self._page
            )

    async def _sections(self, user_id: str, *, after: str) -> list[SectionRecord]:
        async with open_transaction(self._database, user_id) as session:
            return await ExportRepository(session, user_id).find_sections(
                after=after, limit=self._page
            )

    async def _tags(self, user_id: str, *, after: str) -> list[TagRecord]:
        async with open_transaction(self._database, user_id) as session:
            return await ExportRepository(session, user_id).find_tags(after=after, limit=self._page)

    async def _changes(self, user_id: str, *, after: int) -> list[ChangeRecord]:
        async with open_transaction(self._database, user_id) as session:
            return await ExportRepository(session, user_id).find_changes(
                after=after, limit=self._page
            )


def _encode_task(record: TaskRecord) -> bytes:
    fields = msgspec.structs.asdict(to_task(record))
    return msgspec.json.encode(ExportedTask(**fields, deleted_at=record.deleted_at))


def _encode(
    record: ListRecord | SectionRecord | FilterRecord | TagRecord | ChangeRecord,
    exported: type[msgspec.Struct],
) -> bytes:
    return msgspec.json.encode(msgspec.convert(record, exported, from_attributes=True))
