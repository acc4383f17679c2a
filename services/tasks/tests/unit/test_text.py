"""Normalization and case folding of user input."""

import pytest

from tasks_service.domain.text import clean_line, clean_notes, clean_tags, match_key
from todochat.errors import InvalidInputError


def clean(text: str, max_chars: int = 10) -> str:
    return clean_line(text, pointer="/title", max_chars=max_chars)


@pytest.mark.parametrize(
    ("typed", "normalized"),
    [
        ("  Buy  milk \n", "Buy milk"),
        ("a\tb", "a b"),
        ("a\u2003b", "a b"),
        ("E\u0301t\u00e9", "\u00c9t\u00e9"),
        ("x" * 10, "x" * 10),
        (" " * 50 + "x" * 10, "x" * 10),
        ("\U0001f95b milk", "\U0001f95b milk"),
    ],
)
def test_line_is_normalized(typed: str, normalized: str) -> None:
    assert clean(typed) == normalized


@pytest.mark.parametrize(
    "typed", ["", "  \n", "x" * 11, "a\0b", "a\x07b", "a\x7fb", "\u0085\u2028"]
)
def test_invalid_line_is_rejected_with_its_pointer(typed: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        clean(typed)

    assert [error.pointer for error in caught.value.extensions["errors"]] == ["/title"]


def test_notes_keep_their_lines_and_none_becomes_empty() -> None:
    typed = " two litres\r\n\t- lactose-free\n"

    assert clean_notes(typed, pointer="/notes", max_chars=100) == typed
    assert clean_notes(None, pointer="/notes", max_chars=100) == ""


@pytest.mark.parametrize("typed", ["a\0b", "x" * 101])
def test_invalid_notes_are_rejected(typed: str) -> None:
    with pytest.raises(InvalidInputError):
        clean_notes(typed, pointer="/notes", max_chars=100)


def test_tags_are_deduplicated_keeping_the_first_spelling() -> None:
    tags = clean_tags(
        ["Dairy", "weekly", "DAIRY", " weekly "], pointer="/tags", max_tags=4, max_chars=10
    )

    assert tags == ["Dairy", "weekly"]


def test_error_points_at_the_invalid_tag() -> None:
    with pytest.raises(InvalidInputError) as caught:
        clean_tags(["ok", " "], pointer="/tags", max_tags=4, max_chars=10)

    assert caught.value.extensions["errors"][0].pointer == "/tags/1"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Stra\u00dfe", "STRASSE"), ("E\u0301T\u00c9", "\u00e9t\u00e9"), ("\u0130", "i\u0307")],
)
def test_equal_names_have_equal_keys(one: str, other: str) -> None:
    assert match_key(one) == match_key(other)


def test_key_always_fits_an_index_entry() -> None:
    longest = max(
        len(match_key(chr(point)).encode())
        for point in range(0x110000)
        if not 0xD800 <= point < 0xE000
    )

    assert longest * 100 < 2704
