"""The tree of a parsed filter; `filter_language` builds it, storage compiles it to SQL."""

from typing import Literal

import msgspec

from tasks_service.domain.filter_dates import DateValue
from todochat.contracts.tasks import Priority

DateField = Literal["due", "start", "created", "completed"]
TextField = Literal["title", "notes", "text"]
Operator = Literal["=", "<", "<=", ">", ">="]
Attribute = Literal["due", "start", "repeat", "priority", "tag", "notes", "subtask", "section"]
Flag = Literal["overdue", "pinned"]


class DateIs(msgspec.Struct, frozen=True, tag=True):
    """A date compared with a span of days, or with an instant."""

    field: DateField
    operator: Operator
    value: DateValue


class PriorityIs(msgspec.Struct, frozen=True, tag=True):
    """The priority compared with another one; none is the lowest."""

    operator: Operator
    priority: Priority


class TagIs(msgspec.Struct, frozen=True, tag=True):
    """The task has a tag; `key` is folded by `match_key`."""

    key: str


class ListIs(msgspec.Struct, frozen=True, tag=True):
    """The task is in a list, given by its name or ID.

    Args:
        column: position of the name in the filter's text, from 1.
    """

    name: str
    column: int


class InSection(msgspec.Struct, frozen=True, tag=True):
    """The task is in a section, given by its name or ID; several lists can have one of this name.

    Args:
        column: position of the name in the filter's text, from 1.
    """

    name: str
    column: int


class TextIs(msgspec.Struct, frozen=True, tag=True):
    """A text is equal to, or contains, a text that is folded by `match_key`."""

    field: TextField
    operator: Literal["=", "contains"]
    key: str


class IsCompleted(msgspec.Struct, frozen=True, tag=True):
    """The task is completed."""


class Is(msgspec.Struct, frozen=True, tag=True):
    """The task has a property that is true or false."""

    flag: Flag


class Has(msgspec.Struct, frozen=True, tag=True):
    """The task has an optional attribute."""

    attribute: Attribute


Condition = DateIs | PriorityIs | TagIs | ListIs | InSection | TextIs | IsCompleted | Is | Has


class Not(msgspec.Struct, frozen=True, tag=True):
    """The part doesn't hold."""

    part: "Expression"


class AllOf(msgspec.Struct, frozen=True, tag=True):
    """All parts hold."""

    parts: "tuple[Expression, ...]"


class AnyOf(msgspec.Struct, frozen=True, tag=True):
    """At least one part holds."""

    parts: "tuple[Expression, ...]"


Expression = Condition | Not | AllOf | AnyOf


def conditions(expression: Expression) -> list[Condition]:
    """Return the conditions of a filter from left to right."""
    match expression:
        case Not(part):
            return conditions(part)
        case AllOf(parts) | AnyOf(parts):
            return [condition for part in parts for condition in conditions(part)]
        case _:
            return [expression]


def selects_completed(expression: Expression) -> bool:
    """Return whether a filter itself decides about completed tasks."""
    return any(
        isinstance(condition, IsCompleted)
        or (isinstance(condition, DateIs) and condition.field == "completed")
        for condition in conditions(expression)
    )
