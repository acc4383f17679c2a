"""A second attempt: finished steps are replayed, unfinished items are regenerated."""

from typing import Any

import pytest
from stand_in_kit import TasksStandIn
from worker_kit import USER, Chat

from durable_chatkit.worker.leases import WorkerTimes
from durable_chatkit.worker.worker import Worker
from todochat.bus.keys import log_key, meta_key
from todochat.contracts.runs import AcceptedRun
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer

# A worker that never renews and so doesn't notice that its lease has expired.
ZOMBIE = WorkerTimes(lease_s=600, renew_s=600, stop_s=6000, stall_s=6000, poll_s=0.2, settle_s=2)


async def viewed(chat: Chat, run: AcceptedRun) -> dict[str, Any]:
    """Return a viewer's final assistant messages by ID."""
    shown: dict[str, Any] = {}
    for event in await chat.events(run):
        match event.type:
            case "thread.item.added" | "thread.item.done":
                if event.item.type == "assistant_message":
                    shown[event.item.id] = event.item
            case "thread.item.removed":
                shown.pop(event.item_id)
    return shown


async def stored(chat: Chat, run: AcceptedRun) -> dict[str, Any]:
    items = await chat.items(run)
    return {item.id: item for item in items if item.type == "assistant_message"}


async def assert_consistent(chat: Chat, run: AcceptedRun) -> None:
    """Assert that store and viewer agree, and that seqs have no gap and items no second end."""
    assert await viewed(chat, run) == await stored(chat, run)
    frames = await chat.frames(run)
    assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))
    done = [e.item.id for e in await chat.events(run) if e.type == "thread.item.done"]
    assert len(done) == len(set(done))


async def sleep_past_lease(chat: Chat, worker: Worker, run: AcceptedRun) -> None:
    """Let another worker take a run over while its worker continues, as after a long freeze."""
    worker.stop_claiming()  # otherwise it may claim the run again
    await chat.expire_lease(run)


