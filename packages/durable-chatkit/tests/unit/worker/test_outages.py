"""Outages of PostgreSQL and Redis during a run, and a full log."""

import asyncio
import functools
from contextlib import suppress
from typing import Any

import pytest
from chatkit.types import AssistantMessageItem, ThreadUpdatedEvent
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import text
from stand_in_kit import TasksStandIn
from worker_kit import Chat, PostgresAdmin

import durable_chatkit.worker.main
from durable_chatkit.agent import failures
from durable_chatkit.chatkit.server import AcceptedTurn, load_turn
from durable_chatkit.storage.run import RunRecord
from durable_chatkit.worker import driver
from durable_chatkit.worker.driver import RunDriver
from durable_chatkit.worker.run_handle import RunReleasedError
from durable_chatkit.worker.worker import Worker
from todochat.bus import BusLimits, ClaimedRun, RunPublisher
from todochat.contracts.runs import AcceptedRun
from todochat.database.checked import CheckedDatabase
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer


def with_limits(monkeypatch: pytest.MonkeyPatch, **limits: Any) -> None:
    """Let the test's workers publish with other limits."""
    publisher = functools.partial(RunPublisher, limits=BusLimits(**limits))
    monkeypatch.setattr(durable_chatkit.worker.main, "RunPublisher", publisher)


async def test_connection_lost_during_write_does_not_fail_the_run(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, postgres_admin: PostgresAdmin
) -> None:
    gate = Gate()
    model.answer(Say("On it."), Call("add_task", {"title": "milk"}), gate)
    for _ in range(3):  # the response was not saved, so the model may be called again
        model.answer(Say("On it."), Call("add_task", {"title": "milk"}))
        model.answer(Say("Added."))
    await chat.start_worker()
    run = await chat.say_until(gate, "add milk")

    async with chat.jobs.transaction(None) as session:
        await session.execute(text("SELECT 1 FROM runs FOR UPDATE"))
        gate.open()
        await wait_until(lambda: postgres_admin.cut_waiting("INSERT INTO run_steps"))

    assert await chat.wait_for_end(run) == "completed"
    assert tasks.titles == ["milk"]
    assert await chat.texts(run) == ["add milk", "On it.", "Added."]
    assert not any(event.type == "error" for event in await chat.events(run))
    assert (await chat.row(run))["attempt"] == 2


async def test_connection_lost_after_flush_is_not_a_crash(
    chat: Chat, model: ScriptedModelServer, postgres_admin: PostgresAdmin
) -> None:
    """The holder saves the seq in PostgreSQL before it publishes to the new log."""
    first, second = Gate(), Gate()
    model.answer(Say("Half", first, " said", second, " and more", Gate()))
    model.answer(Say("The answer."))
    worker = await chat.start_worker()
    run = await chat.say_until(first, "hi")
    await wait_until(lambda: chat.has_text(run, "Half"))
    queue = worker._resources.publisher._queues[run.run_id]

    async with chat.jobs.transaction(None) as session:
        await session.execute(text("SELECT 1 FROM runs FOR UPDATE"))
        await chat.redis.flushall()
        first.open()
        await wait_until(lambda: queue.failure is not None, 15.0)
        second.open()
        await wait_until(lambda: postgres_admin.cut_waiting("SET seq_high"), 15.0)

    assert await chat.wait_for_end(run) == "completed"
    row = await chat.row(run)
    assert (row["attempt"], row["crashes"]) == (2, 0)
    assert not any(event.type == "error" for event in await chat.events(run))


