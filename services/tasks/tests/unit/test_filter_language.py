"""Parsing of filters, and the days that their dates mean."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_service.domain.filter_dates import FilterClock, Moment, parse_date_value
from tasks_service.domain.filter_expression import AllOf, AnyOf, Expression, Not, TagIs, conditions
from tasks_service.domain.filter_language import parse_filter
from tasks_service.errors import InvalidFilterError

# A Wednesday; in Auckland it is Thursday.
NOW = dt.datetime(2026, 12, 30, 22, 0, tzinfo=dt.UTC)
A, B, C = TagIs("a"), TagIs("b"), TagIs("c")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("tag = a & tag = b | tag = c", AnyOf((AllOf((A, B)), C))),
        ("tag = a & (tag = b | tag = c)", AllOf((A, AnyOf((B, C))))),
        ("!tag = a & tag = b", AllOf((Not(A), B))),
        ("!(tag = a & tag = b)", Not(AllOf((A, B)))),
        ("tag != a", Not(A)),
        ("NOT tag=A AND TAG='B' OR tag=c", AnyOf((AllOf((Not(A), B)), C))),
        ("((tag = a))", A),
        ("tag = and", TagIs("and")),
        ("tag = no", TagIs("no")),
        ("tag = 'x & y'", TagIs("x & y")),
        ("tag = STRASSE", TagIs("strasse")),
        ("tag = Straße", TagIs("strasse")),
    ],
)
def test_operators_bind_as_documented(text: str, expression: Expression) -> None:
    assert parse_filter(text) == expression


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("today", "2026-12-30", "2026-12-31"),
        ("yesterday", "2026-12-29", "2026-12-30"),
        ("monday", "2027-01-04", "2027-01-05"),
        ("wednesday", "2027-01-06", "2027-01-07"),
        ("thu", "2026-12-31", "2027-01-01"),
        ("next thursday", "2027-01-07", "2027-01-08"),
        ("this week", "2026-12-28", "2027-01-04"),
        ("next week", "2027-01-04", "2027-01-11"),
        ("last month", "2026-11-01", "2026-12-01"),
        ("next month", "2027-01-01", "2027-02-01"),
        ("this year", "2026-01-01", "2027-01-01"),
        ("in 3 days", "2027-01-02", "2027-01-03"),
        ("in 2 months", "2027-02-28", "2027-03-01"),
        ("a week ago", "2026-12-23", "2026-12-24"),
        ("999 years ago", "1027-12-30", "1027-12-31"),
        ("2026-12-24", "2026-12-24", "2026-12-25"),
    ],
)
def test_dates_mean_days(text: str, first: str, end: str) -> None:
    value = parse_date_value(text)

    assert value is not None
    assert not isinstance(value, Moment)
    span = FilterClock(NOW, "UTC").span(value)
    assert (span.first.isoformat(), span.end.isoformat()) == (first, end)


def test_today_depends_on_the_time_zone() -> None:
    assert FilterClock(NOW, "Pacific/Auckland").today == dt.date(2026, 12, 31)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "in days", "in 1000 days", "next", "week", "2026-02-30", "1969-12-31", "3000-01-01",
     "2026-12-24t25:00", "in -1 days", "next day"],
)  # fmt: skip
def test_other_words_are_no_dates(text: str) -> None:
    assert parse_date_value(text) is None


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("a" * 1001, 1001),
        ("tag = a\0", 8),
        ("(" * 1000, 1001),
        ("!(" * 11 + "overdue" + ")" * 11, 1),
        (" & ".join(["tag = a"] * 51), 1),
        ("tag = a &", 10),
        ("tag = 'a", 7),
        ("due", 4),
    ],
)
def test_problems_have_a_column(text: str, column: int) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse_filter(text, pointer="/filter")

    assert caught.value.extensions["column"] == column
    assert caught.value.extensions["errors"][0].pointer == "/filter"


@pytest.mark.parametrize("text", ["(" * 400 + "overdue" + ")" * 400, " & ".join(["tag = a"] * 50)])
def test_filter_within_its_limits_is_accepted(text: str) -> None:
    assert conditions(parse_filter(text))


@given(
    st.lists(
        st.sampled_from(["due", "tag", "<", "=", "!", "(", ")", "&", "|", "'", '"', "no", "has", "and",
                         "or", "today", "in 3 days", "contains", "title", " ", "\n", "\u00e9", ","])
    )
)  # fmt: skip
def test_any_text_is_parsed_or_rejected(parts: list[str]) -> None:
    text, column = "".join(parts), 1
    try:
        parse_filter(text)
    except InvalidFilterError as error:
        column = error.extensions["column"]

    assert 1 <= column <= len(text) + 1
