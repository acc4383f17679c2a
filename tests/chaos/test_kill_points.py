"""A process is killed between any two durable steps: nothing is lost, nothing happens twice.

`docs/runs.md` has the table of the points. The test ends the dead worker's lease where it
would only wait for it; `test_frozen_worker.py` waits for it as users have to.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from chaos.kill_kit import (
    KillStack,
    ResumingClient,
    Turn,
    answer_number,
    check,
    check_seen,
    kill_stack,
    killed_turn,
)
from todochat.testing.model_server import Call, ModelRequest, Say, ScriptedResponse

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
    pytest.mark.slow,  # leases have to end; the seeds of chaos are part of every run
]

DELTA = "assistant_message.content_part.text_delta"
MESSAGE_DONE = "thread.item.done assistant_message"
Nth = int | Callable[[Turn], int]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kills() -> AsyncIterator[KillStack]:
    # A slow machine may take longer to restart tasks than a tool's default timeout. Without a
    # window, deltas aren't merged: each turn has the same events.
    variables = {"TODO_AGENT_TASKS_RETRY_BUDGET_S": "60", "STREAM_WINDOW_MS": "0"}
    async with kill_stack("kills", variables, gateways=2) as stack:
        yield stack


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clean(kills: KillStack) -> Turn:
    """A turn without faults: the n-th event of any other one is its n-th frame."""
    return await kills.clean_turn()


@pytest_asyncio.fixture(loop_scope="module")
async def ready(kills: KillStack) -> KillStack:
    """The stack, with two workers and no armed fault point."""
    kills.orders.clear()
    await kills.fill()
    return kills


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        pytest.param("event.published", lambda clean: clean.nth(DELTA), id="text-partly-published"),
        pytest.param("tool.returned", 1, id="effect-made"),
        *(
            pytest.param(point, nth, id=name)
            for name, point, nth in [
                ("claimed", "run.claimed", 1),
                ("answer-saved", "answer.saved", 1),
                ("outcome-stored", "run.finished", 1),
                ("log-claimed", "log.claimed", 1),
                ("nothing-published", "frames.queued", 1),
                ("published-unconfirmed", "frames.flushed", 1),
                ("answer-unsaved", "answer.unsaved", 1),
                ("tool-begun", "tool.begun", 1),
                ("second-effect-made", "tool.returned", 2),
                ("result-saved", "tool.saved", 1),
                ("both-results-saved", "tool.saved", 2),
                ("effect-published", "event.published", lambda clean: clean.nth("client_effect")),
                ("second-answer-saved", "answer.saved", 2),
                (
                    "last-text-partly-published",
                    "event.published",
                    lambda clean: clean.nth(DELTA, 2),
                ),
                ("last-answer-unsaved", "answer.unsaved", 3),
                ("last-answer-saved", "answer.saved", 3),
                ("item-stored", "event.stored", lambda clean: clean.nth(MESSAGE_DONE, 2)),
                ("item-queued", "event.published", lambda clean: clean.nth(MESSAGE_DONE, 2)),
                ("all-published", "run.answered", 1),
                ("marker-written", "run.ended", 1),
            ]
        ),
    ],
)
async def test_run_survives_worker_kill(
    ready: KillStack, clean: Turn, point: str, nth: Nth
) -> None:
    killing = await killed_turn(ready, point, nth if isinstance(nth, int) else nth(clean))

    await check(ready, killing)


@pytest.mark.timeout(1800)
async def test_run_survives_worker_kill_after_any_event(ready: KillStack, clean: Turn) -> None:
    """Each event in turn: stored but not published, then published."""
    # The last one, the title, is published when the run's end is stored: `run.finished`.
    assert clean.events[-1]["type"] == "thread.updated"
    count = len(clean.events)
    for point, last in (("event.stored", count), ("event.published", count - 1)):
        for nth in range(1, last + 1):
            await ready.fill()
            killing = await killed_turn(ready, point, nth)
            print(f"killed at {point} {nth} of {last}", flush=True)

            await check(ready, killing)


async def test_unfinished_text_is_removed_and_streamed_again(ready: KillStack, clean: Turn) -> None:
    killing = await killed_turn(ready, "event.published", clean.nth(DELTA, 2))

    await check(ready, killing)
    removed = [event for event in killing.turn.events if event["type"] == "thread.item.removed"]
    assert len(removed) <= 1  # none if it died with the words still queued
    assert killing.before == {0: 1, 1: 1, 2: 1}


@pytest.mark.parametrize("point", ["choice.unsaved", "choice.saved", "tool.unsaved"])
async def test_task_choice_survives_worker_kill(ready: KillStack, point: str) -> None:
    """The task for "milk" is resolved once: afterwards no open task may have that name."""
    ada = await ready.sign_up()
    async with ada.say("milk and eggs") as stream:
        await stream.rest()
    plan, ready.model.otherwise = ready.model.otherwise, complete_milk
    ready.orders.arm(point)

    async with ada.say("milk is done") as stream:
        reading = asyncio.ensure_future(stream.rest())
        await ready.hit(point)
        await ready.end_lease(stream.response.headers["x-run-id"])
        await reading

    ready.model.otherwise = plan
    done = "SELECT title FROM tasks WHERE user_id = $1 AND completed_at IS NOT NULL"
    assert (stream.ended, Turn.of(stream).text) == ("completed", "Done.")
    assert await ready.rows("tasks", done, ada.user_id) == [{"title": "milk"}]


def complete_milk(request: ModelRequest) -> ScriptedResponse:
    is_done = any(item.get("type") == "function_call_output" for item in request.history)
    return ScriptedResponse(
        parts=(
            Say("Done.")
            if is_done
            else Call("change_tasks", {"tasks": ["milk"], "completed": True}),
        )
    )


@pytest.mark.parametrize("point", ["change.written", "change.committed"])
async def test_tool_call_survives_tasks_service_kill(ready: KillStack, point: str) -> None:
    """The tool's call is repeated under its key until tasks is back."""
    ada = await ready.sign_up()
    ready.model.requests.clear()
    before = ready.pids("tasks")
    ready.orders.arm(point)

    async with ada.say("milk and eggs") as stream:
        assert [await ready.hit(point)] == before
        await stream.rest()

    turn = Turn.of(stream)
    await check_seen(ready, turn, ada)
    assert (await ready.run(turn.run_id))["attempt"] == 1
    assert Counter(map(answer_number, ready.model.requests)) == {0: 1, 1: 1, 2: 1}
    await ready.restarted("tasks", before)


