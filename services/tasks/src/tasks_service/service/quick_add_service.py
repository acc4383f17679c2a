"""Adds a task from one line, with the phrases that the offline assistant understands, too."""

import asyncio
import datetime as dt
import zoneinfo
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from tasks_service.domain.due import check_timezone
from tasks_service.domain.task import TaskDraft
from tasks_service.domain.task_list import clean_list_name
from tasks_service.domain.text import match_key
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.task_changes import create_task
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import ListRepository
from tasks_service.storage.transaction import open_transaction
from todochat.clock import utc_now
from todochat.contracts.tasks import Due, Priority, Repeat, Task
from todochat.database import Database

if TYPE_CHECKING:
    from task_phrases.quick_add import QuickTask

READING_LIMIT_S: Final = 0.2  # CPU time; a line that takes longer is a title


class UnderstoodPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the line and its meaning."""

    kind: Annotated[
        str,
        Meta(description="due, repeat, priority, list, tag, duration, reminder or notes."),
    ]
    start: Annotated[int, Meta(description="Position in the text, in Unicode code points.")]
    end: int
    text: str


class UnderstoodTask(msgspec.Struct, frozen=True, kw_only=True):
    """The meaning of a line."""

    title: Annotated[str, Meta(description="What is left of the line.")]
    due: Due | None
    repeat: Repeat | None
    priority: Priority
    list_name: Annotated[
        str | None, Meta(description="The name of a list; null for the default list.")
    ] = msgspec.field(name="list")
    is_new_list: bool = msgspec.field(name="new_list")
    tags: list[str]
    notes: str
    duration_minutes: int | None
    reminders: Annotated[list[int], Meta(description="Minutes before the task is due.")]
    parts: Annotated[
        list[UnderstoodPart], Meta(description="In the order of the text, without overlaps.")
    ]


class QuickAdded(msgspec.Struct, frozen=True, kw_only=True):
    """A task that was created from a line."""

    task: Task
    understood: UnderstoodTask


class MinutesBefore(msgspec.Struct, frozen=True):
    """A reminder before the due time."""

    minutes_before: int | None
    at: dt.datetime | None = None


class QuickAddService:
    """Reads lines, and adds them as tasks."""

    def __init__(self, database: Database, writer: IdempotentWriter) -> None:
        self._database = database
        self._writer = writer

    async def read(self, user_id: str, text: str, *, timezone: str, locale: str) -> UnderstoodTask:
        """Return what a line means.

        Raises:
            InvalidInputError: there is no such time zone.
        """
        check_timezone(timezone, pointer="/timezone")
        async with open_transaction(self._database, user_id) as session:
            lists = ListRepository(session, user_id)
            names = [record.name for record in await lists.find_all(include_archived=True)]
        return await asyncio.to_thread(
            read_line, text, names, now=utc_now(), timezone=timezone, locale=locale
        )

    async def add_task(
        self, request: WriteRequest, text: str, *, timezone: str, locale: str
    ) -> Written:
        """Create a task, and its list if the line names one that the user doesn't have.

        Raises:
            InvalidInputError: there is no such time zone, or a value is too long.
            TooManyTasksError: the user has 10,000 open tasks.
            TooManyListsError: the user has 200 lists.
        """
        understood = await self.read(request.user_id, text, timezone=timezone, locale=locale)
        draft = TaskDraft.clean(
            title=understood.title,
            notes=understood.notes,
            priority=understood.priority,
            due=understood.due,
            tags=understood.tags,
            duration_minutes=understood.duration_minutes,
            repeat=understood.repeat,
            reminders=[MinutesBefore(minutes) for minutes in understood.reminders],
        )

        async def change(work: UserWork) -> QuickAdded:
            list_id = None
            if understood.list_name is not None:
                name = clean_list_name(understood.list_name)
                record = await work.lists.find_by_name(name) or await work.create_list(name)
                list_id = record.id
            task = await create_task(work, msgspec.structs.replace(draft, list_id=list_id))
            return QuickAdded(task=task, understood=understood)

        return await self._writer.write(request, HTTPStatus.CREATED, change)


def read_line(
    text: str, list_names: Sequence[str], *, now: dt.datetime, timezone: str, locale: str
) -> UnderstoodTask:
    """Return what a line means; one that takes too long to read is a title."""
    # dateparser takes 0.3 s and 20 MB, which a process without quick adds doesn't need.
    from task_phrases.calendar_dates import load_tables  # noqa: PLC0415
    from task_phrases.clock import Clock  # noqa: PLC0415
    from task_phrases.quick_add import QuickTask, read_quick_add  # noqa: PLC0415
    from task_phrases.time_limit import time_limit  # noqa: PLC0415

    zone = zoneinfo.ZoneInfo(timezone)
    load_tables()
    try:
        with time_limit(READING_LIMIT_S):
            task = read_quick_add(text, Clock(now.astimezone(zone), zone, locale), list_names)
    except TimeoutError:
        task = QuickTask(title=text.strip())
    known = {match_key(name) for name in list_names}
    return UnderstoodTask(
        title=task.title,
        due=_to_due(task, timezone),
        repeat=_to_repeat(task),
        priority=task.priority or "none",
        list_name=task.list_name,
        is_new_list=task.list_name is not None and match_key(task.list_name) not in known,
        tags=list(task.tags),
        notes=task.notes or "",
        duration_minutes=task.duration_minutes,
        reminders=list(task.reminders),
        parts=[
            UnderstoodPart(
                kind=part.kind, start=part.start, end=part.end, text=text[part.start : part.end]
            )
            for part in task.parts
        ],
    )


def _to_due(task: "QuickTask", timezone: str) -> Due | None:
    if task.due is None:
        return None
    if task.due.at is not None:
        return Due(at=task.due.at.astimezone(dt.UTC), timezone=timezone)
    return Due(date=task.due.day, timezone=timezone)


def _to_repeat(task: "QuickTask") -> Repeat | None:
    if task.repeat is None:
        return None
    return Repeat(
        rule=task.repeat.repeat.rule,
        base="completion" if task.repeat.from_completion else "due",
        until=task.repeat.until,
        count=task.repeat.count,
    )
