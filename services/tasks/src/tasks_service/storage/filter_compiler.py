"""Compiles filters to SQL conditions; every value becomes a parameter.

A comparison with NULL is neither true nor false in SQL, but `!due < tomorrow` selects tasks without
a due date; so each condition on a nullable column also tests that it isn't NULL.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from operator import eq, ge, gt, le, lt
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_, select
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
from tasks_service.storage.records import ListRecord, TaskRecord

_COMPARISONS: Final = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
# A day is compared with the first column, an instant with the second.
_DATE_COLUMNS: Final[dict[DateField, tuple[Any, Any]]] = {
    "due": (TaskRecord.due_on, TaskRecord.due_deadline),
    "created": (TaskRecord.created_at, TaskRecord.created_at),
    "completed": (TaskRecord.completed_at, TaskRecord.completed_at),
    "start": (TaskRecord.start_on, TaskRecord.start_moment),
}
_Subtask = aliased(TaskRecord)
_ATTRIBUTES: Final[dict[Attribute, ColumnElement[bool]]] = {
    "due": TaskRecord.due_on.is_not(None),
    "tag": TaskRecord.tag_keys != [],
    "notes": TaskRecord.notes != "",
    "priority": TaskRecord.priority != 0,
    "start": TaskRecord.start_on.is_not(None),
    "repeat": TaskRecord.repeat_rule.is_not(None),
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
    include_archived: bool = False,
) -> ColumnElement[bool]:
    """Compile a filter for one user's tasks.

    The caller adds the conditions on the user and on deleted tasks.

    Args:
        pointer: names the filter in errors: a parameter, or a JSON pointer.
        ignores_unknown_lists: no task is in an unknown or archived list, instead of an error.
        include_archived: also select tasks of archived lists that the filter doesn't name.

    Raises:
        InvalidFilterError: the user has no list with a name in the filter.
    """
    named = [part for part in conditions(expression) if isinstance(part, ListIs)]
    list_ids = await _find_lists(session, user_id, named) if named else {}
    for part in named:
        if part.name not in list_ids and not ignores_unknown_lists:
            raise InvalidFilterError(
                "you have no list with this name",
                pointer=pointer,
                column=part.column,
                expected=["the name of a list"],
            )
    compiled = _compile(expression, clock, list_ids)
    if include_archived:
        return compiled
    named_ids = () if ignores_unknown_lists else list_ids.values()
    return and_(compiled, in_shown_list(user_id, named=named_ids))


async def _find_lists(
    session: AsyncSession, user_id: str, named: Sequence[ListIs]
) -> dict[str, str]:
    """Return the ID of each named list that exists; a name can also be an ID."""
    names = [part.name for part in named]
    statement = select(ListRecord.id, ListRecord.name_key).where(
        ListRecord.user_id == user_id,
        ListRecord.deleted_at.is_(None),
        or_(ListRecord.name_key.in_(map(match_key, names)), ListRecord.id.in_(names)),
    )
    found = (await session.execute(statement)).all()
    ids = {key: list_id for list_id, name_key in found for key in (name_key, list_id)}
    return {name: ids[key] for name in names for key in (match_key(name), name) if key in ids}


def _compile(
    expression: Expression, clock: FilterClock, list_ids: Mapping[str, str]
) -> ColumnElement[bool]:
    match expression:
        case Not(part):
            compiled = not_(_compile(part, clock, list_ids))
        case AllOf(parts):
            compiled = and_(*(_compile(part, clock, list_ids) for part in parts))
        case AnyOf(parts):
            compiled = or_(*(_compile(part, clock, list_ids) for part in parts))
        case ListIs(name):
            list_id = list_ids.get(name)
            compiled = false() if list_id is None else TaskRecord.list_id == list_id
        case DateIs():
            compiled = _date_condition(expression, clock)
        case TextIs():
            compiled = _text_condition(expression)
        case _:
            compiled = _property_condition(expression, clock)
    return compiled


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
    first: dt.date | dt.datetime = span.first
    end: dt.date | dt.datetime = span.end
    if condition.field not in {"due", "start"}:
        first, end = clock.start_of(span.first), clock.start_of(span.end)
    match condition.operator:
        case "=":
            compared = and_(day_column >= first, day_column < end)
        case "<" | ">=":
            compared = compare(day_column, first)
        case "<=":
            compared = day_column < end
        case _:
            compared = day_column >= end
    return and_(day_column.is_not(None), compared)


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
