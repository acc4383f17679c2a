"""Texts that look empty, and texts that only seem to."""

import pytest

from todochat.visible_text import is_visible, strip_invisible


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "\u00a0\u3000",
        "\u200b\u200d\u2060",
        "\ufeff",
        "\u2800",
        "\u3164",
        "\u202e",
        "\ufe0f",
        "\x00",
    ],
)
def test_text_that_shows_nothing_is_not_visible(text: str) -> None:
    assert not is_visible(text)
    assert strip_invisible(f"{text}a b{text}") == "a b"


@pytest.mark.parametrize(
    "text",
    [
        "a",
        ".",
        "\u200ba",
        "\u0301",
        "\U0001f469\u200d\U0001f680",
        "\ue000",
        "\U0001faff",
        "\u0600",
        "\u2801",
    ],
)
def test_text_that_shows_something_is_visible(text: str) -> None:
    assert is_visible(text)
