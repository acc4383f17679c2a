"""Every sentence of `sentences.txt` leads to just the calls that stand below it."""

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
    where: tuple[str, ...] = START
    sentence = ""
    for line in TABLE.read_text().splitlines()[7:]:
        if line.startswith("@"):
            where = tuple(line[1:].split())
        elif line.startswith(EXPECTED):
            yield pytest.param(
                where, sentence, line.removeprefix(EXPECTED), id=f"{where[1]}: {sentence}"
            )
        else:
            sentence = line.replace("\\n", "\n")


def in_words(name: str, arguments: dict[str, Any]) -> str:
    values = {
        key: value for key, value in arguments.items() if (name, key) != ("list_tasks", "limit")
    }
    return " ".join([name, *(f"{key}={_value(value)}" for key, value in values.items())])


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else str(value)


def without_quotes(text: str) -> str:
    """Quotation marks are in the table only to be read more easily."""
    return text.replace('"', "")


TABLE_ROWS = list(read_table())


@pytest.mark.parametrize(("where", "sentence", "expected"), TABLE_ROWS)
def test_a_sentence_makes_its_calls(
    make_user: MakeFakeUser, where: tuple[str, ...], sentence: str, expected: str
) -> None:
    user = make_user(*where)

    answer = user.send(sentence)

    # The card that goes with a question is the question again.
    questions = {"ask_to_delete", "delete_list"}
    calls = [call for call in user.todo.calls if call[0] not in questions]
    steps = [in_words(*call) for call in calls]
    if prompt := find_prompt(answer):
        steps.append(f"asks {prompt.name}")
    done = " ; ".join(steps) or f"says {' '.join(answer.split())}"
    wanted, is_cut = without_quotes(expected), expected.startswith("says ")
    assert without_quotes(done)[: len(wanted) if is_cut else None] == wanted


def test_the_table_has_no_sentence_twice() -> None:
    rows = [(row.values[0], row.values[1]) for row in TABLE_ROWS]

    assert len(rows) == len(set(rows)) >= 150
