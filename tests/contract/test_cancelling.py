"""Stopping a response: the stored part, and the model's knowledge of it afterwards."""

from contract.chat_kit import Chatter, done, emit, kinds, script, text_of, user_input
from todochat.testing.model_server import Gate, Say, ScriptedModelServer

CARD = {"type": "Card", "children": [{"type": "Text", "id": "t", "value": "42 %"}]}


async def send_and_stop(ada: Chatter, *chunks: str, model: ScriptedModelServer) -> str:
    """Stop a response after it has streamed `chunks`; return the thread's ID."""
    gate = Gate()
    model.answer(Say(*chunks, gate, "never said"))
    async with ada.open("threads.create", input=user_input("talk")) as stream:
        said = ""
        while len(said) < len("".join(chunks)):  # chunks that arrive together are one delta
            event = await stream.until("assistant_message.content_part.text_delta")
            said += event["update"]["delta"]
        await gate.wait_reached()
        cancelled = await ada.cancel(stream.response.headers["x-run-id"])
        await stream.rest()
    assert cancelled.status_code == 202
    assert stream.ended == "cancelled"
    thread_id: str = stream.response.headers["x-thread-id"]
    return thread_id


async def test_streamed_text_is_stored(ada: Chatter, model: ScriptedModelServer) -> None:
    thread_id = await send_and_stop(ada, "Once upon ", "a time", model=model)

    stored = await ada.items(thread_id)

    assert kinds(stored) == ["user_message", "assistant_message"]
    assert text_of(stored.data[1]) == "Once upon a time"


async def test_empty_response_stores_nothing(ada: Chatter, model: ScriptedModelServer) -> None:
    thread_id = await send_and_stop(ada, model=model)

    assert kinds(await ada.items(thread_id)) == ["user_message"]


async def test_blank_text_is_not_stored(ada: Chatter, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(Say(" ", "\n", gate, "never said"))

    async with ada.open("threads.create", input=user_input("talk")) as stream:
        await gate.wait_reached()
        await ada.cancel(stream.response.headers["x-run-id"])
        await stream.rest()

    thread_id = stream.response.headers["x-thread-id"]
    assert kinds(await ada.items(thread_id)) == ["user_message"]


async def test_stopped_response_has_no_error(ada: Chatter, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(Say("Half", gate, "never said"))

    async with ada.open("threads.create", input=user_input("talk")) as stream:
        await gate.wait_reached()
        await ada.cancel(stream.response.headers["x-run-id"])
        events = await stream.rest()

    assert "error" not in [event["type"] for event in events]
    assert "never said" not in str(events)


async def test_model_is_informed_of_the_stop_and_the_client_is_not(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    thread_id = await send_and_stop(ada, "Once", model=model)
    script(model, then="Something else.")

    turn = await ada.send_message("something else", thread_id)

    assert (turn.ended, turn.text) == ("completed", "Something else.")
    history = str(model.requests[-1].history)
    assert "cancelled" in history
    assert "Once" in history
    told = [turn.raw, await ada.fetch("items.list", thread_id=thread_id)]
    assert "cancelled" not in str(told)
    assert "sdk_hidden_context" not in str(told)


async def test_items_finished_before_the_stop_are_kept(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(emit(done("widget", "itm_1", widget=CARD)))
    model.answer(Say("Half", gate, "never said"))

    async with ada.open("threads.create", input=user_input("show")) as stream:
        await gate.wait_reached()
        await ada.cancel(stream.response.headers["x-run-id"])
        await stream.rest()

    stored = await ada.items(stream.response.headers["x-thread-id"])
    assert kinds(stored)[:2] == ["user_message", "widget"]


async def test_unfinished_items_are_removed(ada: Chatter, model: ScriptedModelServer) -> None:
    gate = Gate()
    begun = done("widget", "itm_1", widget=CARD) | {"type": "thread.item.added"}
    model.answer(emit(begun))
    model.answer(gate, Say("never said"))

    async with ada.open("threads.create", input=user_input("show")) as stream:
        await gate.wait_reached()
        await ada.cancel(stream.response.headers["x-run-id"])
        events = await stream.rest()

    assert {"type": "thread.item.removed", "item_id": "itm_1"} in events
    assert kinds(await ada.items(stream.response.headers["x-thread-id"])) == ["user_message"]


async def test_stopped_message_can_be_retried(ada: Chatter, model: ScriptedModelServer) -> None:
    thread_id = await send_and_stop(ada, "Half", model=model)
    message = (await ada.items(thread_id)).data[0]
    script(model, then="Whole.")

    turn = await ada.turn("threads.retry_after_item", thread_id=thread_id, item_id=message.id)

    assert (turn.ended, turn.text) == ("completed", "Whole.")
    assert "cancelled" not in str(model.requests[-1].history)
    assert kinds(await ada.items(thread_id)) == ["user_message", "assistant_message"]


async def test_stop_does_not_change_a_finished_response(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    turn = await ada.send_message("hello")

    late = await ada.cancel(turn.run_id)

    assert late.status_code == 202
    assert (await ada.items(turn.thread_id)).data == turn.done


async def test_other_users_cannot_stop_a_response(
    ada: Chatter, bob: Chatter, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("Hel", gate, "lo."))

    async with ada.open("threads.create", input=user_input("hello")) as stream:
        await gate.wait_reached()
        refused = await bob.cancel(stream.response.headers["x-run-id"])
        gate.open()
        await stream.rest()

    assert refused.status_code == 404
    assert stream.ended == "completed"
