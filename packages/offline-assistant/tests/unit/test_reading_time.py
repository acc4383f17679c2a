"""Every message is parsed in bounded time, so that it doesn't stall other runs of the worker."""

import random
import re
from pathlib import Path
from time import thread_time

import pytest
from offline_kit import FakeTodo, FakeUser, make_clock

from offline_assistant import model
from offline_assistant.interpreter import MAX_MESSAGE_CHARS, MAX_SENTENCES, interpret
from task_phrases.clock import Clock
from task_phrases.patterns import Pattern
from task_phrases.time_limit import time_left, time_limit

SENTENCES = Path(__file__).with_name("sentences.txt").read_text()
WORDS = sorted(set(re.findall(r"[a-z']+", SENTENCES)))
GAPS = (
    " ",
    " ",
    " ",
    ", ",
    ",",
    "\n",
    ". ",
    "; ",
    " , ",
    "? ",
    "! ",
    ": ",
    " & ",
    "-",
    ' "',
    "(",
    "\n, ",
    "1 ",
)
MAX_SECONDS = 1.0  # CPU time; five times the limit, for a busy machine


def repeat(start: str, unit: str, end: str) -> str:
    """Repeat a unit until a message has the maximum length."""
    room = MAX_MESSAGE_CHARS - len(start) - len(end)
    return start + unit * (room // len(unit)) + end


REPEATED = [
    ("complete 1", " , &", " x"),
    ("3 is", " all", "x"),
    ("add ", "todo ", "x"),
    ("add ", "to-do todo ", "x"),
    ("mark ", "\n, ", " tomorrow"),
    ("", "ok so ", "could"),
    ("hi ", "olly hi ", "x"),
    ("complete ", "ok! ", "x"),
    ("x", " ok", "x"),
    ("can you ", "(\n, ", " tomorrow"),
    ("push ", "from ", "x"),
    ("rename a", " to", ""),
    ("delete ", "task called ", "x"),
    ("make a list ", "new ", "x"),
    ("remind me on ", "1 july, 12:30 ", "x"),
    ("set the due date of ", "12:30 ", " x"),
    ("", "add milk. ", ""),
    ("", "delete 3\n", ""),
    ("complete ", "1,", "2"),
    ("remind me in ", "9", ".5 hours to x"),
    ("complete ", "9", ""),
    ("", "\u201c", "x"),
    ("", "(", " tomorrow"),
    ("", "\u0130", "x"),
]


@pytest.mark.parametrize(("start", "unit", "end"), REPEATED)
def test_repetitive_message_is_parsed_in_time(
    clock: Clock, start: str, unit: str, end: str
) -> None:
    started = thread_time()

    interpret(repeat(start, unit, end), clock)  # without the time limit

    assert thread_time() - started < MAX_SECONDS


def read_random(seconds: float) -> None:
    clock, chance = make_clock(), random.Random(20261129)
    end = thread_time() + seconds
    while thread_time() < end:
        unit = "".join(
            chance.choice(WORDS) + chance.choice(GAPS) for _ in range(chance.choice((1, 2, 3)))
        )
        message = repeat(
            chance.choice(["", "add ", "delete ", "move 3 to "]), unit, chance.choice(["", "?"])
        )
        started = thread_time()
        interpret(message, clock)
        assert thread_time() - started < MAX_SECONDS, message[:60]


def test_random_repetition_is_parsed_in_time() -> None:
    read_random(1)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_minute_of_random_repetition_is_parsed_in_time() -> None:
    read_random(60)


@pytest.mark.parametrize("joined", [" ", " and ", " & "])
def test_many_words_and_titles_are_matched_in_time(
    todo: FakeTodo, user: FakeUser, joined: str
) -> None:
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdegilmnorst", k=6)) for _ in range(1000)]
    todo.add(*(" ".join(chance.choices(words, k=25)) for _ in range(100)))
    message = f"complete {joined.join(chance.choices(words, k=400))}"[:MAX_MESSAGE_CHARS]
    started = thread_time()

    user.send(message)

    assert thread_time() - started < 2 * MAX_SECONDS
    assert not todo.changes


def test_message_over_the_time_limit_changes_nothing(
    todo: FakeTodo, user: FakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    todo.add("buy milk")
    monkeypatch.setattr(model, "MAX_READING_SECONDS", 1e-9)

    assert "didn't understand" in user.send("complete 1")
    assert not todo.calls


def test_pattern_stops_at_the_time_limit() -> None:
    slow = Pattern(r"(?:a|ab|b|ba)*(?:a|ab|b|ba)*c")
    started = thread_time()

    with time_limit(0.05), pytest.raises(TimeoutError):
        slow.fullmatch("ab" * 500 + "cc")

    assert thread_time() - started < MAX_SECONDS


def test_time_left_is_none_without_a_limit() -> None:
    with time_limit(10):
        assert time_left() is not None

    assert time_left() is None


def test_too_long_reply_to_a_question_is_rejected(user: FakeUser) -> None:
    user.send("add")

    assert "too long" in user.send("milk " * MAX_MESSAGE_CHARS)


def test_only_the_first_sentences_of_many_are_read(todo: FakeTodo, user: FakeUser) -> None:
    reply = user.send(
        "\n".join(f"add thing {chr(97 + i % 26)}{i}" for i in range(MAX_SENTENCES + 5))
    )

    assert "send the rest again" in reply
    assert todo.changes
