"""An agent's events besides its text, and their visibility to clients."""

from typing import Any

import pytest
from chatkit.types import (
    AssistantMessageItem,
    CustomSummary,
    DurationSummary,
    WidgetItem,
    WorkflowItem,
)

from contract.chat_kit import Chatter, done, emit, kinds, script
from todochat.testing.model_server import Call, ScriptedModelServer

CARD = {"type": "Card", "children": [{"type": "Text", "id": "t", "value": "42 %"}]}
TASK = {"type": "custom", "title": "Look it up", "status_indicator": "complete"}
CHOICE = {
    "type": "multiple_choice",
    "id": "size",
    "question": "Which size?",
    "options": [{"value": "S"}, {"value": "L"}],
}
SOURCE = {"type": "url", "title": "Docs", "url": "https://example.com"}
ANSWER = {
    "text": "See the docs.",
    "annotations": [{"type": "annotation", "index": 3, "source": SOURCE}],
}
HIDDEN: dict[str, dict[str, Any]] = {
    "hidden_context_item": {"content": {"secret": "the cat knows"}},
    "sdk_hidden_context": {"content": "the cat knows"},
}


@pytest.mark.parametrize(
    "event",
    [
        {"type": "progress_update", "text": "Looking ...", "icon": "search"},
        {"type": "client_effect", "name": "confetti", "data": {"colour": "red"}},
        {"type": "notice", "level": "warning", "message": "**Nearly** full", "title": "Room"},
        {"type": "error", "code": "custom", "message": "No.", "allow_retry": False},
        {"type": "stream_options", "stream_options": {"allow_cancel": False}},
    ],
    ids=lambda event: event["type"],
)
async def test_transient_events_are_streamed_and_not_stored(
    ada: Chatter, model: ScriptedModelServer, event: dict[str, Any]
) -> None:
    script(model, emit(event))

    turn = await ada.send_message("go on")

    assert event in turn.raw
    assert turn.raw.index(event) > turn.outline.index("stream_options")
    stored = await ada.items(turn.thread_id)
    assert kinds(stored) == ["user_message", "assistant_message"]


