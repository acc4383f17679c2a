"""Parsing of a listing's query."""

import datetime as dt

import pytest

from tasks_service.domain.query import DueBound, parse_due_bound, parse_words
from todochat.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("2026-11-24", DueBound(day=dt.date(2026, 11, 24))),
        ("2026-11-24T17:00:00Z", DueBound(at=dt.datetime(2026, 11, 24, 17, tzinfo=dt.UTC))),
        ("2026-11-24T17:00:00+01:00", DueBound(at=dt.datetime(2026, 11, 24, 16, tzinfo=dt.UTC))),
    ],
)
def test_bound_is_a_day_or_an_instant(text: str, bound: DueBound) -> None:
    assert parse_due_bound(text, pointer="due_from") == bound


@pytest.mark.parametrize(
    "text",
    ["", "today", "2026-13-01", "2026-02-30", "20261124", "2026-11-24T17:00:00", "1969-12-31",
     "0001-01-01T00:00:00+23:59", "2026-11-2\0"],
)  # fmt: skip
def test_other_texts_are_rejected(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_due_bound(text, pointer="due_from")

    assert caught.value.extensions["errors"][0].pointer == "due_from"


def test_words_are_folded_and_deduplicated() -> None:
    assert parse_words("  Buy MILK buy ", pointer="q") == ("buy", "milk")


def test_words_with_nul_are_rejected() -> None:
    with pytest.raises(InvalidInputError):
        parse_words("a\0b", pointer="q")
