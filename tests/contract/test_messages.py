"""`threads.create` and `threads.add_user_message`."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from chatkit.types import AssistantMessageItem, UserMessageItem

from contract.chat_kit import Chatter, kinds, script, text_of, user_input
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer

TAG = {
    "type": "input_tag",
    "id": "tsk_1",
    "text": "Buy milk",
    "data": {"number": "1"},
    "group": "Tasks",
    "interactive": True,
}


async def test_new_thread_events_are_in_order(ada: Chatter, model: ScriptedModelServer) -> None:
    model.answer(Say("Hel", "lo."))

    turn = await ada.send_message("hello")

    assert turn.outline == [
        "thread.created",
        "done:user_message",
        "stream_options",
        "added:assistant_message",
        "added",
        "text_delta",
        "done",
        "done:assistant_message",
        "thread.updated",
    ]
    assert turn.ended == "completed"


async def test_later_message_is_streamed_without_the_thread(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    script(model)
    first = await ada.send_message("hello")

    turn = await ada.send_message("and now?", first.thread_id)

    assert turn.outline[:3] == ["done:user_message", "stream_options", "added:assistant_message"]
    assert "thread.updated" not in turn.outline
    assert turn.thread_id == first.thread_id


async def test_created_thread_event_is_empty(ada: Chatter, model: ScriptedModelServer) -> None:
    script(model)

    turn = await ada.send_message("hello")

    thread = turn.raw[0]["thread"]
    assert thread["id"] == turn.thread_id
    assert thread["status"] == {"type": "active"}
    assert thread["items"] == {"data": [], "has_more": False}
    assert "title" not in thread
    assert "allowed_image_domains" not in thread


async def test_stream_can_be_cancelled_by_default(ada: Chatter, model: ScriptedModelServer) -> None:
    script(model)

    turn = await ada.send_message("hello")

    (options,) = [event for event in turn.raw if event["type"] == "stream_options"]
    assert options["stream_options"] == {"allow_cancel": True}


async def test_stored_items_equal_streamed_items(ada: Chatter, model: ScriptedModelServer) -> None:
    script(model, then="It is done.")

    turn = await ada.send_message("do it")

    stored = await ada.items(turn.thread_id)
    assert stored.data == turn.done
    assert kinds(stored) == ["user_message", "assistant_message"]


async def test_deltas_add_up_to_the_message(ada: Chatter, model: ScriptedModelServer) -> None:
    model.answer(Say("One, ", "two, ", "three."))

    turn = await ada.send_message("count")

    deltas = [event["update"].get("delta", "") for event in turn.raw if "update" in event]
    assert "".join(deltas) == "One, two, three." == text_of(turn.item(AssistantMessageItem))


async def test_user_message_is_streamed_before_model_output(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(gate, Say("At last."))

    async with ada.open("threads.create", input=user_input("take your time")) as stream:
        said = await stream.until("thread.item.done")
        await stream.until("stream_options")
        gate.open()
        await stream.rest()

    assert said["item"]["type"] == "user_message"


@pytest.mark.parametrize(
    "message",
    [
        {"content": [{"type": "input_text", "text": "line one\nline two 👩‍🔬"}]},
        {"content": [{"type": "input_text", "text": "do "}, TAG]},
        {"content": [TAG, {**TAG, "id": "tsk_2", "text": "Eggs", "interactive": False}]},
        {"quoted_text": "as you said"},
        {"inference_options": {"tool_choice": {"id": "search"}}},
        {"inference_options": {"model": "gpt-large"}},
        {"inference_options": {"tool_choice": {"id": "search"}, "model": "gpt-large"}},
    ],
    ids=["text", "text-and-tag", "tags", "quote", "tool", "model", "tool-and-model"],
)
async def test_message_is_stored_as_sent(
    ada: Chatter, model: ScriptedModelServer, message: dict[str, Any]
) -> None:
    script(model)

    turn = await ada.send_message("hello", **message)

    stored = (await ada.items(turn.thread_id)).data[0].model_dump(exclude_none=True)
    assert turn.item(UserMessageItem).model_dump(exclude_none=True) == stored
    sent = user_input("hello", **message)
    content = [{"group": None, **part} for part in sent["content"]]
    assert [{"group": None, **part} for part in stored["content"]] == content
    assert stored.get("quoted_text") == sent["quoted_text"]
    assert stored["inference_options"] == sent["inference_options"]


async def test_agent_sees_the_chosen_model_and_tool(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    chosen = {"tool_choice": {"id": "search"}, "model": "gpt-large"}
    script(model, Call("read_options"))

    await ada.send_message("hello", inference_options=chosen)

    [output] = [
        entry["output"]
        for entry in model.requests[-1].history
        if entry["type"] == "function_call_output"
    ]
    assert json.loads(output) == chosen


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"quoted_text": "as you said"}, "as you said"),
        ({"content": [TAG]}, "Buy milk"),
        ({"content": [{"type": "input_text", "text": "what I wrote"}]}, "what I wrote"),
    ],
    ids=["quote", "tag", "text"],
)
async def test_model_receives_the_complete_message(
    ada: Chatter, model: ScriptedModelServer, message: dict[str, Any], told: str
) -> None:
    script(model)

    await ada.send_message("hello", **message)

    assert told in str(model.requests[0].history)


async def test_request_metadata_is_accepted_and_not_returned(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    body = {
        "type": "threads.create",
        "params": {"input": user_input("hello")},
        "metadata": {"page": "/pricing"},
    }

    async with ada.stream(body) as stream:
        events = await stream.rest()

    assert stream.ended == "completed"
    assert "/pricing" not in str(events)


async def test_ids_are_unique_and_times_are_increasing_utc(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    began = datetime.now(UTC)
    script(model)
    script(model)

    first = await ada.send_message("one")
    second = await ada.send_message("two", first.thread_id)

    items = [*first.done, *second.done]
    assert len({item.id for item in items}) == 4
    times = [item.created_at for item in items]
    assert times == sorted(set(times))
    assert times[0] > began
    assert all(event["item"]["created_at"][-1] == "Z" for event in first.raw if "item" in event)


async def test_thread_is_titled_after_its_first_message(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    script(model)

    first = await ada.send_message("plan the summer party")
    await ada.send_message("and the winter one", first.thread_id)

    assert [thread.title for thread in first.thread_updates] == ["Plan the summer party"]
    assert (await ada.thread(first.thread_id)).title == "Plan the summer party"


async def test_second_message_during_a_response_is_refused(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(gate, Say("Now."))

    async with ada.open("threads.create", input=user_input("hello")) as stream:
        thread_id = stream.response.headers["x-thread-id"]
        await gate.wait_reached()
        refused = await ada.refusal(
            "threads.add_user_message", thread_id=thread_id, input=user_input("hurry")
        )
        gate.open()
        await stream.rest()

    assert refused == (409, "thread-busy")
    assert kinds(await ada.items(thread_id)) == ["user_message", "assistant_message"]
