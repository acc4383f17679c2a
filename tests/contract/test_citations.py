"""Citations from a model server, against the locked openai and openai-chatkit."""

from typing import Any

import pytest
from chatkit.types import AssistantMessageItem

from contract.chat_kit import Chatter, script
from todochat.testing.model_server import Say, ScriptedModelServer

URL = {
    "type": "url_citation",
    "url": "https://example.com/milk",
    "title": "All about milk",
    "start_index": 0,
    "end_index": 8,
}
FILE = {"type": "file_citation", "file_id": "file_1", "filename": "milk.pdf", "index": 8}
CONTAINER_FILE = {
    "type": "container_file_citation",
    "container_id": "cntr_1",
    "file_id": "cfile_1",
    "filename": "milk.csv",
    "start_index": 0,
    "end_index": 8,
}
CITATIONS = [
    (URL, {"type": "url", "title": "All about milk", "url": "https://example.com/milk"}),
    (FILE, {"type": "file", "title": "milk.pdf", "filename": "milk.pdf"}),
    (CONTAINER_FILE, {"type": "file", "title": "milk.csv", "filename": "milk.csv"}),
]
UNUSABLE: list[dict[str, Any]] = [
    {"type": "file_path", "file_id": "file_1", "index": 0},  # not a source in ChatKit
    {"type": "invented_citation", "where": "nowhere"},
    {"type": "url_citation", "title": "No address"},
    {"type": "file_citation", "file_id": "file_1", "filename": None, "index": 8},
    {},
]


@pytest.mark.parametrize(
    ("citation", "source"), CITATIONS, ids=[str(row[0]["type"]) for row in CITATIONS]
)
async def test_citation_is_streamed_and_stored_as_a_source(
    ada: Chatter, model: ScriptedModelServer, citation: dict[str, Any], source: dict[str, Any]
) -> None:
    model.answer(Say("Milk is white.", citations=[citation]))

    turn = await ada.send_message("what is milk?")

    assert turn.ended == "completed", turn.errors
    (streamed,) = [
        event["update"]["annotation"]
        for event in turn.raw
        if event.get("update", {}).get("type") == "assistant_message.content_part.annotation_added"
    ]
    assert streamed["index"] == 8
    assert source.items() <= streamed["source"].items()
    (stored,) = (await ada.items(turn.thread_id)).data[1:]
    assert stored == turn.item(AssistantMessageItem)
    (kept,) = turn.item(AssistantMessageItem).content[0].annotations
    assert source.items() <= kept.source.model_dump().items()


async def test_unusable_citations_are_dropped_and_the_answer_completes(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    untitled = {**URL, "title": None}
    model.answer(Say("Milk is white.", citations=[*UNUSABLE, untitled]))

    turn = await ada.send_message("what is milk?")

    assert turn.ended == "completed", turn.errors
    assert turn.text == "Milk is white."
    (kept,) = turn.item(AssistantMessageItem).content[0].annotations
    assert kept.source.title == URL["url"]


async def test_cited_answer_is_part_of_the_next_history(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    model.answer(Say("Milk is white.", citations=[URL, FILE, CONTAINER_FILE]))
    script(model)
    first = await ada.send_message("what is milk?")

    turn = await ada.send_message("and cheese?", first.thread_id)

    assert turn.ended == "completed"
    assert "Milk is white." in str(model.requests[-1].history)
