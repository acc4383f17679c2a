"""Builds the conditions of a filter: which comparisons and values each field allows."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, cast, get_args

from tasks_service.domain.filter_dates import DATE_EXAMPLES, Moment, parse_date_value
from tasks_service.domain.filter_expression import (
    Attribute,
    Condition,
    DateField,
    DateIs,
    Expression,
    Flag,
    Has,
    InSection,
    Is,
    IsCompleted,
    ListIs,
    Not,
    Operator,
    PriorityIs,
    TagIs,
    TextIs,
)
from tasks_service.domain.task import PRIORITIES
from tasks_service.domain.text import match_key
from todochat.contracts.tasks import Priority

_EQUALITY: Final = ("=", "!=")
_ORDER: Final = (*_EQUALITY, "<", "<=", ">", ">=")
_DATE_FIELDS: Final[tuple[DateField, ...]] = get_args(DateField)
_ATTRIBUTES: Final[tuple[Attribute, ...]] = get_args(Attribute)
_FLAGS: Final[tuple[Flag, ...]] = get_args(Flag)
_STATUSES: Final = ("open", "completed")
_OPERATORS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(_DATE_FIELDS, _ORDER),
    "priority": _ORDER,
    "tag": _EQUALITY,
    "list": _EQUALITY,
    "section": _EQUALITY,
    "status": _EQUALITY,
    "title": (*_EQUALITY, "contains"),
    "notes": ("contains",),
    "text": ("contains",),
}
# As in quick add: p1 is the highest priority, p4 is none.
_SHORT_PRIORITIES: Final = {f"p{4 - rank}": name for rank, name in enumerate(PRIORITIES)}


class Lexeme(NamedTuple):
    """A part of a filter's text, and its column from 1."""

    text: str
    column: int


class FilterProblem(ValueError):  # noqa: N818 - becomes an InvalidFilterError
    """A part of a filter that can't be understood.

    Args:
        expected: what could stand at this column.
    """

    def __init__(self, detail: str, column: int, expected: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.column = column
        self.expected = list(expected)


def unknown(kind: str, lexeme: Lexeme, expected: Sequence[str]) -> FilterProblem:
    """Return the problem of a part that has none of the expected values."""
    return FilterProblem(f'unknown {kind} "{lexeme.text}"', lexeme.column, expected)


def build_flag(name: Lexeme) -> Condition:
    """Build a condition from one word, such as `overdue`.

    Raises:
        FilterProblem: there is no such condition.
    """
    word = name.text.lower()
    if word in _FLAGS:
        return Is(word)
    if word not in _OPERATORS:
        raise unknown("name", name, (*_OPERATORS, *_FLAGS))
    end = name.column + len(name.text)
    raise FilterProblem("expected a comparison after this name", end, _OPERATORS[word])


def build_presence(name: Lexeme) -> Condition:
    """Build a condition from the word after `has` or `no`.

    Raises:
        FilterProblem: it isn't an optional attribute of a task.
    """
    word = name.text.lower()
    for attribute in _ATTRIBUTES:
        if word in {attribute, f"{attribute}s"}:
            return Has(attribute)
    raise unknown("name", name, _ATTRIBUTES)


def build_comparison(field: Lexeme, operator: Lexeme, value: Lexeme) -> Expression:
    """Build a condition from a comparison; `!=` negates `=`.

    Raises:
        FilterProblem: the field is unknown, or isn't compared in this way or with this value.
    """
    name, sign = field.text.lower(), operator.text.lower()
    if name not in _OPERATORS:
        raise unknown("name", field, tuple(_OPERATORS))
    if sign not in _OPERATORS[name]:
        raise unknown("comparison", operator, _OPERATORS[name])
    if sign == "!=":
        return Not(_build_condition(name, "=", value))
    return _build_condition(name, sign, value)


def _build_condition(name: str, sign: str, value: Lexeme) -> Expression:
    key = " ".join(match_key(value.text).split())
    if not key:
        raise FilterProblem("the value is blank", value.column)
    operator = cast("Operator", sign)
    match name:
        case "priority":
            return PriorityIs(operator, _parse_priority(key, value))
        case "tag":
            return TagIs(key)
        case "list" | "section":
            named = ListIs if name == "list" else InSection
            return named(" ".join(value.text.split()), value.column)
        case "status" if key in _STATUSES:
            return IsCompleted() if key == "completed" else Not(IsCompleted())
        case "status":
            raise unknown("status", value, _STATUSES)
        case "title" | "notes" | "text":
            return TextIs(name, cast('Literal["=", "contains"]', sign), key)
        case _:
            return _build_date(cast("DateField", name), operator, key, value)


def _parse_priority(key: str, value: Lexeme) -> Priority:
    name = _SHORT_PRIORITIES.get(key, key)
    for priority in PRIORITIES:
        if priority == name:
            return priority
    raise unknown("priority", value, PRIORITIES)


def _build_date(field: DateField, operator: Operator, key: str, value: Lexeme) -> DateIs:
    date = parse_date_value(key)
    if date is None:
        raise unknown("date", value, DATE_EXAMPLES)
    if isinstance(date, Moment) and operator == "=":
        raise FilterProblem("a time of day is compared with <, <=, > or >=", value.column)
    return DateIs(field, operator, date)