@pytest.mark.parametrize(
    ("item_type", "fields"),
    [
        ("widget", {"widget": CARD, "copy_text": "42 %"}),
        ("task", {"task": TASK}),
        ("workflow", {"workflow": {"type": "custom", "tasks": [TASK], "expanded": True}}),
        ("generated_image", {"image": {"id": "img_1", "url": "https://example.com/cat.png"}}),
        ("structured_input", {"inputs": [CHOICE], "status": "pending"}),
        ("assistant_message", {"content": [ANSWER]}),
        ("end_of_turn", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_item_is_streamed_and_stored_in_position(
    ada: Chatter, model: ScriptedModelServer, item_type: str, fields: dict[str, Any]
) -> None:
    script(model, emit(done(item_type, "itm_1", **fields)))

    turn = await ada.send_message("go on")

    assert f"done:{item_type}" in turn.outline
    stored = await ada.items(turn.thread_id)
    assert kinds(stored) == ["user_message", item_type, "assistant_message"]
    assert stored.data == turn.done
    told = stored.data[1].model_dump(exclude_none=True)
    assert told["thread_id"] == turn.thread_id
    (said,) = [event["item"] for event in turn.raw if event.get("item", {}).get("id") == "itm_1"]
    for name, value in fields.items():
        assert _contains(said[name], value)


@pytest.mark.parametrize("item_type", HIDDEN)
async def test_hidden_context_never_reaches_a_client(
    ada: Chatter, model: ScriptedModelServer, item_type: str
) -> None:
    script(model, emit(done(item_type, "hid_1", **HIDDEN[item_type])))

    turn = await ada.send_message("go on")

    pages = [
        await ada.fetch("threads.get_by_id", thread_id=turn.thread_id),
        await ada.fetch("items.list", thread_id=turn.thread_id),
        await ada.fetch("threads.list"),
    ]
    for told in [turn.raw, *pages]:
        assert "the cat knows" not in str(told)
        assert "hid_1" not in str(told)


@pytest.mark.parametrize("item_type", HIDDEN)
async def test_hidden_context_is_in_the_models_next_input(
    ada: Chatter, model: ScriptedModelServer, item_type: str
) -> None:
    script(model, emit(done(item_type, "hid_1", **HIDDEN[item_type])))
    script(model)
    first = await ada.send_message("go on")

    turn = await ada.send_message("who knows?", first.thread_id)

    assert turn.ended == "completed"
    # Not among the calls: one of them created it.
    told = [entry for entry in model.requests[-1].history if entry.get("role") == "user"]
    assert "the cat knows" in str(told)


async def test_tool_call_is_stored_without_being_shown(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model, emit({"type": "progress_update", "text": "Looking ..."}))
    script(model)
    first = await ada.send_message("go on")

    await ada.send_message("and then?", first.thread_id)

    assert "Looking ..." in str(model.requests[-1].history)
    assert kinds(await ada.items(first.thread_id))[:2] == ["user_message", "assistant_message"]


async def test_removed_item_is_deleted(ada: Chatter, model: ScriptedModelServer) -> None:
    removal = {"type": "thread.item.removed", "item_id": "itm_1"}
    script(model, emit(done("widget", "itm_1", widget=CARD)), emit(removal))

    turn = await ada.send_message("go on")

    assert turn.removed == ["itm_1"]
    assert turn.outline.index("thread.item.removed") > turn.outline.index("done:widget")
    assert kinds(await ada.items(turn.thread_id)) == ["user_message", "assistant_message"]


async def test_replaced_item_keeps_its_position(ada: Chatter, model: ScriptedModelServer) -> None:
    after = {**CARD, "children": [{"type": "Text", "id": "t", "value": "100 %"}]}
    item = {"type": "widget", "id": "itm_1", "widget": after}
    script(
        model,
        emit(done("widget", "itm_1", widget=CARD)),
        emit(done("end_of_turn", "itm_2")),
        emit({"type": "thread.item.replaced", "item": item}),
    )

    turn = await ada.send_message("go on")

    assert "replaced:widget" in turn.outline
    stored = await ada.items(turn.thread_id)
    assert [entry.id for entry in stored.data][1:3] == ["itm_1", "itm_2"]
    assert "100 %" in stored.data[1].model_dump_json()


async def test_unfinished_item_is_not_stored(ada: Chatter, model: ScriptedModelServer) -> None:
    begun = done("widget", "itm_1", widget=CARD) | {"type": "thread.item.added"}
    script(model, emit(begun))

    turn = await ada.send_message("go on")

    assert "added:widget" in turn.outline
    assert kinds(await ada.items(turn.thread_id)) == ["user_message", "assistant_message"]


async def test_widget_text_streams_as_deltas(ada: Chatter, model: ScriptedModelServer) -> None:
    script(model, Call("write_widget", {"texts": ["It", "It grows", "It grows well."]}))

    turn = await ada.send_message("write")

    assert turn.outline[3:6] == ["added:widget", "value_delta", "done:widget"]
    updates = [event["update"] for event in turn.raw if "update" in event][:2]
    assert [update["delta"] for update in updates] == [" grows", " well."]
    widget = turn.item(WidgetItem)
    assert widget.copy_text == "It grows well."
    assert "It grows well." in (await ada.items(turn.thread_id)).data[1].model_dump_json()


async def test_workflow_is_streamed_stepwise_and_stored_once(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model, Call("work", {"steps": ["Measure", "Cut"]}))

    turn = await ada.send_message("build a shelf")

    begin = turn.outline.index("added:workflow")
    assert turn.outline[begin : begin + 5] == ["added:workflow", "updated", "added", "updated",
                                               "done:workflow"]  # fmt: skip
    workflow = turn.item(WorkflowItem).workflow
    assert [task.title for task in workflow.tasks] == ["Measure", "Cut"]
    assert {task.status_indicator for task in workflow.tasks} == {"complete"}
    assert isinstance(workflow.summary, DurationSummary)
    assert kinds(await ada.items(turn.thread_id)).count("workflow") == 1


async def test_workflow_keeps_its_own_summary(ada: Chatter, model: ScriptedModelServer) -> None:
    workflow = {"type": "custom", "tasks": [TASK], "summary": {"title": "Looked it up"}}
    begun = done("workflow", "itm_1", workflow=workflow) | {"type": "thread.item.added"}
    script(model, emit(begun))

    turn = await ada.send_message("go on")

    assert turn.item(WorkflowItem).workflow.summary == CustomSummary(title="Looked it up")


async def test_text_after_a_widget_is_ordered_after_it(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model, emit(done("widget", "itm_1", widget=CARD)), then="That is all.")

    turn = await ada.send_message("go on")

    types = [type(item) for item in turn.done[1:]]
    assert types == [WidgetItem, AssistantMessageItem]
    assert turn.done[1].created_at < turn.done[2].created_at


def _contains(told: Any, sent: Any) -> bool:
    """Return whether everything that was sent is present; types add their defaults."""
    match sent:
        case dict():
            return all(_contains(told.get(name), value) for name, value in sent.items())
        case list():
            pairs = zip(told, sent, strict=True)
            return all(_contains(one, other) for one, other in pairs)
        case _:
            return bool(told == sent)


async def test_tool_items_precede_the_following_text(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    said = [f"itm_{number}" for number in range(12)]
    script(model, emit(*(done("widget", item_id, widget=CARD) for item_id in said)))

    turn = await ada.send_message("go on")

    items = [event["item"] for event in turn.raw if event["type"] == "thread.item.done"]
    assert [item["id"] for item in items if item["type"] == "widget"] == said
    answer = turn.outline.index("added:assistant_message")
    assert "done:widget" not in turn.outline[answer:]
    assert kinds(await ada.items(turn.thread_id))[-1] == "assistant_message"
