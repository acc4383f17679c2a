"""Questions with choices: `threads.add_structured_input`."""

from typing import Any

import pytest
from chatkit.types import StructuredInputItem, ThreadItemReplacedEvent

from contract.chat_kit import Chatter, Turn, done, emit, script
from todochat.testing.model_server import ScriptedModelServer

QUESTIONS = [
    {
        "type": "multiple_choice",
        "id": "size",
        "question": "Which size?",
        "options": [{"value": "S"}, {"value": "L"}],
    },
    {
        "type": "multiple_choice",
        "id": "extras",
        "question": "With what?",
        "options": [{"value": "milk"}, {"value": "sugar"}],
        "multiple": True,
    },
    {"type": "freeform", "id": "name", "question": "For whom?"},
]
SKIPPED = {"values": [], "skipped": True}


def stored_answer(*values: str) -> dict[str, Any]:
    """Return an answer in its stored form."""
    return {"values": list(values), "skipped": False}


async def take_turn_with_question(ada: Chatter, model: ScriptedModelServer) -> Turn:
    """Take a turn in which the agent asks a question."""
    script(model, emit(done("structured_input", "ask_1", inputs=QUESTIONS)), then=None)
    model.answer()
    return await ada.send_message("a coffee, please")


@pytest.mark.parametrize(
    ("submission", "kept"),
    [
        (
            {
                "answers": {
                    "size": {"values": ["L"]},
                    "extras": {"values": ["milk", "sugar"]},
                    "name": {"values": ["Ada"]},
                }
            },
            {
                "size": stored_answer("L"),
                "extras": stored_answer("milk", "sugar"),
                "name": stored_answer("Ada"),
            },
        ),
        (
            {"answers": {"size": {"values": ["XXL, my own words"]}}},
            {"size": stored_answer("XXL, my own words"), "extras": SKIPPED, "name": SKIPPED},
        ),
        (
            {"answers": {"size": {"values": ["S", "L"]}, "name": {"skipped": True}}},
            {"size": stored_answer("S"), "extras": SKIPPED, "name": SKIPPED},
        ),
        (
            {"answers": {"colour": {"values": ["red"]}, "name": {"values": []}}},
            {"size": SKIPPED, "extras": SKIPPED, "name": SKIPPED},
        ),
        (
            {"status": "skipped", "answers": {"size": {"values": ["L"]}}},
            {"size": SKIPPED, "extras": SKIPPED, "name": SKIPPED},
        ),
        ({}, {"size": SKIPPED, "extras": SKIPPED, "name": SKIPPED}),
    ],
    ids=["all", "own-words", "one-choice", "unknown", "skipped", "nothing"],
)
async def test_answers_are_stored_with_their_questions(
    ada: Chatter,
    model: ScriptedModelServer,
    submission: dict[str, Any],
    kept: dict[str, dict[str, Any]],
) -> None:
    asked = await take_turn_with_question(ada, model)
    script(model, then="Coming.")

    turn = await ada.turn(
        "threads.add_structured_input",
        thread_id=asked.thread_id,
        item_id="ask_1",
        input=submission,
    )

    item = (await ada.items(asked.thread_id)).data[1]
    assert isinstance(item, StructuredInputItem)
    assert item.status == submission.get("status", "answered")
    answers = {question.id: question.answer for question in item.inputs}
    assert {name: answer and answer.model_dump() for name, answer in answers.items()} == kept
    (replaced,) = [event for event in turn.events if isinstance(event, ThreadItemReplacedEvent)]
    assert replaced.item == item


async def test_item_is_replaced_before_the_agent_responds(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    asked = await take_turn_with_question(ada, model)
    script(model, then="Coming.")

    turn = await ada.turn(
        "threads.add_structured_input",
        thread_id=asked.thread_id,
        item_id="ask_1",
        input={"answers": {"name": {"values": ["Ada"]}}},
    )

    begin = ["replaced:structured_input", "stream_options"]
    assert sorted(turn.outline[:2]) == sorted(begin)
    assert turn.outline[2] == "added:assistant_message"
    assert turn.text == "Coming."
    assert "Ada" in str(model.requests[-1].history)


async def test_second_answer_is_refused(ada: Chatter, model: ScriptedModelServer) -> None:
    asked = await take_turn_with_question(ada, model)
    script(model, then="Coming.")
    answer = {"thread_id": asked.thread_id, "item_id": "ask_1", "input": {}}
    await ada.turn("threads.add_structured_input", **answer)

    again = await ada.refusal("threads.add_structured_input", **answer)

    assert again == (409, "not-pending")


async def test_answer_to_an_item_that_is_no_question_is_refused(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    turn = await ada.send_message("hello")

    refused = await ada.refusal(
        "threads.add_structured_input",
        thread_id=turn.thread_id,
        item_id=turn.done[0].id,
        input={},
    )

    assert refused == (422, "invalid-input")


@pytest.mark.parametrize(
    "submission",
    [{"status": "maybe"}, {"answers": ["L"]}, {"answers": {"size": {"values": "L"}}}, None],
    ids=["status", "answers", "values", "null"],
)
async def test_invalid_answer_leaves_the_question_open(
    ada: Chatter, model: ScriptedModelServer, submission: Any
) -> None:
    asked = await take_turn_with_question(ada, model)

    refused = await ada.refusal(
        "threads.add_structured_input",
        thread_id=asked.thread_id,
        item_id="ask_1",
        input=submission,
    )

    assert refused == (422, "invalid-input")
    assert (await ada.items(asked.thread_id)).data == asked.done
