"""A worker that freezes past its lease and resumes, and the time until a takeover."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from chaos.kill_kit import (
    EXPECTED_TEXT,
    TITLES,
    WAIT_S,
    Killing,
    KillStack,
    Turn,
    WorkerProcess,
    check,
    check_seen,
    kill_stack,
    killed_turn,
)
from todochat.bus.keys import log_key, meta_key
from todochat.testing import wait_until
from todochat.testing.model_server import Gate, ModelRequest, Say, ScriptedResponse
from todochat.testing.person import Person

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
    pytest.mark.slow,  # leases have to end
]

HALF, WHOLE = "Half an answer", "The whole answer."
RUNS = 10
LEASE_S = 6
RUNS_OF_ONE = 5  # concurrent, of one user


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kills() -> AsyncIterator[KillStack]:
    async with kill_stack("frozen") as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="module")
async def ready(kills: KillStack) -> KillStack:
    kills.orders.clear()
    await kills.fill()
    return kills


class Traces:
    """Everything that a run stores, in every store."""

    def __init__(self, kills: KillStack, turn: Turn, person: Person) -> None:
        self._kills = kills
        self._run_id = turn.run_id
        self._thread_id = turn.thread_id
        self._user_id = person.user_id

    async def read(self) -> list[Any]:
        kills = self._kills
        return [
            await kills.redis.xrange(log_key(self._run_id)),
            await kills.redis.hgetall(meta_key(self._run_id)),
            await kills.rows("chat", "SELECT * FROM runs WHERE run_id = $1", self._run_id),
            await kills.rows(
                "chat", "SELECT * FROM run_steps WHERE run_id = $1 ORDER BY key", self._run_id
            ),
            await kills.rows(
                "chat", "SELECT * FROM items WHERE thread_id = $1 ORDER BY id", self._thread_id
            ),
            await kills.rows(
                "tasks", "SELECT * FROM tasks WHERE user_id = $1 ORDER BY id", self._user_id
            ),
        ]


async def wake(kills: KillStack, killing: Killing) -> WorkerProcess:
    """Resume the frozen worker, and wait until it has released the run."""
    zombie = kills.worker(killing.pid)
    assert zombie.is_frozen
    zombie.signal(signal.SIGCONT)

    async def has_released_run() -> bool:
        return await zombie.metric("todochat_active_runs ") == 0

    await wait_until(has_released_run, WAIT_S)
    return zombie


@pytest.mark.parametrize(
    ("point", "nth", "hurry"),
    [
        # The test ends its lease: the worker has no sign of it.
        pytest.param("event.stored", 5, True, id="about-to-publish"),
        # Cancelled before its call is sent, or refused by tasks (`test_attempt_fence.py` there).
        pytest.param("tool.begun", 1, True, id="about-to-change-a-task"),
        pytest.param(
            "answer.unsaved", 2, True, id="about-to-save-an-answer", marks=pytest.mark.slow
        ),
        pytest.param("tool.unsaved", 1, True, id="about-to-save-a-result", marks=pytest.mark.slow),
        pytest.param("run.answered", 1, True, id="about-to-end", marks=pytest.mark.slow),
        pytest.param("run.finished", 1, True, id="about-to-mark-the-end", marks=pytest.mark.slow),
        # It sleeps past its lease, and notices that when it wakes.
        pytest.param("answer.unsaved", 1, False, id="past-its-lease"),
    ],
)
async def test_resumed_worker_changes_nothing(
    ready: KillStack, point: str, nth: int, hurry: bool
) -> None:
    killing = await killed_turn(ready, point, nth, action="stop", hurry=hurry)
    traces = Traces(ready, killing.turn, killing.person)
    before = await traces.read()

    zombie = await wake(ready, killing)

    assert await traces.read() == before
    assert await zombie.metric('todochat_run_attempts_total{outcome="completed"}') == 0
    await check(ready, killing)


async def test_resumed_worker_publishes_nothing_after_redis_flush(ready: KillStack) -> None:
    """Redis has forgotten the run's owner; PostgreSQL hasn't."""
    killing = await killed_turn(ready, "event.stored", 5, action="stop")
    traces = Traces(ready, killing.turn, killing.person)
    await ready.redis.flushall()
    before = await traces.read()

    await wake(ready, killing)

    assert before[:2] == [[], {}]
    assert await traces.read() == before


async def test_resumed_worker_runs_the_next_turn(ready: KillStack) -> None:
    killing = await killed_turn(ready, "answer.unsaved", action="stop")
    zombie = await wake(ready, killing)
    await ready.only(zombie)

    async with killing.person.say("again") as stream:
        await stream.rest()

    assert stream.ended == "completed"


async def test_ten_runs_of_killed_worker_are_taken_over(
    ready: KillStack, record_property: Callable[[str, object], None]
) -> None:
    """All are completed on their connections, after the rest of a lease."""
    gate = Gate()
    calls: dict[str, int] = {}

    def half_then_whole(request: ModelRequest) -> ScriptedResponse:
        about = str(request.history[-1])
        calls[about] = calls.get(about, 0) + 1
        return ScriptedResponse(parts=(Say(HALF, gate) if calls[about] == 1 else Say(WHOLE),))

    ready.model.otherwise, plan = half_then_whole, ready.model.otherwise
    victim = ready.workers[0]
    await ready.only(victim)
    people = [await ready.sign_up() for _ in range(RUNS // RUNS_OF_ONE)]
    halves = [asyncio.Event() for _ in range(RUNS)]

    async def turn_of(number: int) -> tuple[Turn, float]:
        person = people[number // RUNS_OF_ONE]
        async with person.say(f"question {number}") as stream:
            await stream.until("assistant_message.content_part.text_delta")
            halves[number].set()
            await stream.until("thread.item.removed")
            taken_over_at = time.monotonic()
            await stream.rest()
        return Turn.of(stream), taken_over_at

    turns = [asyncio.ensure_future(turn_of(number)) for number in range(RUNS)]
    async with asyncio.timeout(WAIT_S):
        await asyncio.gather(*(half.wait() for half in halves))
    await ready.fill()

    killed_at = time.monotonic()
    victim.signal(signal.SIGKILL)
    left = await ready.rows(
        "chat",
        "SELECT extract(epoch FROM lease_until - now()) AS left_s FROM runs"
        " WHERE status = 'running'",
    )
    seen = await asyncio.gather(*turns)

    gate.open()
    ready.model.otherwise = plan
    assert {(turn.ended, turn.text) for turn, _ in seen} == {("completed", WHOLE)}
    assert all(
        [f.seq for f in turn.frames] == list(range(1, len(turn.frames) + 1)) for turn, _ in seen
    )
    assert set(calls.values()) == {2}
    times = sorted(at - killed_at for _, at in seen)
    record_property("takeover_s", [round(each, 2) for each in times])
    print(f"takeover: p50 {times[RUNS // 2]:.2f} s, max {times[-1]:.2f} s")
    assert max(row["left_s"] for row in left) <= LEASE_S


async def test_poisoned_run_fails_and_other_runs_complete(ready: KillStack) -> None:
    """The run kills three workers, then ends with a retryable error."""
    ada, bob = await ready.sign_up(), await ready.sign_up()
    ready.orders.arm("answer.unsaved")
    async with ada.say("milk and eggs") as stream:
        reading = asyncio.ensure_future(stream.rest())
        for _ in range(3):
            await ready.hit("answer.unsaved")
            ready.orders.clear()
            run_id = stream.response.headers["x-run-id"]
            if (await ready.run(run_id))["crashes"] < 2:
                ready.orders.arm("answer.unsaved")
            await ready.fill()
            await ready.end_lease(run_id)
        async with asyncio.timeout(WAIT_S):
            await reading
    turn = Turn.of(stream)

    async with bob.say("milk and eggs") as other:
        await other.rest()

    (error,) = [event for event in turn.events if event["type"] == "error"]
    assert turn.ended == "failed"
    assert error["allow_retry"] is True
    row = await ready.run(turn.run_id)
    assert (row["status"], row["crashes"]) == ("failed", 3)
    assert await ready.titles(ada.user_id) == []
    assert [item for item in turn.shown if item["type"] == "assistant_message"] == []
    await check_seen(ready, Turn.of(other), bob)
    message = next(i for i in await ready.stored_items(ada, turn.thread_id))
    retry = {"thread_id": turn.thread_id, "item_id": message["id"]}
    async with ada.stream({"type": "threads.retry_after_item", "params": retry}) as again:
        await again.rest()
    second = Turn.of(again)
    assert (second.ended, second.text) == ("completed", EXPECTED_TEXT)
    assert await ready.titles(ada.user_id) == sorted(TITLES)
