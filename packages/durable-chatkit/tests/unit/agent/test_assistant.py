"""Default titles of threads."""

import pytest
from chatkit.types import InferenceOptions, UserMessageItem
from chatkit.types import UserMessageTextContent as Text

from durable_chatkit.agent.assistant import MAX_TITLE_CHARS, title_of
from todochat.clock import utc_now


def message(text: str) -> UserMessageItem:
    return UserMessageItem(
        id="msg_1",
        thread_id="thr_1",
        created_at=utc_now(),
        content=[Text(text=text)],
        inference_options=InferenceOptions(),
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("add buy milk", "Add buy milk"),
        ("  two\n lines ", "Two lines"),
        ("# **plan**", "Plan"),
        ("über", "Über"),
        ("", None),
        (" \n ", None),
        ("***", None),
        ("\u200b \u2800", None),
        ("\u200b# \u2060plan\ufeff", "Plan"),
        ("x" * 200, "X" + "x" * (MAX_TITLE_CHARS - 2) + "…"),
    ],
)
def test_title_is_the_start_of_the_message(text: str, title: str | None) -> None:
    assert title_of(message(text)) == title


def test_long_title_is_cut_at_a_word() -> None:
    title = title_of(message("remind me to call the plumber about the kitchen sink, and soon"))

    assert title == "Remind me to call the plumber about the kitchen sink, and…"
