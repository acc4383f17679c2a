"""Queries on tasks; each filters by user, which row-level security enforces as well."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    any_,
    cast,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.cursor import Position
from tasks_service.domain.due import deadline, local_date, starting_instant
from tasks_service.domain.limits import MAX_TASK_NUMBER
from tasks_service.domain.position import default_position
from tasks_service.domain.query import DueBound, SortKey, TaskFilter, TaskOrder
from tasks_service.domain.task import PRIORITIES
from tasks_service.domain.text import has_nul, match_key
from tasks_service.domain.trash import PURGED_AT
from tasks_service.storage.order_repository import POSITION
from tasks_service.storage.records import (
    SUBTASK_COUNTS,
    TITLE_START_SQL,
    SearchRecord,
    TaskRecord,
)
from tasks_service.storage.search_repository import matches_signs, ranked_matches
from tasks_service.storage.transaction import plain_sql
from todochat.contracts.tasks import Due, Reminder, Repeat, RepeatFrom, SubtaskCounts, Task
from todochat.database.sql_transaction import SqlTransaction

_SORT_COLUMNS: Final[dict[SortKey, Any]] = {
    "due": TaskRecord.due_deadline,
    "start": TaskRecord.start_moment,
    "priority": TaskRecord.priority,
    "title": TaskRecord.title_key,
    "position": POSITION,
}
_NULLABLE: Final[frozenset[SortKey]] = frozenset({"due", "start"})
_TITLE_START: Final = literal_column(TITLE_START_SQL, Text(collation="C"))
_COLUMNS: Final = tuple(TaskRecord.__table__.c.keys())
# Not those that only conditions and changes need, which repeat the texts.
_PAGE_COLUMNS: Final = (
    column
    for name, column in TaskRecord.__table__.c.items()
    if name not in {"search_key", "tag_keys", "series_values"}
)
_ROWS: Final[Select[Any]] = select(*_PAGE_COLUMNS, SUBTASK_COUNTS.label("subtask_counts"))
_INSERT_TASKS: Final = text(f"""
    INSERT INTO tasks ({", ".join(_COLUMNS)})
    SELECT {", ".join(_COLUMNS)}
      FROM jsonb_populate_recordset(NULL::tasks, CAST(:rows AS jsonb))
""")  # noqa: S608 - constants
_SET_NEXT_IDS: Final = text("""
    UPDATE tasks SET next_id = new.next_id
      FROM unnest(CAST(:ids AS text[]), CAST(:next_ids AS text[])) AS new (id, next_id)
     WHERE tasks.user_id = :user_id AND tasks.id = new.id
