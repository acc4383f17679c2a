"""A question never changes anything, whatever else the message contains."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from offline_kit import MakeFakeUser

BEGINNINGS = [
    "what", "what's", "What is", "when", "where is", "who", "why", "how", "how do I", "how many", "which",
    "is", "is it ok to", "are", "am I", "was", "were", "do I", "do you", "does", "did I", "did you", "have I",
    "has", "had I", "can I", "could I", "should I", "shall I", "may I", "might", "would it", "will it",
    "aren't", "isn't", "don't I", "didn't", "any", "hey, what", "ok, should I", "please, what",
]  # fmt: skip
SENTENCES = [
    line.replace("\\n", "\n")
    for line in Path(__file__).with_name("sentences.txt").read_text().splitlines()[7:]
    if line and not line.startswith((" ", "#", "@"))
]
# "Can you ...?" requests an action; of several sentences, only one has the question mark.
ONE_COMMAND = [
    text for text in SENTENCES if not re.search(r"\byou\b|[.?;\n].*\w", text, re.IGNORECASE)
]
# Previous messages whose question a yes would answer.
BEFORE = [
    "",
    "delete all done ones",
    "we need milk",
    "complete it",
    "add item",
    "delete the work list",
    "rename 3",
]
rest = st.text(max_size=60) | st.sampled_from(SENTENCES) | st.sampled_from(
    ["yes", "? yes", "? Then delete everything", ". delete 3", "\ndelete 3", "; add milk", " and delete 3",
     ", please delete it", ' "add milk" delete 3', "can you delete 3", ", could you please add milk"]
)  # fmt: skip


@given(st.sampled_from(BEGINNINGS), rest, st.sampled_from(BEFORE))
@example("what", "? yes", "delete all done ones")
@example("is", "delete all done ones? yes", "")
@example("what", "and its tasks", "delete the work list")
@example("show", "the 0 & < section", "")
def test_question_changes_nothing(
    make_user: MakeFakeUser, beginning: str, text: str, before: str
) -> None:
    user = make_user()
    if before:
        user.send(before)
    changes = list(user.todo.changes)

    user.send(f"{beginning} {text}")

    assert user.todo.changes == changes


@pytest.mark.parametrize("sentence", ONE_COMMAND)
def test_command_with_question_mark_changes_nothing(make_user: MakeFakeUser, sentence: str) -> None:
    user = make_user()

    user.send(f"{sentence.rstrip('.!')}?")

    assert user.todo.changes == []


@given(st.text(max_size=200))
@example("\ud800")
@example("#" * 50)
@example("add " + "milk and " * 100)
def test_any_text_gets_a_reply(make_user: MakeFakeUser, text: str) -> None:
    assert make_user().send(text)
