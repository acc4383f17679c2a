"""Runs while Redis is out of memory: they end once, with a visible error."""

import functools
from typing import Any

import pytest
from worker_kit import Chat

import durable_chatkit.worker.main
from durable_chatkit.agent.failures import OUT_OF_MEMORY
from todochat.bus import BusLimits, RunPublisher
from todochat.testing import wait_until
from todochat.testing.memory import out_of_memory
from todochat.testing.model_server import Gate, Say, ScriptedModelServer


@pytest.fixture(autouse=True)
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = functools.partial(RunPublisher, limits=BusLimits(full_s=0.3))
    monkeypatch.setattr(durable_chatkit.worker.main, "RunPublisher", publisher)


def error_of(events: list[Any]) -> str:
    (error,) = (event for event in events if event.type == "error")
    return str(error.message)


async def test_full_redis_fails_run_before_model_call(
    chat: Chat, model: ScriptedModelServer
) -> None:
    run = await chat.say("hi")

    async with out_of_memory(chat.redis):
        await chat.start_worker()
        assert await chat.wait_for_end(run) == "failed"

    row = await chat.row(run)
    assert (row["attempt"], row["error"]) == (1, OUT_OF_MEMORY.code)
    assert error_of(await chat.events(run)) == OUT_OF_MEMORY.message
    assert not model.requests
    model.answer(Say("hello"))
    assert await chat.texts(await chat.ask("hi again")) == ["hi again", "hello"]


async def test_redis_full_during_run_shows_an_error(chat: Chat, model: ScriptedModelServer) -> None:
    first, second = Gate(), Gate()
    model.answer(Say("Half", first, " said", second, " and more", Gate()))
    worker = await chat.start_worker()
    run = await chat.say_until(first, "hi")
    await wait_until(lambda: chat.has_text(run, "Half"))
    queue = worker._resources.publisher._queues[run.run_id]

    async with out_of_memory(chat.redis):
        first.open()
        await wait_until(lambda: queue.failure is not None)
        second.open()
        assert await chat.wait_for_end(run) == "failed"

    row = await chat.row(run)
    assert (row["attempt"], row["crashes"], row["error"]) == (1, 0, OUT_OF_MEMORY.code)
    assert (await chat.frames(run))[0].snapshot
    assert error_of(await chat.events(run)) == OUT_OF_MEMORY.message
    await wait_until(lambda: model.requests[0].closed_by_client)


async def test_stored_answer_counts_although_redis_was_full_at_its_end(
    chat: Chat, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("Half", gate, " said"))
    await chat.start_worker()
    run = await chat.say_until(gate, "hi")
    await wait_until(lambda: chat.has_text(run, "Half"))

    async with out_of_memory(chat.redis):
        gate.open()
        assert await chat.wait_for_end(run) == "completed"

    assert await chat.texts(run) == ["hi", "Half said"]
    assert (await chat.frames(run))[0].snapshot