@pytest.mark.parametrize("point", ["run.accepted", "run.announced"])
async def test_accepted_run_survives_api_kill(ready: KillStack, point: str) -> None:
    """The client didn't get the run's ID: the run continues, and a repeated request finds it."""
    ada = await ready.sign_up()
    before = ready.pids("todo-agent-api")
    ready.orders.arm(point)

    turn = await ResumingClient(ada).turn("milk and eggs")

    assert ready.orders.taken_by(point) in before
    await check_seen(ready, turn, ada)
    runs = await ready.rows("chat", "SELECT run_id FROM runs WHERE user_id = $1", ada.user_id)
    assert [run["run_id"] for run in runs] == [turn.run_id]
    await ready.restarted("todo-agent-api", before)


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        ("stream.opened", 1),
        ("frames.relayed", 1),
        ("frames.relayed", 3),
    ],
)
async def test_stream_survives_gateway_kill(ready: KillStack, point: str, nth: int) -> None:
    """The client resumes on the other gateway from its cursor: each frame once, in order."""
    ada = await ready.sign_up()
    before = ready.pids("chat-gateway")
    ready.orders.arm(point, nth)

    turn = await ResumingClient(ada).turn("milk and eggs")

    assert ready.orders.taken_by(point) in before
    await check_seen(ready, turn, ada)
    await ready.restarted("chat-gateway", before)
