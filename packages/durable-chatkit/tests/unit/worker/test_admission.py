"""The number of runs that a worker drives: while its event loop keeps up, and up to a bound."""

import asyncio
import time

import pytest
from worker_kit import Chat

from durable_chatkit.worker import loop_lag
from todochat.testing import wait_until
from todochat.testing.model_server import Gate, Say, ScriptedModelServer


class ControlledLag:
    """Replaces the measured lag of the event loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        self._samples = 0
        monkeypatch.setattr(loop_lag, "measure_lag_s", self._measure)

    async def sampled(self) -> None:
        """Wait until the worker has read the present value."""
        seen = self._samples
        await wait_until(lambda: self._samples > seen + 1)

    async def _measure(self) -> float:
        await asyncio.sleep(0.001)
        self._samples += 1
        return self.seconds


async def test_worker_concurrency_is_limited(chat: Chat, model: ScriptedModelServer) -> None:
    gates = [Gate(), Gate()]
    for gate in gates:
        model.answer(gate, Say("hello"))
    model.answer(Say("last"))
    worker = await chat.start_worker(worker_concurrency=2)
    runs = [await chat.say("hi") for _ in range(3)]
    for gate in gates:
        await gate.wait_reached()

    driven = set(worker.active)
    waiting = (await chat.row(runs[2]))["status"]
    for gate in gates:
        gate.open()

    assert driven == {run.run_id for run in runs[:2]}
    assert waiting == "queued"
    assert [await chat.wait_for_end(run) for run in runs] == ["completed"] * 3


async def test_late_worker_claims_nothing_more(
    chat: Chat, model: ScriptedModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lag = ControlledLag(monkeypatch)
    gate = Gate()
    model.answer(gate, Say("hello"))
    model.answer(Say("second"))
    worker = await chat.start_worker()
    first = await chat.say_until(gate, "hi")
    await wait_until(worker._may_have_room.is_set)
    lag.seconds = 1.0
    await lag.sampled()

    second = await chat.say("hi")
    await wait_until(lambda: not worker._may_have_room.is_set())  # it waits for the loop
    driven, waiting = set(worker.active), (await chat.row(second))["status"]
    lag.seconds = 0.0

    assert await chat.wait_for_end(second) == "completed"
    assert (driven, waiting) == ({first.run_id}, "queued")
    gate.open()
    assert await chat.wait_for_end(first) == "completed"


async def test_late_worker_without_runs_claims(
    chat: Chat, model: ScriptedModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ControlledLag(monkeypatch).seconds = 1.0
    model.answer(Say("one"))
    model.answer(Say("two"))
    await chat.start_worker()

    runs = [await chat.say("hi"), await chat.say("hi")]

    assert [await chat.wait_for_end(run) for run in runs] == ["completed"] * 2


async def test_lag_is_the_time_for_which_the_loop_was_blocked() -> None:
    measuring = asyncio.create_task(loop_lag.measure_lag_s())
    await asyncio.sleep(0)

    time.sleep(loop_lag.SAMPLE_S + 2 * loop_lag.MAX_LAG_S)  # noqa: ASYNC251 - blocks on purpose

    assert await measuring > loop_lag.MAX_LAG_S
