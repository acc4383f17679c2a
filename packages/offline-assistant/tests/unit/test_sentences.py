"""Every sentence of `sentences.txt` leads to exactly the calls listed below it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from offline_kit import MakeFakeUser

from offline_assistant.prompts import find_prompt

TABLE = Path(__file__).with_name("sentences.txt")
START = ("2026-11-23T09:30", "Europe/Berlin", "en-GB")
EXPECTED = "    => "


def read_table() -> Iterator[Any]:
    clock_arguments: tuple[str, ...] = START
    sentence = ""
    for line in TABLE.read_text().splitlines()[7:]:
        if line.startswith("@"):
            clock_arguments = tuple(line[1:].split())
        elif line.startswith(EXPECTED):
            yield pytest.param(
                clock_arguments,
                sentence,
                line.removeprefix(EXPECTED),
                id=f"{clock_arguments[1]}: {sentence}",
            )
        else:
            sentence = line.replace("\\n", "\n")


def format_call(name: str, arguments: dict[str, Any]) -> str:
    values = {
        key: value for key, value in arguments.items() if (name, key) != ("find_tasks", "limit")
    }
    return " ".join([name, *(f"{key}={_value(value)}" for key, value in values.items())])


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return ",".join("-".join(map(str, entry.values())) for entry in value)
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def without_quotes(text: str) -> str:
    """Remove quotation marks, which only make the table more readable."""
    return text.replace('"', "")


TABLE_ROWS = list(read_table())


@pytest.mark.parametrize(("clock_arguments", "sentence", "expected"), TABLE_ROWS)
def test_sentence_makes_the_expected_calls(
    make_user: MakeFakeUser, clock_arguments: tuple[str, ...], sentence: str, expected: str
) -> None:
    user = make_user(*clock_arguments)

    reply = user.send(sentence)

    # These calls only show a card with the question of the reply.
    calls = [
        (name, arguments)
        for name, arguments in user.todo.calls
        if name != "delete_list" and not (name == "delete_tasks" and arguments.get("ask"))
    ]
    steps = [format_call(*call) for call in calls]
    if prompt := find_prompt(reply):
        steps.append(f"asks {prompt.name}")
    actual = without_quotes(" ; ".join(steps) or f"replies {' '.join(reply.split())}")
    wanted = without_quotes(expected)
    assert actual == wanted or (wanted.startswith("replies ") and actual.startswith(wanted))


def test_table_has_no_duplicate_sentence() -> None:
    rows = [(row.values[0], row.values[1]) for row in TABLE_ROWS]

    assert len(rows) == len(set(rows)) >= 150
