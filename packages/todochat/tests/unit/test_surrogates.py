"""Lone surrogates are replaced anywhere in a JSON value."""

from todochat.surrogates import replace_surrogates


def test_lone_surrogates_are_replaced_in_keys_and_values() -> None:
    value = {"a\udc00": ["\ud83d", ("b", 1)], "c": {"d": None}}

    assert replace_surrogates(value) == {"a\ufffd": ["\ufffd", ["b", 1]], "c": {"d": None}}


def test_whole_characters_are_kept() -> None:
    assert replace_surrogates("\U0001f600") == "\U0001f600"
