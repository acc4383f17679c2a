"""Actions of widgets: `threads.custom_action` and `threads.sync_custom_action`."""

from typing import Any

import pytest
from chatkit.types import SyncCustomActionResponse, WidgetItem

from contract.chat_kit import Chatter, Turn, done, emit, kinds, script, user_input
from todochat.testing.model_server import Gate, Say, ScriptedModelServer

CARD = {"type": "Card", "children": [{"type": "Text", "id": "t", "value": "42 %"}]}
SYNC = "threads.sync_custom_action"
BOTH = pytest.mark.parametrize("request_type", ["threads.custom_action", SYNC])


async def show_widget(ada: Chatter, model: ScriptedModelServer) -> Turn:
    """Take a turn with the widget `itm_1`; the model is not called again after it."""
    script(model, emit(done("widget", "itm_1", widget=CARD)))
    turn = await ada.send_message("how much?")
    model.requests.clear()
    return turn


def action(kind: str, payload: Any = None) -> dict[str, Any]:
    """Return an action in the official client's form."""
    return {"type": kind, "payload": payload}


async def test_action_streams_without_calling_the_model(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    shown = await show_widget(ada, model)

    turn = await ada.turn(
        "threads.custom_action",
        thread_id=shown.thread_id,
        item_id="itm_1",
        action=action("change", "43 %"),
    )

    assert turn.outline == ["stream_options", "updated"]
    assert turn.ended == "completed"
    assert model.requests == []
    (update,) = [event["update"] for event in turn.raw if "update" in event]
    assert update["type"] == "widget.root.updated"
    stored = (await ada.items(shown.thread_id)).data[1]
    assert isinstance(stored, WidgetItem)
    assert "43 %" in stored.model_dump_json()
    assert stored.id == "itm_1"


async def test_sync_action_returns_the_current_widget(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    shown = await show_widget(ada, model)

    answer = await ada.fetch(
        SYNC, thread_id=shown.thread_id, item_id="itm_1", action=action("change", "43 %")
    )

    item = SyncCustomActionResponse.model_validate(answer).updated_item
    assert item == (await ada.items(shown.thread_id)).data[1]
    assert "43 %" in str(answer)
    assert model.requests == []


@pytest.mark.parametrize("payload", [None, {}, {"id": 7, "nested": [{"a": None}]}, "text", [1]])
async def test_agent_receives_the_action_and_its_widget(
    ada: Chatter, model: ScriptedModelServer, payload: Any
) -> None:
    shown = await show_widget(ada, model)

    turn = await ada.turn(
        "threads.custom_action",
        thread_id=shown.thread_id,
        item_id="itm_1",
        action=action("echo", payload),
    )

    (effect,) = [event for event in turn.raw if event["type"] == "client_effect"]
    assert effect["data"] == {"payload": payload, "sender": "itm_1"}


async def test_page_action_has_no_widget(ada: Chatter, model: ScriptedModelServer) -> None:
    shown = await show_widget(ada, model)

    turn = await ada.turn("threads.custom_action", thread_id=shown.thread_id, action=action("echo"))
    answer = await ada.fetch(SYNC, thread_id=shown.thread_id, action=action("echo"))

    (effect,) = [event for event in turn.raw if event["type"] == "client_effect"]
    assert effect["data"] == {"payload": None, "sender": None}
    assert answer == {}


async def test_items_of_an_action_are_stored(ada: Chatter, model: ScriptedModelServer) -> None:
    shown = await show_widget(ada, model)
    events = [
        done("hidden_context_item", "hid_1", content="the cat knows"),
        done("widget", "itm_2", widget=CARD),
    ]

    turn = await ada.turn(
        "threads.custom_action",
        thread_id=shown.thread_id,
        item_id="itm_1",
        action=action("emit", events),
    )

    assert [item.id for item in turn.done] == ["itm_2"]
    assert "the cat knows" not in str(turn.raw)
    assert (await ada.items(shown.thread_id)).data == [*shown.done, *turn.done]


async def test_model_sees_context_left_by_an_action(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    shown = await show_widget(ada, model)
    hidden = [done("hidden_context_item", "hid_1", content="They pressed Buy.")]
    await ada.turn(
        "threads.custom_action", thread_id=shown.thread_id, action=action("emit", hidden)
    )
    script(model)

    await ada.send_message("and now?", shown.thread_id)

    assert "They pressed Buy." in str(model.requests[-1].history)


@pytest.mark.parametrize("allow_retry", [True, False])
async def test_refused_action_reports_the_reason(
    ada: Chatter, model: ScriptedModelServer, allow_retry: bool
) -> None:
    shown = await show_widget(ada, model)
    request = {"thread_id": shown.thread_id, "action": action("refuse", allow_retry)}

    turn = await ada.turn("threads.custom_action", **request)
    response = await ada.chatkit(SYNC, request)

    # No retry: it would regenerate the last message's response, without the action.
    (error,) = turn.errors
    assert (error.message, error.allow_retry) == ("The kitchen is closed.", False)
    assert turn.ended == "failed"
    assert response.status_code == (503 if allow_retry else 409)
    assert response.json()["detail"] == "The kitchen is closed."


async def test_crashed_action_reveals_no_internals(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    shown = await show_widget(ada, model)
    request = {"thread_id": shown.thread_id, "action": action("crash")}

    turn = await ada.turn("threads.custom_action", **request)
    response = await ada.chatkit(SYNC, request)

    assert [error.allow_retry for error in turn.errors] == [False]
    assert response.status_code == 503
    assert "secret" not in str(turn.raw) + response.text


@BOTH
async def test_only_widgets_send_actions(
    ada: Chatter, model: ScriptedModelServer, request_type: str
) -> None:
    shown = await show_widget(ada, model)

    refused = await ada.refusal(
        request_type,
        thread_id=shown.thread_id,
        item_id=shown.done[0].id,
        action=action("change", "43 %"),
    )

    assert refused == (422, "invalid-input")
    assert (await ada.items(shown.thread_id)).data == shown.done


@BOTH
async def test_widget_of_another_thread_is_refused(
    ada: Chatter, model: ScriptedModelServer, request_type: str
) -> None:
    shown = await show_widget(ada, model)
    script(model)
    other = await ada.send_message("hello")

    refused = await ada.refusal(
        request_type, thread_id=other.thread_id, item_id="itm_1", action=action("change", "43 %")
    )

    assert refused == (404, "not-found")
    assert (await ada.items(shown.thread_id)).data == shown.done


async def test_action_does_not_wait_for_the_running_response(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    shown = await show_widget(ada, model)
    gate = Gate()
    model.answer(Say("Wait", gate, " for it."))
    message = {"thread_id": shown.thread_id, "input": user_input("go on")}
    act = {"thread_id": shown.thread_id, "item_id": "itm_1"}

    async with ada.open("threads.add_user_message", **message) as stream:
        await gate.wait_reached()
        streamed = await ada.turn("threads.custom_action", **act, action=action("change", "43 %"))
        answer = await ada.fetch(SYNC, **act, action=action("change", "44 %"))
        gate.open()
        await stream.rest()

    assert (streamed.ended, stream.ended) == ("completed", "completed")
    assert "44 %" in str(answer)
    stored = await ada.items(shown.thread_id)
    assert kinds(stored).count("widget") == 1
    assert "44 %" in stored.data[1].model_dump_json()