""")

_REMINDERS: Final = msgspec.json.Decoder(list[Reminder])

PageRow: TypeAlias = Any  # a named tuple


class TaskPlace(msgspec.Struct, frozen=True):
    """The place of a task, in its list and in its series."""

    id: str
    list_id: str
    section_id: str | None
    parent_id: str | None
    series_id: str | None
    next_id: str | None
    deleted_at: dt.datetime | None


class TaskRepository:
    """The tasks of one user, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id
        self._mine = TaskRecord.user_id == user_id

    async def find_by_ref(self, ref: str, *, include_deleted: bool = False) -> TaskRecord | None:
        """Return the task with this ID or number."""
        if has_nul(ref):
            return None
        state = _not_purged() if include_deleted else _live()
        return await self._session.scalar(select(TaskRecord).where(self._mine, _is_ref(ref), state))

    async def find_row(self, ref: str) -> PageRow | None:
        """Return the task with this ID or number as a row of a page."""
        if has_nul(ref):
            return None
        query = _ROWS.where(self._mine, _is_ref(ref), _live())
        return (await plain_sql(self._session).select(query)).one_or_none()

    async def add(self, record: TaskRecord) -> None:
        """Insert a task."""
        self._session.add(record)
        await self._session.flush()

    async def add_all(self, transaction: SqlTransaction, records: Sequence[TaskRecord]) -> None:
        """Insert tasks in one statement; the session doesn't track these records.

        Args:
            transaction: the session's, which must have no unflushed rows that the tasks refer to.
        """
        rows = [{name: getattr(record, name) for name in _COLUMNS} for record in records]
        await transaction.execute(_INSERT_TASKS, {"rows": msgspec.json.encode(rows).decode()})

    async def count_subtasks(self, parent_ids: Collection[str]) -> dict[str, int]:
        """Count the subtasks of several tasks; those without any are missing."""
        wanted = any_(cast(list(parent_ids), ARRAY(Text)))
        statement = (
            select(TaskRecord.parent_id, func.count())
            .where(self._mine, _live(), TaskRecord.parent_id == wanted)
            .group_by(TaskRecord.parent_id)
        )
        rows = await self._session.execute(statement)
        return {parent_id: count for parent_id, count in rows if parent_id is not None}

    async def find_parent_ids(self, parent_ids: Collection[str]) -> list[tuple[str, str]]:
        """Return the IDs of the subtasks of several tasks, each with its parent's."""
        wanted = any_(cast(list(parent_ids), ARRAY(Text)))
        statement = select(TaskRecord.id, TaskRecord.parent_id).where(
            self._mine, _live(), TaskRecord.parent_id == wanted
        )
        rows = await self._session.execute(statement)
        return [(task_id, parent_id) for task_id, parent_id in rows if parent_id is not None]

    async def find_page(
        self,
        filters: TaskFilter,
        order: TaskOrder,
        *,
        after: Position | None,
        limit: int,
        now: dt.datetime,
        matching: ColumnElement[bool] | None = None,
        search_query: str | None = None,
    ) -> list[PageRow]:
        """Return at most `limit` tasks after the position `after`.

        The rows have the columns that a task's representation needs, `subtask_counts`, and `rank` in
        a search. They aren't records, since those take longer to make than PostgreSQL needs for the
        query. Unflushed changes of records aren't visible.

        Args:
            matching: the compiled expression of the filters.
            search_query: from `SearchRepository.bind`, which restricts the rows of `task_search`.
        """
        column: Any = _SORT_COLUMNS.get(order.sort)
        rank: ColumnElement[Any] = literal(None)
        matches: FromClause | None = None if search_query is None else SearchRecord.__table__
        if order.sort == "relevance" and search_query is not None:
            matches = ranked_matches(search_query, self._user_id, order.order)
            column = rank = matches.c.rank
        statement = _ROWS.add_columns(rank.label("rank"))
        statement = statement.where(self._mine, _live(), *_conditions(filters, now))
        if matches is not None:
            is_match = and_(
                matches.c.user_id == TaskRecord.user_id, matches.c.task_id == TaskRecord.id
            )
            statement = statement.join(matches, is_match)
        if matching is not None:
            statement = statement.where(matching)
        statement = statement.order_by(*_ordering(order, column)).limit(limit)
        parts = [statement.where(*part) for part in _parts(order, column, after)]
        # PostgreSQL reads a part only if those before it don't fill the page: it appends them in
        # their order, since `create_engine` leaves it no parallel workers.
        page = parts[0] if len(parts) == 1 else union_all(*parts).limit(limit)
        return (await plain_sql(self._session).select(page)).all()

    async def count_open(self, *, at_most: int) -> int:
        """Count the open tasks, up to `at_most`."""
        some = select(TaskRecord.id).where(self._mine, _open()).limit(at_most).subquery()
        count = await self._session.scalar(select(func.count()).select_from(some))
        return count or 0

    async def count_matching(
        self, conditions: Mapping[str, ColumnElement[bool]], *, only_open: bool
    ) -> dict[str, int]:
        """Count the tasks that match each condition, reading the tasks once."""
        if not conditions:
            return {}
        counts = [func.count().filter(condition) for condition in conditions.values()]
        scope = _open() if only_open else _live()
        statement = select(*counts).select_from(TaskRecord).where(self._mine, scope)
        row = (await self._session.execute(statement)).one()
        return dict(zip(conditions, row, strict=True))

    async def count_open_by_list(self) -> dict[str, int]:
        """Count the open tasks by list; lists without open tasks are missing."""
        statement = (
            select(TaskRecord.list_id, func.count())
            .where(self._mine, _open())
            .group_by(TaskRecord.list_id)
        )
        rows = await self._session.execute(statement)
        return {row[0]: row[1] for row in rows}

    async def has_open_instance(self, series_id: str | None) -> bool:
        """Return whether a series has an open instance; None isn't a series."""
        found = select(TaskRecord.id).where(self._mine, TaskRecord.series_id == series_id, _open())
        return series_id is not None and await self._session.scalar(found.limit(1)) is not None

    async def list_has_tasks(self, list_id: str) -> bool:
        """Return whether a list has any task."""
        found = select(TaskRecord.id).where(self._mine, _live(), TaskRecord.list_id == list_id)
        return await self._session.scalar(found.limit(1)) is not None

    async def ids_in_section(self, section_id: str) -> list[str]:
        """Return the IDs of a section's tasks."""
        found = select(TaskRecord.id).where(
            self._mine, _live(), TaskRecord.section_id == section_id
        )
        return list(await self._session.scalars(found))

    async def count_open_in_list(self, list_id: str) -> int:
        """Count the open tasks of one list."""
        statement = select(func.count()).where(self._mine, _open(), TaskRecord.list_id == list_id)
        return await self._session.scalar(statement) or 0

    async def find_by_ids(self, ids: Collection[str]) -> dict[str, TaskRecord]:
        """Return the tasks with these IDs, including deleted ones."""
        wanted = any_(cast(list(ids), ARRAY(Text)))  # one parameter for any number of IDs
        statement = select(TaskRecord).where(self._mine, _not_purged(), TaskRecord.id == wanted)
        statement = statement.execution_options(populate_existing=True)  # see `_update_all`
        return {record.id: record for record in await self._session.scalars(statement)}

    async def find_places(self, ids: Collection[str]) -> dict[str, TaskPlace]:
        """Return the places of the tasks with these IDs, including deleted ones."""
        wanted = any_(cast(list(ids), ARRAY(Text)))
        columns = (getattr(TaskRecord, name) for name in TaskPlace.__struct_fields__)
        statement = select(*columns).where(self._mine, _not_purged(), TaskRecord.id == wanted)
        return {row[0]: TaskPlace(*row) for row in await self._session.execute(statement)}

    async def set_next_ids(self, next_ids: Mapping[str, str]) -> None:
        """Set which instance follows each of these tasks."""
        values = {"ids": list(next_ids), "next_ids": list(next_ids.values())}
        await self._session.execute(_SET_NEXT_IDS, {"user_id": self._user_id, **values})

    async def find_subtasks(
        self, parent_id: str, *, deleted_at: dt.datetime | None = None
    ) -> list[TaskRecord]:
        """Return the subtasks of a task, or those that were deleted at a time, in their order."""
        is_wanted = _live() if deleted_at is None else TaskRecord.deleted_at == deleted_at
        statement = (
            select(TaskRecord)
            .where(self._mine, TaskRecord.parent_id == parent_id, is_wanted)
            .order_by(POSITION, TaskRecord.number)
        )
        return list((await self._session.scalars(statement)).all())

    async def find_all_subtasks(self, parent_ids: Collection[str]) -> list[TaskRecord]:
        """Return the subtasks of several tasks."""
        wanted = any_(cast(list(parent_ids), ARRAY(Text)))
        statement = select(TaskRecord).where(self._mine, _live(), TaskRecord.parent_id == wanted)
        return list((await self._session.scalars(statement)).all())

    async def find_subtask_ids(self, parent_ids: Collection[str]) -> list[str]:
        """Return the IDs of the subtasks of several tasks, including deleted ones."""
        wanted = any_(cast(list(parent_ids), ARRAY(Text)))
        found = select(TaskRecord.id).where(self._mine, TaskRecord.parent_id == wanted)
        return list(await self._session.scalars(found))

    async def find_list_order(self, list_id: str) -> list[tuple[str, str | None, str]]:
        """Return ID, section and position of a list's tasks, in their order."""
        statement = (
            select(TaskRecord.id, TaskRecord.section_id, POSITION)
            .where(self._mine, _live(), TaskRecord.list_id == list_id)
            .order_by(POSITION, TaskRecord.number)
        )
        rows = await self._session.execute(statement)
        return [(row[0], row[1], row[2]) for row in rows]

    async def leave_section(self, section_id: str, *, now: dt.datetime) -> None:
        """Take all tasks out of a section; they stay in its list."""
        await self._update_all(TaskRecord.section_id == section_id, section_id=None, updated_at=now)

    async def delete_section_tasks(self, section_id: str, *, now: dt.datetime) -> None:
        """Mark all tasks of a section as deleted; they can be restored."""
        await self._update_all(TaskRecord.section_id == section_id, deleted_at=now, updated_at=now)

    async def move_list_tasks(self, list_id: str, *, to: str, now: dt.datetime) -> None:
        """Move all tasks of a list to another list."""
        await self._update_all(
            TaskRecord.list_id == list_id, list_id=to, section_id=None, updated_at=now
        )

    async def delete_list_tasks(self, list_id: str, *, now: dt.datetime) -> None:
        """Mark all tasks of a list as deleted; they can be restored."""
        await self._update_all(TaskRecord.list_id == list_id, deleted_at=now, updated_at=now)

    async def list_digest(self, list_id: str) -> str:
        """Return a string that changes whenever a task of a list changes."""
        statement = select(func.count(), func.max(TaskRecord.updated_at))
        found = await self._session.execute(
            statement.where(self._mine, _live(), TaskRecord.list_id == list_id)
        )
        count, latest = found.one()
        return f"{count}:{latest.isoformat() if count else ''}"

    async def _update_all(self, condition: ColumnElement[bool], **values: Any) -> None:
        await self._session.execute(
            update(TaskRecord)
            .where(self._mine, _live(), condition)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def to_task(record: TaskRecord | PageRow) -> Task:
    """Convert a row."""
    return Task(
        id=record.id,
        number=record.number,
        title=record.title,
        notes=record.notes,
        list_id=record.list_id,
        priority=PRIORITIES[record.priority],
        due=to_due(record),
        tags=list(record.tags),
        completed_at=record.completed_at,
        created_at=record.created_at,
        updated_at=record.updated_at,
        start=to_start(record),
        duration_minutes=record.duration_minutes,
        pinned=record.is_pinned,
        repeat=to_repeat(record),
        series_id=record.series_id,
        reminders=to_reminders(record),
        next_id=record.next_id,
        parent_id=record.parent_id,
        section_id=record.section_id,
        subtasks=SubtaskCounts(*(record.subtask_counts or ())),
        position=task_position(record),
    )


def task_position(record: TaskRecord | PageRow) -> str:
    """Return a task's place in the manual order of its list."""
    position: str = record.manual_position or default_position(record.number)
    return position


def task_state(record: TaskRecord) -> dict[str, Any]:
    """Return the mutable fields of a task as JSON, as `task_changes` stores them."""
    return {
        "title": record.title,
        "notes": record.notes,
        "list_id": record.list_id,
        "section_id": record.section_id,
        "parent_id": record.parent_id,
        "position": task_position(record),
        "priority": PRIORITIES[record.priority],
        "due": msgspec.to_builtins(to_due(record)),
        "tags": list(record.tags),
        "start": msgspec.to_builtins(to_start(record)),
        "duration_minutes": record.duration_minutes,
        "pinned": record.is_pinned,
        "repeat": msgspec.to_builtins(to_repeat(record)),
        "series_id": record.series_id,
        "reminders": record.reminders or [],
        "series_values": record.series_values,
        "next_id": record.next_id,
        "completed_at": msgspec.to_builtins(record.completed_at),
        "deleted_at": msgspec.to_builtins(record.deleted_at),
    }


def set_task_state(record: TaskRecord, state: Mapping[str, Any]) -> None:
    """Set fields from a `task_state`; missing fields stay unchanged."""
    set_text(
        record,
        title=state.get("title", record.title),
        notes=state.get("notes", record.notes),
        tags=state.get("tags", record.tags),
    )
    record.list_id = state.get("list_id", record.list_id)
    record.section_id = state.get("section_id", record.section_id)
    record.parent_id = state.get("parent_id", record.parent_id)
    record.manual_position = state.get("position", record.manual_position)
    if "priority" in state:
        record.priority = PRIORITIES.index(state["priority"])
    if "due" in state:
        set_due(record, msgspec.convert(state["due"], Due | None))
    if "start" in state:
        set_start(record, msgspec.convert(state["start"], Due | None))
    if "repeat" in state:
        set_repeat(record, msgspec.convert(state["repeat"], Repeat | None))
    record.duration_minutes = state.get("duration_minutes", record.duration_minutes)
    record.is_pinned = state.get("pinned", record.is_pinned)
    record.series_id = state.get("series_id", record.series_id)
    if "reminders" in state:
        record.reminders = state["reminders"] or None
    record.series_values = state.get("series_values", record.series_values)
    record.next_id = state.get("next_id", record.next_id)
    if "completed_at" in state:
        record.completed_at = msgspec.convert(state["completed_at"], dt.datetime | None)
    if "deleted_at" in state:
        record.deleted_at = msgspec.convert(state["deleted_at"], dt.datetime | None)


def set_text(record: TaskRecord, *, title: str, notes: str, tags: list[str]) -> None:
    """Set title, notes and tags, and the columns derived from them."""
    record.title = title
    record.title_key = match_key(title)
    record.notes = notes
    record.tags = tags
    record.tag_keys = [match_key(tag) for tag in tags]
    record.search_key = match_key("\n".join([title, notes, *tags]))


def set_due(record: TaskRecord, due: Due | None) -> None:
    """Set the due date, and the columns derived from it."""
    record.due_on = local_date(due) if due else None
    record.due_at = due.at if due else None
    record.due_timezone = due.timezone if due else None
    record.due_deadline = deadline(due) if due else None


def set_start(record: TaskRecord, start: Due | None) -> None:
    """Set the start, and the columns derived from it."""
    record.start_on = local_date(start) if start else None
    record.start_at = start.at if start else None
    record.start_timezone = start.timezone if start else None
    record.start_moment = starting_instant(start) if start else None


def set_repeat(record: TaskRecord, repeat: Repeat | None) -> None:
    """Set the rule, and where the series ends."""
    record.repeat_rule = repeat.rule if repeat else None
    record.repeat_from = repeat.base if repeat else None
    record.repeat_until = repeat.until if repeat else None
    record.repeat_count = repeat.count if repeat else None


def to_repeat(record: TaskRecord | PageRow) -> Repeat | None:
    """Return how the task repeats."""
    if record.repeat_rule is None:
        return None
    return Repeat(
        rule=record.repeat_rule,
        base=msgspec.convert(record.repeat_from, RepeatFrom),
        until=record.repeat_until,
        count=record.repeat_count,
    )


def set_reminders(record: TaskRecord, reminders: list[Reminder]) -> None:
    """Set the reminders; `ReminderRepository.schedule` plans them when the change is written."""
    record.reminders = msgspec.to_builtins(reminders) or None


def to_reminders(record: TaskRecord | PageRow) -> list[Reminder]:
    """Return the reminders."""
    if not record.reminders:
        return []
    if isinstance(record.reminders, str):  # JSON in a row of a page
        return _REMINDERS.decode(record.reminders)
    return msgspec.convert(record.reminders, list[Reminder])


def to_due(record: TaskRecord | PageRow) -> Due | None:
    """Return the due date."""
    return _to_moment(record.due_on, record.due_at, record.due_timezone)


def to_start(record: TaskRecord | PageRow) -> Due | None:
    """Return the start."""
    return _to_moment(record.start_on, record.start_at, record.start_timezone)


def _to_moment(day: dt.date | None, at: dt.datetime | None, timezone: str | None) -> Due | None:
    if day is None:
        return None
    return Due(date=day, timezone=timezone) if at is None else Due(at=at, timezone=timezone)


def _is_ref(ref: str) -> ColumnElement[bool]:
    if not (ref.isascii() and ref.isdigit()):
        return TaskRecord.id == ref
    # No task has a number out of range, and PostgreSQL would reject it; 0 matches none.
    is_valid = len(ref) <= len(str(MAX_TASK_NUMBER)) and int(ref) <= MAX_TASK_NUMBER
    return TaskRecord.number == (int(ref) if is_valid else 0)


def _live() -> ColumnElement[bool]:
    return TaskRecord.deleted_at.is_(None)


def _not_purged() -> ColumnElement[bool]:
    return or_(_live(), TaskRecord.deleted_at > PURGED_AT)


def _open() -> ColumnElement[bool]:
    return and_(_live(), TaskRecord.completed_at.is_(None))


def _pinned(is_pinned: bool) -> ColumnElement[bool]:
    column: ColumnElement[bool] = TaskRecord.__table__.c.is_pinned
    return column if is_pinned else ~column


def _ordering(order: TaskOrder, column: Any) -> list[Any]:
    """Return the expressions that a listing is sorted by; `column` is None in the order of numbers."""
    keys: list[Any] = [TaskRecord.number] if column is None else [column, TaskRecord.number]
    if order.sort == "title":
        keys.insert(0, _TITLE_START)
    elif order.sort == "relevance":
        keys = [column, column.table.c.task_id]
    return [key.asc() if order.order == "asc" else key.desc() for key in keys]


def _parts(
    order: TaskOrder, column: Any, after: Position | None
) -> list[list[ColumnElement[bool]]]:
    """Return the conditions of each part of a listing, from the position `after` on.

    A single query for pinned tasks and the others, or for the latest dates and then missing ones,
    would have the order of no index.
    """
    splits: list[list[tuple[ColumnElement[bool], bool]]] = []
    if order.is_pinned_first:
        is_pinned = after is not None and after.is_pinned
        splits.append([(_pinned(True), is_pinned), (_pinned(False), not is_pinned)])
    value = None if after is None else _sort_value(after, order)
    if order.sort in _NULLABLE and order.order == "desc":
        splits.append([(column.is_not(None), value is not None), (column.is_(None), value is None)])
    parts = list(product(*splits))
    conditions = [[condition for condition, _ in part] for part in parts]
    if after is None:
        return conditions
    current = next(i for i, part in enumerate(parts) if all(has_after for _, has_after in part))
    conditions[current].append(_follows(after, order, column, value))
    return conditions[current:]


def _conditions(filters: TaskFilter, now: dt.datetime) -> list[ColumnElement[bool]]:
    conditions = [*matches_signs(filters.search), *plan_conditions(filters, now)]
    if filters.status != "all":
        is_open = TaskRecord.completed_at.is_(None)
        conditions.append(is_open if filters.status == "open" else not_(is_open))
    if filters.list_id is not None:
        conditions.append(TaskRecord.list_id == filters.list_id)
    if filters.section_id is not None:
        conditions.append(TaskRecord.section_id == filters.section_id)
    if filters.parent_id is not None:
        conditions.append(TaskRecord.parent_id == filters.parent_id)
    if filters.priority is not None:
        conditions.append(TaskRecord.priority == PRIORITIES.index(filters.priority))
    if filters.tag_key is not None:
        conditions.append(TaskRecord.tag_keys.contains([filters.tag_key]))
    if filters.is_overdue is not None:
        is_past = and_(TaskRecord.completed_at.is_(None), TaskRecord.due_deadline <= now)
        is_overdue = func.coalesce(is_past, False)
        conditions.append(is_overdue if filters.is_overdue else not_(is_overdue))
    if filters.due_from is not None:
        column, bound = _compared_due(filters.due_from)
        conditions.append(column >= bound)
    if filters.due_to is not None:
        column, bound = _compared_due(filters.due_to)
        conditions.append(column <= bound)
    return conditions


def plan_conditions(filters: TaskFilter, now: dt.datetime) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions on IDs, start and pin."""
    if filters.ids is not None:
        yield TaskRecord.id == any_(cast(list(filters.ids), ARRAY(Text)))
    if filters.is_started is not None:
        is_started = func.coalesce(TaskRecord.start_moment <= now, True)
        yield is_started if filters.is_started else not_(is_started)
    if filters.is_pinned is not None:
        yield _pinned(filters.is_pinned)


def _compared_due(bound: DueBound) -> tuple[Any, dt.date | None]:
    """Return the column to compare with a bound: days with calendar days, instants with deadlines."""
    if bound.at is not None:
        return TaskRecord.due_deadline, bound.at
    return TaskRecord.due_on, bound.day


def _sort_value(position: Position, order: TaskOrder) -> Any:
    return {
        "created": None,
        "due": position.due,
        "start": position.start,
        "priority": position.priority,
        "title": position.title,
        "relevance": position.rank,
        "position": position.position,
    }[order.sort]


def _follows(after: Position, order: TaskOrder, column: Any, value: Any) -> ColumnElement[bool]:
    is_later = _beyond(TaskRecord.number, after.number, order)
    if order.sort == "relevance":
        is_later = _beyond(column.table.c.task_id, after.task_id, order)
    if column is None:
        return is_later
    if value is None:  # only the dates can be missing, and tasks without one come last
        return and_(column.is_(None), is_later)
    beyond = or_(_beyond(column, value, order), and_(column == value, is_later))
    has_nulls = order.sort in _NULLABLE and order.order == "asc"
    return or_(beyond, column.is_(None)) if has_nulls else beyond


def _beyond(column: Any, value: Any, order: TaskOrder) -> ColumnElement[bool]:
    beyond: ColumnElement[bool] = column > value if order.order == "asc" else column < value
    return beyond
