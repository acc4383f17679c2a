"""Cancellation during text and tools."""

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import text
from stand_in_kit import TasksStandIn
from worker_kit import Chat

from todochat.contracts.runs import AcceptedRun
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer


async def test_cancel_keeps_partial_text_and_closes_model_stream(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    gate = Gate()
    model.answer(Say("Once upon", " a time", gate, " there was"))
    await chat.start_worker(api=wire)
    run = await chat.say_until(gate, "tell me a story")
    await wait_until(lambda: chat.has_text(run, "Once upon a time"))

    await chat.cancel(run)

    assert await chat.wait_for_end(run) == "cancelled"
    await wait_until(lambda: model.requests[0].closed_by_client)
    assert await chat.texts(run) == ["tell me a story", "Once upon a time"]
    *_, partial, note = await chat.items(run)
    assert note.type == "sdk_hidden_context"
    assert await chat.stopped_after(run) == [partial.id]
    assert (await chat.events(run))[-1].type != "error"


@pytest.fixture
async def waiting_run(chat: Chat, model: ScriptedModelServer) -> AcceptedRun:
    """A run that waits for the first token of its model."""
    gate = Gate()
    model.answer(gate, Say("too late"))
    await chat.start_worker()
    return await chat.say_until(gate, "hi")


async def test_cancel_before_first_token_leaves_no_message(
    chat: Chat, waiting_run: AcceptedRun
) -> None:
    await chat.cancel(waiting_run)

    assert await chat.wait_for_end(waiting_run) == "cancelled"
    assert await chat.texts(waiting_run) == ["hi"]
    message, _note = await chat.items(waiting_run)
    assert await chat.stopped_after(waiting_run) == [message.id]


async def test_abandoned_response_is_not_one_that_the_user_stopped(
    chat: Chat, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("Once upon", gate, " a time"))
    model.answer(Say("Where were we?"))
    await chat.start_worker()
    run = await chat.say_until(gate, "tell me a story")
    await wait_until(lambda: chat.has_text(run, "Once upon"))

    await chat.cancel(run, "abandoned")

    assert await chat.wait_for_end(run) == "cancelled"
    *_, partial, _note = await chat.items(run)
    await chat.wait_for_end(await chat.ask("go on", run.thread_id))
    async with chat.jobs.transaction(None) as session:
        await session.execute(text("DELETE FROM runs"))  # as housekeeping does
    assert await chat.stopped_after(run) == []
    assert await chat.interrupted_after(run) == [partial.id]
    history = str(model.requests[1].history)
    assert "connection was lost" in history
    assert "cancelled this answer" not in history


async def test_cancel_during_tool_starts_no_further_call(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, wire: str
) -> None:
    tasks.before_answer = Gate()
    model.answer(Call("add_task", {"title": "milk"}), Call("add_task", {"title": "eggs"}))
    await chat.start_worker(api=wire)
    run = await chat.say_until(tasks.before_answer, "milk and eggs")

    await chat.cancel(run)

    assert await chat.wait_for_end(run) == "cancelled"
    assert tasks.titles == ["milk"]
    assert len(model.requests) == 1
    note = (await chat.items(run))[-1]
    assert "add_task" in note.content


async def test_cancelled_queued_run_calls_no_model(chat: Chat, model: ScriptedModelServer) -> None:
    run = await chat.say("hi")
    await chat.cancel(run)

    await chat.start_worker()

    assert await chat.wait_for_end(run) == "cancelled"
    assert model.requests == []


async def test_cancel_without_signal_is_noticed_at_renewal(
    chat: Chat, waiting_run: AcceptedRun
) -> None:
    await chat.user_runs.request_cancel(waiting_run.run_id, chat.context.user_id, "user")

    assert await chat.wait_for_end(waiting_run) == "cancelled"


async def test_turn_after_cancel_gets_a_note(chat: Chat, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(Say("First,", gate, " second"))
    model.answer(Say("Fine."))
    await chat.start_worker()
    run = await chat.say_until(gate, "list everything")
    await wait_until(lambda: chat.has_text(run, "First,"))
    await chat.cancel(run)
    await chat.wait_for_end(run)

    last = await chat.ask("never mind", run.thread_id)

    assert await chat.wait_for_end(last) == "completed"
    texts = [str(item.get("content")) for item in model.requests[1].history]
    assert any("First," in text for text in texts)
    assert any("cancelled this answer" in text for text in texts)


async def test_cancel_leaks_no_task(
    chat: Chat, model: ScriptedModelServer, running: Callable[[], Counter[str]]
) -> None:
    gate = Gate()
    model.answer(Say("hello"))
    model.answer(Say("Once", gate))
    worker = await chat.start_worker()
    await chat.ask("hi")
    before = running()
    run = await chat.say_until(gate, "hi")
    await wait_until(lambda: chat.has_text(run, "Once"))

    await chat.cancel(run)
    await chat.wait_for_end(run)

    await wait_until(lambda: not worker.active)
    await wait_until(lambda: not running() - before)


async def test_deleting_thread_stops_its_run(chat: Chat, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(Say("Once", gate, " upon"))
    await chat.start_worker()
    run = await chat.say_until(gate, "hi")

    stopped = await chat.store.delete_thread_and_runs(run.thread_id, chat.context)
    await chat.signals.request_stop(stopped)

    assert await chat.wait_for_end(run) == "cancelled"
    await wait_until(lambda: model.requests[0].closed_by_client)
