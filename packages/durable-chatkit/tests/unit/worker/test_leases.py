"""Leases: renewed only while a run is driven, and given up before they expire."""

import asyncio
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from stand_in_kit import TasksStandIn
from worker_kit import Chat

from durable_chatkit.storage.run import MAX_CRASHES
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.worker.leases import WorkerTimes
from todochat.bus.keys import log_key, meta_key
from todochat.contracts.runs import AcceptedRun
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer

SHORT = WorkerTimes(lease_s=3.0, renew_s=0.2, stop_s=2.5, poll_s=0.2)
IMPATIENT = WorkerTimes(lease_s=6.0, renew_s=0.2, renew_timeout_s=0.3, stop_s=1.0, poll_s=0.2)


async def test_long_run_keeps_its_lease(chat: Chat, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(gate, Say("hello"))
    await chat.start_worker(times=SHORT)
    run = await chat.say_until(gate, "hi")
    first = (await chat.row(run))["lease_until"]

    await wait_until(lambda: _is_renewed(chat, run, first))
    gate.open()

    assert await chat.wait_for_end(run) == "completed"
    assert (await chat.row(run))["attempt"] == 1


async def _is_renewed(chat: Chat, run: AcceptedRun, first: Any) -> bool:
    # After more than a lease: without renewals another attempt would have started.
    return bool(((await chat.row(run))["lease_until"] - first).total_seconds() > SHORT.lease_s)


async def test_last_seq_is_stored_during_the_run(chat: Chat, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(Say("one", "two", gate))
    await chat.start_worker(times=SHORT)

    run = await chat.say_until(gate, "hi")

    await wait_until(lambda: chat.has_text(run, "onetwo"))
    last_seq = (await chat.frames(run))[-1].seq
    await wait_until(lambda: _seq_is(chat, run, last_seq))
    gate.open()
    await chat.wait_for_end(run)


async def _seq_is(chat: Chat, run: AcceptedRun, seq: int) -> bool:
    return bool((await chat.row(run))["seq_high"] == seq)


async def test_worker_that_cannot_renew_stops_its_tools(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn
) -> None:
    gate = Gate()
    model.answer(gate, Call("add_task", {"title": "too late"}))
    await chat.start_worker(times=IMPATIENT)
    run = await chat.say_until(gate, "add it")

    async with chat.jobs.transaction(None) as session:
        await session.execute(text("SELECT 1 FROM runs FOR UPDATE"))
        await wait_until(lambda: model.requests[0].closed_by_client)
        gate.open()

    model.answer(Say("hello"))
    assert await chat.wait_for_end(run) == "completed"
    assert tasks.effects == []
    assert (await chat.row(run))["attempt"] > 1


async def test_run_that_crashes_every_driver_ends_as_failed(
    chat: Chat, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(gate, Say("hello"))
    run = await chat.say("hi")
    await chat.redis.xadd(log_key(run.run_id), {"f": b'id: 1\ndata: {"type":"?"}\n\n'}, "1-0")
    await chat.redis.hset(meta_key(run.run_id), "seq", 1)

    # Another run keeps the worker renewing; the crashed run's lease must expire nevertheless.
    other = await chat.say("hi")

    before = _crashes()
    await chat.start_worker(times=SHORT)
    for crash in range(1, MAX_CRASHES + 1):
        await wait_until(lambda: _crashes() == before + crash, 15.0)  # noqa: B023
        await chat.expire_lease(run)

    assert await chat.wait_for_end(run) == "failed"
    assert (await chat.row(run))["error"] == "poisoned"
    assert (await chat.row(run))["crashes"] == MAX_CRASHES
    gate.open()
    assert await chat.wait_for_end(other) == "completed"
    assert len(model.requests) == 1


def _crashes() -> float:
    # The crash is counted when the worker has dropped the run and no longer renews its lease.
    return REGISTRY.get_sample_value("todochat_run_attempts_total", {"outcome": "crashed"}) or 0.0


async def test_crashed_run_is_taken_over_while_its_worker_lives(
    chat: Chat, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(gate)
    model.answer(Say("hello"))
    worker = await chat.start_worker()
    run = await chat.say_until(gate, "hi")

    worker.active[run.run_id].release("a test")

    assert await chat.wait_for_end(run) == "completed"
    assert (await chat.row(run))["attempt"] == 2


async def test_run_claimed_while_the_worker_stops_is_released(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_claimed, may_return = asyncio.Event(), asyncio.Event()
    claim = RunRepository.claim

    async def claim_slowly(runs: RunRepository, *args: Any) -> Any:
        claimed = await claim(runs, *args)
        if claimed is not None:
            has_claimed.set()
            await may_return.wait()
        return claimed

    monkeypatch.setattr(RunRepository, "claim", claim_slowly)
    worker = await chat.start_worker()
    run = await chat.say("hi")
    await asyncio.wait_for(has_claimed.wait(), 10)

    stopping = asyncio.create_task(worker.aclose(0))
    await asyncio.sleep(0)  # aclose has begun
    may_return.set()
    await stopping

    row = await chat.row(run)
    assert (row["status"], row["lease_until"], row["crashes"]) == ("queued", None, 0)
