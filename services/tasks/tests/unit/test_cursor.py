"""Cursors: opaque, bound to their query; malformed ones are rejected."""

import base64
import datetime as dt
import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_service.domain.cursor import Position, encode_cursor, parse_cursor, query_digest
from tasks_service.domain.query import TaskFilter, TaskOrder
from todochat.errors import InvalidInputError

FILTERS = TaskFilter()
BY_DUE = TaskOrder(sort="due", order="asc")
DIGEST = query_digest(FILTERS, BY_DUE)


def raw(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("order", "members"),
    [
        (TaskOrder(), {}),
        (BY_DUE, {"due": dt.datetime(2026, 11, 24, 17, 0, 0, 123456, tzinfo=dt.UTC)}),
        (BY_DUE, {"due": None}),
        (TaskOrder(sort="priority"), {"priority": 3}),
        (TaskOrder(sort="title"), {"title": "\u00e9\U0001f95b\n" * 100}),
    ],
)
def test_cursor_round_trips(order: TaskOrder, members: dict[str, Any]) -> None:
    position = Position(query_digest(FILTERS, order), 7, **members)

    cursor = encode_cursor(position)

    assert parse_cursor(cursor, FILTERS, order) == position
    assert cursor.isascii()


def test_cursor_belongs_to_one_query() -> None:
    cursor = encode_cursor(Position(DIGEST, 7))

    for filters, order in [
        (TaskFilter(status="all"), BY_DUE),
        (FILTERS, TaskOrder(sort="due", order="desc")),
        (FILTERS, TaskOrder(sort="created")),
    ]:
        with pytest.raises(InvalidInputError):
            parse_cursor(cursor, filters, order)


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "====",
        "\u00e9",
        "a\0b",
        raw([]),
        raw({}),
        raw(None),
        raw([DIGEST]),
        raw([DIGEST, "7"]),
        raw([DIGEST, 0]),
        raw([DIGEST, 2**31]),
        raw([DIGEST, 10**40]),
        raw([DIGEST, 7, "soon"]),
        raw([DIGEST, 7, "2026-11-24T17:00:00"]),
        raw([DIGEST, 7, "0001-01-01T00:00:00+23:59"]),
        raw([DIGEST, 7, "9999-12-31T23:59:59-23:59"]),
        raw([DIGEST, 7, None, None, None, None, None, "more"]),
    ],
)
def test_malformed_cursor_is_rejected(cursor: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_cursor(cursor, FILTERS, BY_DUE)


@pytest.mark.parametrize(
    ("sort", "members"),
    [
        ("priority", [None, None]),
        ("priority", [None, 4]),
        ("priority", [None, -1]),
        ("title", [None, None, None]),
        ("title", [None, None, "a\0b"]),
        ("title", [None, None, "x" * 4097]),
        ("position", [None, None, None, None, None]),
        ("position", [None, None, None, None, "a\0b"]),
    ],
)
def test_cursor_without_the_sort_value_is_rejected(
    sort: Literal["priority", "title", "position"], members: list[object]
) -> None:
    order = TaskOrder(sort=sort)
    cursor = raw([query_digest(FILTERS, order), 7, *members])

    with pytest.raises(InvalidInputError):
        parse_cursor(cursor, FILTERS, order)


@given(st.text() | st.text("ABCDEFGHIJabcdefghij0123456789-_=", max_size=80))
def test_arbitrary_text_is_rejected(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_cursor(text, FILTERS, BY_DUE)
