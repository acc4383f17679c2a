"""`threads.retry_after_item`: a message gets a new response."""

from contract.chat_kit import Chatter, done, emit, kinds, script, text_of
from todochat.testing.model_server import ErrorFrame, Gate, Say, ScriptedModelServer


async def test_new_response_replaces_everything_after_the_message(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model, then="First.")
    first = await ada.send_message("hello")
    message, answer = first.done
    script(model, then="Second.")

    turn = await ada.turn("threads.retry_after_item", thread_id=first.thread_id, item_id=message.id)

    assert turn.removed == [answer.id]
    assert turn.text == "Second."
    assert "done:user_message" not in turn.outline
    stored = await ada.items(first.thread_id)
    assert stored.data == [message, *turn.done]
    assert turn.done[0].id != answer.id


async def test_new_response_is_streamed_in_order(ada: Chatter, model: ScriptedModelServer) -> None:
    script(model)
    script(model)
    first = await ada.send_message("hello")

    turn = await ada.turn(
        "threads.retry_after_item", thread_id=first.thread_id, item_id=first.done[0].id
    )

    assert turn.outline == [
        "thread.item.removed",
        "stream_options",
        "added:assistant_message",
        "added",
        "text_delta",
        "done",
        "done:assistant_message",
    ]


async def test_later_messages_are_removed(ada: Chatter, model: ScriptedModelServer) -> None:
    for text in ("First.", "Second.", "Third."):
        script(model, then=text)
    first = await ada.send_message("one")
    second = await ada.send_message("two", first.thread_id)
    third = await ada.send_message("three", first.thread_id)
    script(model, then="Again.")

    turn = await ada.turn(
        "threads.retry_after_item", thread_id=first.thread_id, item_id=second.done[0].id
    )

    assert turn.removed == [second.done[1].id, *(item.id for item in third.done)]
    stored = await ada.items(first.thread_id)
    assert kinds(stored) == ["user_message", "assistant_message"] * 2
    assert text_of(stored.data[-1]) == "Again."
    history = str(model.requests[-1].history)
    assert ("First." in history, "Second." in history, "three" in history) == (True, False, False)


async def test_retry_of_the_last_message_keeps_earlier_turns(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model, then="First.")
    script(model, then="Second.")
    first = await ada.send_message("one")
    second = await ada.send_message("two", first.thread_id)
    script(model, then="Again.")

    await ada.turn("threads.retry_after_item", thread_id=first.thread_id, item_id=second.done[0].id)

    stored = await ada.items(first.thread_id)
    assert stored.data[:3] == [*first.done, second.done[0]]
    assert text_of(stored.data[3]) == "Again."


async def test_failed_turn_can_be_retried(ada: Chatter, model: ScriptedModelServer) -> None:
    model.answer(Say("Half"), ErrorFrame())
    failed = await ada.send_message("hello")
    script(model, then="Whole.")

    turn = await ada.turn(
        "threads.retry_after_item", thread_id=failed.thread_id, item_id=failed.done[0].id
    )

    assert (turn.ended, turn.text, turn.errors) == ("completed", "Whole.", [])
    texts = [text_of(item) for item in (await ada.items(failed.thread_id)).data]
    assert texts == ["", "Whole."]


async def test_items_of_every_kind_are_removed_hidden_ones_silently(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    task = {"type": "custom", "title": "Look"}
    script(
        model,
        emit(
            done("hidden_context_item", "hid_1", content="the cat knows"),
            done("task", "itm_1", task=task),
            done("end_of_turn", "itm_2"),
        ),
    )
    first = await ada.send_message("hello")
    script(model, then="Again.")

    turn = await ada.turn(
        "threads.retry_after_item", thread_id=first.thread_id, item_id=first.done[0].id
    )

    assert sorted(turn.removed) == sorted(item.id for item in first.done[1:])
    assert "hid_1" not in str(turn.raw)
    assert kinds(await ada.items(first.thread_id)) == ["user_message", "assistant_message"]


async def test_only_a_users_message_can_be_retried(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    turn = await ada.send_message("hello")

    refused = await ada.refusal(
        "threads.retry_after_item", thread_id=turn.thread_id, item_id=turn.done[1].id
    )

    assert refused == (422, "invalid-input")
    assert (await ada.items(turn.thread_id)).data == turn.done


async def test_message_of_another_thread_cannot_be_retried(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    script(model)
    one = await ada.send_message("hello")
    other = await ada.send_message("hello there")

    refused = await ada.refusal(
        "threads.retry_after_item", thread_id=one.thread_id, item_id=other.done[0].id
    )

    assert refused == (404, "not-found")
    assert (await ada.items(one.thread_id)).data == one.done


async def test_retry_during_a_response_removes_nothing(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    first = await ada.send_message("hello")
    gate = Gate()
    model.answer(gate, Say("Second."))
    params = {"thread_id": first.thread_id, "item_id": first.done[0].id}

    async with ada.open("threads.retry_after_item", **params) as stream:
        await gate.wait_reached()
        refused = await ada.refusal("threads.retry_after_item", **params)
        gate.open()
        await stream.rest()

    assert refused == (409, "thread-busy")
    assert stream.ended == "completed"


async def test_retry_keeps_quote_tool_and_model_of_the_message(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model)
    options = {"tool_choice": {"id": "search"}, "model": "gpt-large"}
    first = await ada.send_message("hello", quoted_text="as you said", inference_options=options)
    script(model)

    await ada.turn("threads.retry_after_item", thread_id=first.thread_id, item_id=first.done[0].id)

    assert (await ada.items(first.thread_id)).data[0] == first.done[0]
    assert "as you said" in str(model.requests[-1].history)