async def test_partial_text_is_removed_and_regenerated(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    gate = Gate()
    model.answer(Say("Half", gate))
    model.answer(Say("Whole answer."))
    first = await chat.start_worker(api=wire)
    run = await chat.say_until(gate, "hi")
    await wait_until(lambda: chat.has_text(run, "Half"))

    await first.aclose(0)
    await chat.start_worker(api=wire)

    assert await chat.wait_for_end(run) == "completed"
    assert await chat.texts(run) == ["hi", "Whole answer."]
    removed = [e.item_id for e in await chat.events(run) if e.type == "thread.item.removed"]
    assert len(removed) == 1
    assert removed[0] not in await viewed(chat, run)
    await assert_consistent(chat, run)


async def test_finished_model_call_is_replayed_and_its_tools_run_once(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, wire: str
) -> None:
    tasks.before_answer = Gate()
    model.answer(
        Say("On it."), Call("add_task", {"title": "milk"}), Call("add_task", {"title": "eggs"})
    )
    model.answer(Say("Added both."))
    first = await chat.start_worker(api=wire)
    run = await chat.say_until(tasks.before_answer, "milk and eggs")

    await first.aclose(0)
    tasks.before_answer = None
    await chat.start_worker(api=wire)

    assert await chat.wait_for_end(run) == "completed"
    assert len(model.requests) == 2
    assert tasks.titles == ["milk", "eggs"]
    assert tasks.keys == [f"{run.run_id}:0:{index}" for index in (0, 0, 1)]
    assert await chat.texts(run) == ["milk and eggs", "On it.", "Added both."]
    await assert_consistent(chat, run)


async def test_finished_tool_calls_are_not_repeated(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, wire: str
) -> None:
    gate = Gate()
    tasks.add("old")
    model.answer(Call("add_task", {"title": "milk"}), Call("find_tasks"))
    model.answer(Say("There", gate))
    model.answer(Say("There are two."))
    first = await chat.start_worker(api=wire)
    run = await chat.say_until(gate, "add milk, then show all")
    await wait_until(lambda: chat.has_text(run, "There"))
    before = len(tasks.requests)

    await first.aclose(0)
    await chat.start_worker(api=wire)

    assert await chat.wait_for_end(run) == "completed"
    undo_reads = [(request.method, request.path) for request in tasks.requests[before:]]
    assert undo_reads == [("GET", f"/api/{USER}/changes")]
    assert model.requests[1].history == model.requests[2].history
    published = [event.type for event in await chat.events(run)]
    assert published.count("client_effect") == 1
    await assert_consistent(chat, run)


async def test_reference_resolves_to_same_task_after_its_effect(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn
) -> None:
    tasks.add("milk")
    tasks.add("milk chocolate")
    tasks.before_answer = Gate()
    model.answer(Call("change_tasks", {"tasks": ["milk"], "completed": True}))
    model.answer(Say("Done."))
    first = await chat.start_worker()
    run = await chat.say_until(tasks.before_answer, "milk is done")

    await first.aclose(0)
    tasks.before_answer = None
    await chat.start_worker()

    assert await chat.wait_for_end(run) == "completed"
    assert [task["title"] for task in tasks.tasks.values() if task["completed_at"]] == ["milk"]


async def test_worker_that_lost_its_run_publishes_nothing(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    gate = Gate()
    model.answer(Say("Zombie", gate, " text"))
    model.answer(Say("The answer."))
    zombie = await chat.start_worker(times=ZOMBIE, api=wire)
    run = await chat.say_until(gate, "hi")
    await wait_until(lambda: chat.has_text(run, "Zombie"))
    await sleep_past_lease(chat, zombie, run)

    await chat.start_worker(api=wire)
    await chat.wait_for_end(run)
    frames = await chat.frames(run)
    gate.open()
    await wait_until(lambda: not zombie.active)

    assert await chat.frames(run) == frames
    assert await chat.texts(run) == ["hi", "The answer."]
    assert not any(event.type == "error" for event in await chat.events(run))
    assert (await chat.row(run))["crashes"] == 1
    await assert_consistent(chat, run)


async def test_worker_that_lost_its_run_publishes_nothing_after_flush(
    chat: Chat, model: ScriptedModelServer
) -> None:
    """Redis no longer has the claim, but PostgreSQL does."""
    zombies, answers = Gate(), Gate()
    model.answer(Say("Zombie", zombies, " text"))
    model.answer(Say("The", answers, " answer."))
    model.answer(Say("The answer."))
    zombie = await chat.start_worker(times=ZOMBIE)
    run = await chat.say_until(zombies, "hi")
    await wait_until(lambda: chat.has_text(run, "Zombie"))
    await sleep_past_lease(chat, zombie, run)
    await chat.start_worker()
    await answers.wait_reached()
    await wait_until(lambda: chat.has_text(run, "ZombieThe"))

    await chat.redis.flushall()
    zombies.open()
    await wait_until(lambda: not zombie.active)

    assert await chat.frames(run) == []
    answers.open()
    assert await chat.wait_for_end(run) == "completed"
    assert await chat.texts(run) == ["hi", "The answer."]
    assert "Zombie" not in str(await chat.events(run))
    assert (await chat.frames(run))[0].snapshot


async def test_effects_of_worker_that_lost_its_run_are_fenced(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn
) -> None:
    gate = Gate()
    model.answer(gate, Call("add_task", {"title": "from the zombie"}))
    model.answer(Call("add_task", {"title": "milk"}))
    model.answer(Say("Added."))
    zombie = await chat.start_worker(times=ZOMBIE)
    run = await chat.say_until(gate, "add milk")
    await sleep_past_lease(chat, zombie, run)

    await chat.start_worker()
    await chat.wait_for_end(run)
    gate.open()
    await wait_until(lambda: not zombie.active)

    assert tasks.titles == ["milk"]


@pytest.mark.parametrize("status", ["completed", "failed"])
async def test_ended_run_without_marker_gets_only_the_marker(
    chat: Chat, model: ScriptedModelServer, status: str
) -> None:
    if status == "completed":
        model.answer(Say("Both are open."))
    else:
        model.fail(401)
    first = await chat.start_worker()
    run = await chat.ask("hi")
    published = await chat.events(run)
    await first.aclose(1)
    await chat.remove_end_marker(run)

    await chat.start_worker()

    assert await chat.wait_for_end(run) == status
    assert await chat.events(run) == published
    assert len(model.requests) == 1
    await assert_consistent(chat, run)


async def test_run_continues_after_redis_flush_with_a_snapshot(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, wire: str
) -> None:
    gate = Gate()
    model.answer(Say("On it."), Call("add_task", {"title": "milk"}))
    model.answer(Say("Ad", gate, "ded."))
    model.answer(Say("Added."))
    await chat.start_worker(api=wire)
    run = await chat.say_until(gate, "add milk")
    await wait_until(lambda: chat.has_text(run, "On it.Ad"))

    await chat.redis.flushall()
    gate.open()

    assert await chat.wait_for_end(run) == "completed"
    frames = await chat.frames(run)
    assert frames[0].snapshot
    assert frames[0].seq > 10_000
    assert (await chat.row(run))["attempt"] == 1
    assert tasks.titles == ["milk"]
    assert await chat.texts(run) == ["add milk", "On it.", "Added."]
    assert await viewed(chat, run) == await stored(chat, run)


async def test_cancelling_run_of_dead_worker_keeps_partial_text(
    chat: Chat, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("Once upon", gate))
    first = await chat.start_worker()
    run = await chat.say_until(gate, "a story")
    await wait_until(lambda: chat.has_text(run, "Once upon"))
    await first.aclose(0)

    await chat.cancel(run)
    await chat.start_worker()

    assert await chat.wait_for_end(run) == "cancelled"
    assert len(model.requests) == 1
    assert await chat.texts(run) == ["a story", "Once upon"]
    await assert_consistent(chat, run)


async def test_takeover_starts_new_log_after_expiry(chat: Chat, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(Say("First."), Call("find_lists"))
    model.answer(gate)
    model.answer(Say("Second."))
    first = await chat.start_worker()
    run = await chat.say_until(gate, "hi")
    await first.aclose(0)
    await chat.redis.delete(log_key(run.run_id), meta_key(run.run_id))

    await chat.start_worker()

    assert await chat.wait_for_end(run) == "completed"
    assert (await chat.frames(run))[0].snapshot
    assert await chat.texts(run) == ["hi", "First.", "Second."]
    assert await viewed(chat, run) == await stored(chat, run)


async def test_drained_worker_releases_runs_without_crash(
    chat: Chat, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(gate)
    model.answer(Say("hello"))
    first = await chat.start_worker()
    await chat.start_worker()
    run = await chat.say_until(gate, "hi")
    holder = next(worker for worker in chat.workers if worker.active)

    await holder.aclose(0)

    assert await chat.wait_for_end(run) == "completed"
    assert (await chat.row(run))["crashes"] == 0
    assert (await chat.row(run))["attempt"] == 2
    assert first.worker_id != (await chat.row(run))["worker_id"] or holder is not first


async def test_drained_worker_finishes_runs_within_timeout(
    chat: Chat, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(gate, Say("hello"))
    worker = await chat.start_worker()
    run = await chat.say_until(gate, "hi")

    worker.stop_claiming()
    gate.open()
    await worker.aclose(10)

    assert await chat.wait_for_end(run) == "completed"
    assert (await chat.row(run))["attempt"] == 1
