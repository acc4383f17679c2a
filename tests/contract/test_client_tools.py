"""Tools that the browser runs: `threads.add_client_tool_output`."""

from typing import Any

import pytest
from chatkit.types import ClientToolCallItem

from contract.chat_kit import Chatter, Turn, done, emit, kinds, script
from todochat.testing.model_server import Call, Say, ScriptedModelServer

PLACE = {"name": "get_place", "arguments": {"accuracy": "high"}}


async def ask_browser(ada: Chatter, model: ScriptedModelServer) -> Turn:
    """Take a turn that ends with a call for the browser."""
    script(model, Call("ask_browser", PLACE), then=None)
    return await ada.send_message("where am I?")


async def test_client_tool_call_ends_the_turn(ada: Chatter, model: ScriptedModelServer) -> None:
    turn = await ask_browser(ada, model)

    assert turn.outline == [
        "thread.created",
        "done:user_message",
        "stream_options",
        "done:client_tool_call",
        "thread.updated",
    ]
    call = turn.item(ClientToolCallItem)
    assert (call.name, call.arguments) == ("get_place", {"accuracy": "high"})
    assert (call.status, call.output) == ("pending", None)
    assert (await ada.items(turn.thread_id)).data == turn.done


@pytest.mark.parametrize(
    "result",
    [{"city": "Köln"}, ["a", 1], "Köln", 7, 1.5, True, False, None, {}, ""],
    ids=["object", "list", "text", "int", "float", "true", "false", "null", "empty", "blank"],
)
async def test_browser_output_is_stored_and_sent_to_the_model(
    ada: Chatter, model: ScriptedModelServer, result: Any
) -> None:
    asked = await ask_browser(ada, model)
    script(model, then="I see.")

    turn = await ada.turn(
        "threads.add_client_tool_output", thread_id=asked.thread_id, result=result
    )

    assert turn.outline[0] == "stream_options"
    assert (turn.ended, turn.text) == ("completed", "I see.")
    stored = (await ada.items(asked.thread_id)).data
    assert isinstance(stored[1], ClientToolCallItem)
    assert (stored[1].status, stored[1].output) == ("completed", result)
    (output,) = [
        entry for entry in model.requests[-1].history if entry["type"] == "function_call_output"
    ]
    assert output["call_id"] == stored[1].call_id


async def test_unexpected_output_is_refused(ada: Chatter, model: ScriptedModelServer) -> None:
    script(model)
    turn = await ada.send_message("hello")

    refused = await ada.refusal(
        "threads.add_client_tool_output", thread_id=turn.thread_id, result={}
    )

    assert refused == (409, "not-pending")
    assert (await ada.items(turn.thread_id)).data == turn.done


async def test_second_output_of_a_call_is_refused(ada: Chatter, model: ScriptedModelServer) -> None:
    asked = await ask_browser(ada, model)
    script(model)
    await ada.turn("threads.add_client_tool_output", thread_id=asked.thread_id, result=1)

    again = await ada.refusal("threads.add_client_tool_output", thread_id=asked.thread_id, result=2)

    assert again == (409, "not-pending")
    stored = (await ada.items(asked.thread_id)).data[1]
    assert isinstance(stored, ClientToolCallItem)
    assert stored.output == 1


async def test_unanswered_call_is_hidden_from_the_model_after_a_message(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    asked = await ask_browser(ada, model)
    script(model, then="Never mind.")

    turn = await ada.send_message("forget it", asked.thread_id)

    assert (turn.ended, turn.text) == ("completed", "Never mind.")
    assert "get_place" not in str(model.requests[-1].history)
    late = await ada.refusal("threads.add_client_tool_output", thread_id=asked.thread_id, result=1)
    assert late == (409, "not-pending")


async def test_answering_a_later_call_removes_unanswered_ones(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    first = await ask_browser(ada, model)
    script(model, Call("ask_browser", PLACE), then=None)
    second = await ada.send_message("again", first.thread_id)
    script(model, then="There.")

    await ada.turn("threads.add_client_tool_output", thread_id=first.thread_id, result=1)

    stored = (await ada.items(first.thread_id)).data
    calls = [item.id for item in stored if isinstance(item, ClientToolCallItem)]
    assert calls == [second.item(ClientToolCallItem).id]


async def test_client_tools_can_be_called_in_sequence(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    turn = await ask_browser(ada, model)
    for result in ("here", "there"):
        script(model, Call("ask_browser", PLACE), then=None)
        turn = await ada.turn(
            "threads.add_client_tool_output", thread_id=turn.thread_id, result=result
        )
        assert turn.outline[-1] == "done:client_tool_call"
    script(model, then="Found you.")

    last = await ada.turn("threads.add_client_tool_output", thread_id=turn.thread_id, result="x")

    assert last.text == "Found you."
    stored = await ada.items(turn.thread_id)
    calls = [item for item in stored.data if isinstance(item, ClientToolCallItem)]
    assert [call.output for call in calls] == ["here", "there", "x"]
    assert len({call.id for call in calls}) == len({call.call_id for call in calls}) == 3


async def test_workflow_continues_after_the_browser_output(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    task = {"type": "custom", "title": "Find out", "status_indicator": "loading"}
    workflow = {"workflow": {"type": "custom", "tasks": [task]}}
    begun = done("workflow", "wf_1", **workflow) | {"type": "thread.item.added"}
    script(model, emit(begun), Call("ask_browser", PLACE), then=None)
    asked = await ada.send_message("where am I?")
    script(model, then="In Köln.")

    turn = await ada.turn("threads.add_client_tool_output", thread_id=asked.thread_id, result=1)

    assert (turn.ended, turn.text) == ("completed", "In Köln.")
    assert turn.outline[:3] == ["stream_options", "done:workflow", "added:assistant_message"]
    stored = await ada.items(asked.thread_id)
    assert kinds(stored) == ["user_message", "workflow", "client_tool_call", "assistant_message"]


async def test_parallel_server_tool_call_is_stored(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    progress = {"type": "progress_update", "text": "Looking ..."}
    model.answer(Call("ask_browser", PLACE), emit(progress))
    asked = await ada.send_message("where am I?")
    script(model, then="In Köln.")

    await ada.turn("threads.add_client_tool_output", thread_id=asked.thread_id, result="Köln")

    history = model.requests[-1].history
    calls = [entry["name"] for entry in history if entry["type"] == "function_call"]
    assert sorted(calls) == ["emit", "get_place"]
    outputs = [entry for entry in history if entry["type"] == "function_call_output"]
    assert len(outputs) == 2


async def test_client_tool_call_may_follow_text(ada: Chatter, model: ScriptedModelServer) -> None:
    model.answer(Say("Let me see."), Call("ask_browser", PLACE))

    turn = await ada.send_message("where am I?")

    assert [item.type for item in turn.done] == [
        "user_message",
        "assistant_message",
        "client_tool_call",
    ]