async def test_run_is_not_released_during_log_claim(
    chat: Chat, model: ScriptedModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the claim could complete when another worker has the run."""
    model.answer(Say("hello"))
    worker = await chat.start_worker()
    publisher, released, order = worker._resources.publisher, asyncio.Event(), list[str]()
    claim, release = publisher.claim, worker._runs.release

    async def claim_late(*args: Any, **kwargs: Any) -> ClaimedRun:
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await released.wait()
        claimed = await claim(*args, **kwargs)
        order.append("claimed")
        return claimed

    async def note_release(*args: Any) -> bool:
        released.set()
        order.append("released")
        return await release(*args)

    async def fail_once(*_args: Any) -> AcceptedTurn:
        monkeypatch.setattr(driver, "load_turn", load_turn)
        raise RunReleasedError("the database can't be reached")

    monkeypatch.setattr(publisher, "claim", claim_late)
    monkeypatch.setattr(worker._runs, "release", note_release)
    monkeypatch.setattr(driver, "load_turn", fail_once)
    run = await chat.say("hi")

    assert await chat.wait_for_end(run) == "completed"
    assert order == ["claimed", "released", "claimed"]


async def test_worker_claims_nothing_before_roles_are_checked(
    chat: Chat, model: ScriptedModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.answer(Say("hello"))
    other = await chat.start_worker()
    await other.aclose(0)
    unchecked = CheckedDatabase(chat.db.engine)
    databases = other._databases._replace(app=unchecked)
    worker = Worker(
        "wrk_early",
        agent=chat.settings.agent_name,
        databases=databases,
        redis=chat.redis,
        resources=other._resources,
        concurrency=1,
        times=other._times,
    )
    claim = worker._runs.claim
    checked_at_claims: list[bool] = []

    async def record_claim(worker_id: str, lease_s: float) -> RunRecord | None:
        checked_at_claims.append(unchecked._checked.is_set())
        return await claim(worker_id, lease_s)

    monkeypatch.setattr(worker._runs, "claim", record_claim)
    chat.workers.append(worker)
    await worker.start()
    run = await chat.say("hi")

    await unchecked.check()

    assert await chat.wait_for_end(run) == "completed"
    assert all(checked_at_claims)


async def test_redis_outage_releases_the_run(
    chat: Chat, model: ScriptedModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    model.answer(Say("Half", gate, " said"))
    with_limits(monkeypatch, retry_s=0.3)
    worker = await chat.start_worker()
    run = await chat.say_until(gate, "hi")
    await wait_until(lambda: chat.has_text(run, "Half"))
    publisher = worker._resources.publisher
    call = publisher._connection.call

    async def refuse(*_commands: Any) -> Any:
        raise RedisConnectionError("away")

    monkeypatch.setattr(publisher._connection, "call", refuse)
    gate.open()
    await wait_until(lambda: _was_released(chat, run))
    monkeypatch.setattr(publisher._connection, "call", call)

    assert await chat.wait_for_end(run) == "completed"
    # The response was saved during the outage and is published from the journal.
    assert await chat.texts(run) == ["hi", "Half said"]
    assert len(model.requests) == 1
    assert (await chat.row(run))["crashes"] == 0


async def _was_released(chat: Chat, run: AcceptedRun) -> bool:
    row = await chat.row(run)
    return bool(row["status"] == "queued" or row["attempt"] > 1)


async def test_full_log_ends_run_with_partial_text(
    chat: Chat, model: ScriptedModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One at a time, since deltas that arrive together are merged into one frame.
    gates = [Gate(), Gate(), Gate()]
    model.answer(Say(*(part for gate in gates for part in ("word ", gate)), "and more"))
    with_limits(monkeypatch, max_frames=8)
    await chat.start_worker()

    run = await chat.say("tell me everything")
    for number, gate in enumerate(gates, 1):
        await wait_until(lambda: chat.has_text(run, "word " * number), 15.0)  # noqa: B023
        gate.open()

    assert await chat.wait_for_end(run) == "failed"
    error = next(event for event in await chat.events(run) if event.type == "error")
    assert error.message == failures.TOO_LONG.message
    assert not error.allow_retry
    await wait_until(lambda: model.requests[0].closed_by_client or model.requests[0].finished)
    (answer,) = (await chat.texts(run))[1:]
    assert answer.startswith("word word ")
    published = [event.item for event in await chat.events(run) if event.type == "thread.item.done"]
    assert isinstance(published[-1], AssistantMessageItem)
    assert "".join(part.text for part in published[-1].content) == answer


async def test_redis_flush_after_stored_outcome_keeps_the_outcome(
    chat: Chat, model: ScriptedModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.fail(401)
    await chat.start_worker()
    finish = RunDriver._finish

    async def finish_and_flush(self: RunDriver, *args: Any) -> Any:
        titled = await finish(self, *args)
        monkeypatch.setattr(RunDriver, "_finish", finish)
        await chat.redis.flushall()
        return titled

    monkeypatch.setattr(RunDriver, "_finish", finish_and_flush)

    run = await chat.ask("hi")

    assert await chat.wait_for_end(run) == "failed"
    assert (await chat.frames(run))[0].snapshot
    assert (await chat.row(run))["error"] == failures.REFUSED.code
    assert len(model.requests) == 1


async def test_title_stored_with_the_outcome_is_published_by_the_next_attempt(
    chat: Chat, model: ScriptedModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.answer(Say("Hello!"))
    await chat.start_worker()
    finish = RunDriver._finish

    async def finish_and_leave(self: RunDriver, *args: Any) -> Any:
        monkeypatch.setattr(RunDriver, "_finish", finish)
        await finish(self, *args)
        raise RunReleasedError("killed after the outcome")

    monkeypatch.setattr(RunDriver, "_finish", finish_and_leave)

    run = await chat.ask("hi")

    assert await chat.wait_for_end(run) == "completed"
    *_, updated = await chat.events(run)
    assert isinstance(updated, ThreadUpdatedEvent)
    assert updated.thread.title == "Hi"
    assert (await chat.row(run))["attempt"] == 2
    assert len(model.requests) == 1


async def test_title_set_by_the_user_during_the_first_turn_stays(
    chat: Chat, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(gate, Say("Hello!"))
    await chat.start_worker()
    run = await chat.say_until(gate, "hi")

    thread = await chat.store.load_thread(run.thread_id, chat.context)
    thread.title = "Greetings"
    await chat.store.save_thread(thread, chat.context)
    gate.open()

    assert await chat.wait_for_end(run) == "completed"
    *_, updated = await chat.events(run)
    assert isinstance(updated, ThreadUpdatedEvent)
    assert updated.thread.title == "Greetings"
    assert (await chat.store.load_thread(run.thread_id, chat.context)).title == "Greetings"
