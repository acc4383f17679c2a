"""Compiles filters to SQL conditions; every value becomes a parameter.

A comparison with NULL is neither true nor false in SQL, but `!due < tomorrow` selects tasks without
a due date; so each condition on a nullable column also tests that it isn't NULL.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from operator import eq, ge, gt, le, lt
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, and_, any_, cast, exists, func, not_, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tasks_service.domain.filter_dates import FilterClock, Moment
from tasks_service.domain.filter_expression import (
    AllOf,
    AnyOf,
    Attribute,
    DateField,
    DateIs,
    Expression,
    Has,
    InSection,
    Is,
    IsCompleted,
    ListIs,
    Not,
    PriorityIs,
    TagIs,
    TextIs,
    conditions,
)
from tasks_service.domain.task import PRIORITIES
from tasks_service.domain.text import match_key
from tasks_service.errors import InvalidFilterError
from tasks_service.storage.list_repository import in_shown_list
from tasks_service.storage.records import ListRecord, SectionRecord, TaskRecord

_COMPARISONS: Final = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
# A day is compared with the first column, an instant with the second.
_DATE_COLUMNS: Final[dict[DateField, tuple[Any, Any]]] = {
    "due": (TaskRecord.due_on, TaskRecord.due_deadline),
    "created": (TaskRecord.created_at, TaskRecord.created_at),
    "completed": (TaskRecord.completed_at, TaskRecord.completed_at),
    "start": (TaskRecord.start_on, TaskRecord.start_moment),
}
_ONE_DAY: Final = dt.timedelta(days=1)
_Subtask = aliased(TaskRecord)
_ATTRIBUTES: Final[dict[Attribute, ColumnElement[bool]]] = {
    "due": TaskRecord.due_on.is_not(None),
    "tag": TaskRecord.tag_keys != [],
    "notes": TaskRecord.notes != "",
    "priority": TaskRecord.priority != 0,
    "start": TaskRecord.start_on.is_not(None),
    "repeat": TaskRecord.repeat_rule.is_not(None),
    "section": TaskRecord.section_id.is_not(None),
    "subtask": exists().where(
        _Subtask.user_id == TaskRecord.user_id,
        _Subtask.parent_id == TaskRecord.id,
        _Subtask.deleted_at.is_(None),
    ),
}


async def compile_filter(
    session: AsyncSession,
    user_id: str,
    expression: Expression,
    clock: FilterClock,
    *,
    pointer: str = "filter",
    ignores_unknown_lists: bool = False,
    hidden_lists: Collection[str] | None = None,
) -> ColumnElement[bool]:
    """Compile a filter for one user's tasks.

    The caller adds the conditions on the user and on deleted tasks.

    Args:
        pointer: names the filter in errors: a parameter, or a JSON pointer.
        ignores_unknown_lists: no task is in an unknown or archived list, instead of an error.
        hidden_lists: the IDs of lists to leave out unless the filter names them; None means the
            archived ones.

    Raises:
        InvalidFilterError: the user has no list with a name in the filter.
    """
    parts = conditions(expression)
    named = [part for part in parts if isinstance(part, ListIs | InSection)]
    groups = {
        **await _find_groups(session, user_id, named, ListIs, ListRecord),
        **await _find_groups(session, user_id, named, InSection, SectionRecord),
    }
    for part in named:
        if not groups[part] and not ignores_unknown_lists:
            kind = "list" if isinstance(part, ListIs) else "section"
            problem = f"you have no {kind} with this name"
            raise InvalidFilterError(
                problem,
                pointer=pointer,
                column=part.column,
                expected=[f"the name of a {kind}"],
            )
    compiled = _compile(expression, clock, groups)
    shown: list[str] = []
    if not ignores_unknown_lists:
        shown = [found for part in named if isinstance(part, ListIs) for found in groups[part]]
    if hidden_lists is None:
        return and_(compiled, in_shown_list(user_id, named=shown))
    hidden = [list_id for list_id in hidden_lists if list_id not in shown]
    return and_(compiled, not_(_is_one_of(TaskRecord.list_id, hidden))) if hidden else compiled


async def _find_groups(
    session: AsyncSession,
    user_id: str,
    named: Sequence[ListIs | InSection],
    condition: type[ListIs | InSection],
    record: type[ListRecord | SectionRecord],
) -> dict[ListIs | InSection, list[str]]:
    """Return the IDs of the lists, or sections, that each condition names; a name can be an ID."""
    wanted = [part for part in named if isinstance(part, condition)]
    if not wanted:
        return {}
    statement = select(record.id, record.name).where(
        record.user_id == user_id, record.deleted_at.is_(None)
    )
    found = (await session.execute(statement)).all()
    return {
        part: [
            each.id
            for each in found
            if part.name == each.id or match_key(part.name) == match_key(each.name)
        ]
        for part in wanted
    }


def _compile(
    expression: Expression,
    clock: FilterClock,
    groups: Mapping[ListIs | InSection, Sequence[str]],
) -> ColumnElement[bool]:
    match expression:
        case Not(part):
            compiled = not_(_compile(part, clock, groups))
        case AllOf(parts):
            compiled = and_(*(_compile(part, clock, groups) for part in parts))
        case AnyOf(parts):
            compiled = or_(*(_compile(part, clock, groups) for part in parts))
        case ListIs():
            compiled = _is_one_of(TaskRecord.list_id, groups[expression])
        case InSection():
            is_in = _is_one_of(TaskRecord.section_id, groups[expression])
            compiled = and_(TaskRecord.section_id.is_not(None), is_in)
        case DateIs():
            compiled = _date_condition(expression, clock)
        case TextIs():
            compiled = _text_condition(expression)
        case _:
            compiled = _property_condition(expression, clock)
    return compiled


def _is_one_of(column: Any, ids: Sequence[str]) -> ColumnElement[bool]:
    is_one_of: ColumnElement[bool] = column == any_(cast(list(ids), ARRAY(Text)))
    return is_one_of


def _property_condition(
    condition: PriorityIs | TagIs | IsCompleted | Is | Has, clock: FilterClock
) -> ColumnElement[bool]:
    compiled: ColumnElement[bool]
    match condition:
        case PriorityIs(operator, priority):
            compare = _COMPARISONS[operator]
            compiled = compare(TaskRecord.priority, PRIORITIES.index(priority))
        case TagIs(key):
            compiled = TaskRecord.tag_keys.contains([key])
        case IsCompleted():
            compiled = TaskRecord.completed_at.is_not(None)
        case Is("pinned"):
            compiled = TaskRecord.is_pinned.is_(True)
        case Is():
            compiled = and_(
                TaskRecord.completed_at.is_(None),
                TaskRecord.due_deadline.is_not(None),
                TaskRecord.due_deadline <= clock.now,
            )
        case Has(attribute):
            compiled = _ATTRIBUTES[attribute]
    return compiled


def _date_condition(condition: DateIs, clock: FilterClock) -> ColumnElement[bool]:
    day_column, time_column = _DATE_COLUMNS[condition.field]
    compare = _COMPARISONS[condition.operator]
    if isinstance(condition.value, Moment):
        instant = clock.instant(condition.value)
        return and_(time_column.is_not(None), compare(time_column, instant))
    span = clock.span(condition.value)
    at_least = {"=": span.first, ">=": span.first, ">": span.end}.get(condition.operator)
    before = {"=": span.end, "<": span.first, "<=": span.end}.get(condition.operator)
    compared = [day_column.is_not(None)]
    if condition.field in {"due", "start"}:
        # Follow from those on the day, in any time zone, but these have indexes in the order of views.
        if at_least is not None:
            compared += [day_column >= at_least, time_column >= _midnight(at_least) - _ONE_DAY]
        if before is not None:
            compared += [day_column < before, time_column <= _midnight(before) + _ONE_DAY]
    else:
        compared += [] if at_least is None else [time_column >= clock.start_of(at_least)]
        compared += [] if before is None else [time_column < clock.start_of(before)]
    return and_(*compared)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, dt.UTC)


def _text_condition(condition: TextIs) -> ColumnElement[bool]:
    match condition:
        case TextIs("title", "=", key):
            return TaskRecord.title_key == key
        case TextIs("title", _, key):
            return TaskRecord.title_key.contains(key, autoescape=True)
        case TextIs("notes", _, key):
            return _notes_key().contains(key, autoescape=True)
        case _:
            return TaskRecord.search_key.contains(condition.key, autoescape=True)


def _notes_key() -> ColumnElement[str]:
    """Return the folded notes: `search_key` without the title before and the tags after them."""
    tags = func.length(func.array_to_string(TaskRecord.tag_keys, "\n"))
    has_tags = func.least(tags, 1)  # their separator
    start = func.length(TaskRecord.title_key) + 2
    size = func.length(TaskRecord.search_key) - start + 1 - tags - has_tags
    return func.substr(TaskRecord.search_key, start, func.greatest(size, 0))
