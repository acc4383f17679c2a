"""A process or a store that is gone for a while, in a whole stack.

What a single service does then is in its own tests: `services/*/tests/**/test_outages.py`,
`services/chat-gateway/tests/integration/test_redis_outage.py`,
`services/common/tests/unit/bus/test_healing.py`. A second message on a busy thread and a dropped
stream: `tests/integration/test_resume.py`. A poisoned run: `test_frozen_worker.py`.
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
import pytest_asyncio

from chaos.kill_kit import (
    EXPECTED_TEXT,
    RETRIED,
    TITLES,
    WAIT_S,
    KillStack,
    ResumingClient,
    Turn,
    answer_number,
    check_seen,
    fold,
    kill_stack,
)
from todochat.testing import wait_until
from todochat.testing.model_server import Answer, Gate, ModelRequest, Say
from todochat.testing.person import Person, message

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(600),
    pytest.mark.slow,  # the services' own tests have short forms of these
]

DELTA = "assistant_message.content_part.text_delta"
ANSWERS_AT_ONCE = 3
MAX_QUEUED = 20  # one process counts what it accepts within a second as waiting
RUNS_OF_ONE = 5  # at once, of one person
Record = Callable[[str, object], None]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kills() -> AsyncIterator[KillStack]:
    variables = {
        "TODO_AGENT_WORKER_CONCURRENCY": str(ANSWERS_AT_ONCE),
        "TODO_AGENT_MAX_QUEUED_RUNS": str(MAX_QUEUED),
        "TODO_AGENT_TASKS_RETRY_BUDGET_S": "5",
        "CHAT_GATEWAY_TURNS_PER_MINUTE": "1000",
    }
    async with kill_stack("outages", variables, gateways=2) as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="module")
async def ready(kills: KillStack) -> AsyncIterator[KillStack]:
    kills.orders.clear()
    await kills.fill()
    kills.model.requests.clear()
    plan = kills.model.otherwise
    yield kills
    kills.model.otherwise = plan


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """Keep processes from doing anything."""
    processes = [psutil.Process(pid) for pid in pids]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


class Interrupted:
    """A turn of `plan` whose last answer waits at a gate in the middle of its text."""

    def __init__(self, kills: KillStack) -> None:
        self.gate = Gate()
        plan = kills.model.otherwise
        assert plan is not None
        asked: Counter[int] = Counter()

        def half_once(request: ModelRequest) -> Answer:
            number = answer_number(request)
            asked[number] += 1
            if number < 2 or asked[number] > 1:
                return plan(request)
            return Answer(parts=(Say("Both ", self.gate, "are ", "on ", "your ", "list."),))

        kills.model.otherwise = half_once


async def test_redis_flushed_in_the_middle_of_an_answer(ready: KillStack) -> None:
    """Viewers are told to look again, what is stored is whole, the signed-out stay out."""
    interrupted = Interrupted(ready)
    ada, eve = await ready.sign_up(), await ready.sign_up()
    gone = {"Authorization": f"Bearer {eve.login_token}"}
    await eve.client.post("/api/auth/sign-out", headers=gone)
    await wait_until(lambda: is_shut_out(eve), WAIT_S)
    async with ada.say("milk and eggs") as stream:
        await interrupted.gate.wait_reached(WAIT_S)

        await ready.redis.flushall()
        interrupted.gate.open()
        await stream.rest()

    turn = Turn.of(stream)
    assert turn.ended == "completed"
    (jump,) = [frame.seq for frame in turn.frames if frame.snapshot]
    seqs = [frame.seq for frame in turn.frames]
    assert seqs == sorted(set(seqs))
    assert [seq for seq in seqs if seq >= jump] == list(range(jump, seqs[-1] + 1))
    stored = await ready.stored_items(ada, turn.thread_id)
    said_since = fold(
        [e for e, seq in zip(turn.events, turn.event_seqs, strict=True) if seq > jump]
    )
    texts = [item["content"][0]["text"] for item in stored if item["type"] == "assistant_message"]
    assert "\n".join(texts) == EXPECTED_TEXT
    assert said_since.keys() <= {item["id"] for item in stored}
    assert await ready.titles(ada.user_id) == sorted(TITLES)
    await wait_until(lambda: is_shut_out(eve), WAIT_S)


async def is_shut_out(person: Person) -> bool:
    return (await person.chatkit("threads.list")).status_code == 401


@pytest.mark.parametrize("store", ["valkey", pytest.param("postgres", marks=pytest.mark.slow)])
async def test_a_store_restarted_in_the_middle_of_an_answer(ready: KillStack, store: str) -> None:
    interrupted = Interrupted(ready)
    ada = await ready.sign_up()
    client = ResumingClient(ada)
    answering = asyncio.ensure_future(client.turn("milk and eggs"))
    await interrupted.gate.wait_reached(WAIT_S)
    before = await server_pid(ready, store)

    psutil.Process(before).send_signal(signal.SIGINT if store == "postgres" else signal.SIGTERM)
    await wait_until(lambda: has_changed(ready, store, before), WAIT_S)
    interrupted.gate.open()
    turn = await answering

    assert turn.ended == "completed"
    seqs = [frame.seq for frame in turn.frames]
    assert seqs == sorted(set(seqs))
    stored = await ready.stored_items(ada, turn.thread_id)
    texts = [item["content"][0]["text"] for item in stored if item["type"] == "assistant_message"]
    assert "\n".join(texts) == EXPECTED_TEXT
    assert await ready.titles(ada.user_id) == sorted(TITLES)


async def server_pid(kills: KillStack, store: str) -> int:
    if store == "valkey":
        return int((await kills.redis.info("server"))["process_id"])
    (row,) = await kills.rows("chat", "SELECT pg_backend_pid() AS pid")
    parent = psutil.Process(row["pid"]).parent() if psutil.pid_exists(row["pid"]) else None
    if parent is None:  # the connection is closed by now; the postmaster is in its own file
        (row,) = await kills.rows("chat", "SELECT pg_read_file('postmaster.pid') AS pid")
        return int(row["pid"].splitlines()[0])
    return parent.pid


async def has_changed(kills: KillStack, store: str, before: int) -> bool:
    try:
        return await server_pid(kills, store) != before
    except Exception:  # noqa: BLE001 - it isn't back yet
        return False


async def test_nobody_needs_auth_session_to_go_on(ready: KillStack) -> None:
    """Who has a client secret and a login token is known by the cached keys."""
    ada = await ready.sign_up()
    await ada.tasks()  # a Redis that another test has flushed lends tasks no keys

    with frozen(ready.pids("auth-session")):
        async with ada.say("milk and eggs") as stream:
            await stream.rest()
        shown = await ada.tasks()

    assert Turn.of(stream).text == EXPECTED_TEXT
    assert {task["title"] for task in shown} == set(TITLES)


@pytest.mark.slow
async def test_a_call_that_cannot_reach_tasks_is_told_to_the_model(ready: KillStack) -> None:
    ada = await ready.sign_up()

    with frozen(ready.pids("tasks")):
        async with ada.say("milk and eggs") as stream:
            await stream.rest()

    assert stream.ended == "completed"
    outputs = [item for item in ready.model.requests[-1].history if "output" in item]
    assert len(outputs) == len(TITLES) + 1
    assert all("can't be reached" in str(item["output"]) for item in outputs)


async def test_a_message_sent_five_times_at_once_is_one_run(ready: KillStack) -> None:
    ada = await ready.sign_up()
    key = {"Idempotency-Key": "double-click"}

    async def send() -> Turn:
        async with ada.stream(message("milk and eggs"), headers=key) as stream:
            await stream.rest()
        assert stream.response.status_code == 200, stream.response.text
        return Turn.of(stream)

    turns = await asyncio.gather(*(send() for _ in range(5)))

    assert len({turn.run_id for turn in turns}) == 1
    assert len({tuple(str(event) for event in turn.events) for turn in turns}) == 1
    await check_seen(ready, turns[0], ada)


@pytest.mark.parametrize("stops", [5, pytest.param(50, marks=pytest.mark.slow)])
async def test_stop(ready: KillStack, record_property: Record, stops: int) -> None:
    """The end marker comes at once, the model's stream is closed, nothing goes on."""
    ready.model.otherwise = lambda _request: Answer(parts=(Say("Once upon", Gate(), " a time"),))
    ada = await ready.sign_up()
    idle = {worker: await worker.metric("todochat_asyncio_tasks ") for worker in ready.workers[:2]}
    times = []

    for _ in range(stops):
        async with ada.say("a story") as stream:
            assert stream.response.status_code == 200, stream.response.text
            await stream.until(DELTA)
            began = time.monotonic()
            cancelling = asyncio.ensure_future(ada.cancel(stream.response.headers["x-run-id"]))
            await stream.rest()
            times.append(time.monotonic() - began)
            await cancelling
        assert stream.ended == "cancelled"

    await wait_until(lambda: all(each.closed_by_client for each in ready.model.requests), WAIT_S)
    assert len(ready.model.requests) == stops

    async def nothing_is_left() -> bool:
        left = [
            await each.metric("todochat_asyncio_tasks ") - tasks for each, tasks in idle.items()
        ]
        return max(left) <= 0

    await wait_until(nothing_is_left, WAIT_S)
    times.sort()
    record_property("stop_s", [round(each, 3) for each in times])
    print(f"stop: p50 {times[stops // 2]:.3f} s, p99 {times[-1 - stops // 100]:.3f} s")


async def test_overload_is_refused_at_once_and_harms_nobody(ready: KillStack) -> None:
    """All workers full and the queue too: 503 with Retry-After; then everything recovers."""
    await ready.only(ready.workers[0])
    gate = Gate()
    ready.model.otherwise = lambda _request: Answer(parts=(Say("Half", gate, " and half."),))
    count = ANSWERS_AT_ONCE + MAX_QUEUED
    people = [await ready.sign_up() for _ in range(0, count, RUNS_OF_ONE)]
    late = await ready.sign_up()
    talkers = [ResumingClient(people[number // RUNS_OF_ONE]) for number in range(count)]
    turns = [asyncio.ensure_future(talker.turn("talk")) for talker in talkers]
    await wait_until(lambda: len(ready.model.requests) == ANSWERS_AT_ONCE, WAIT_S)
    waiting = "SELECT 1 FROM runs WHERE status = 'queued'"

    async def is_full() -> bool:
        return len(await ready.rows("chat", waiting)) == MAX_QUEUED

    async def is_refused() -> bool:
        async with late.say("me too") as stream:
            assert stream.response.status_code in RETRIED, "it was taken though the queue is full"
            refused = stream.response
        return refused.json()["type"].endswith("queue-full") and "retry-after" in refused.headers

    await wait_until(is_full, WAIT_S)
    await asyncio.sleep(1.1)  # the queue's length is counted once a second
    assert await is_refused()
    gate.open()

    seen = await asyncio.gather(*turns)
    assert {(turn.ended, turn.text) for turn in seen} == {("completed", "Half and half.")}
    assert (await ResumingClient(late).turn("me too")).ended == "completed"


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_each_process_restarted_in_turn_under_load(ready: KillStack) -> None:
    """Nobody's turn fails."""
    over = asyncio.Event()

    async def talk(person: Person) -> list[Turn]:
        turns: list[Turn] = []
        while not over.is_set():
            turns.append(await ResumingClient(person).turn("milk and eggs"))
        return turns

    people = [await ready.sign_up() for _ in range(2)]
    talking = [asyncio.ensure_future(talk(person)) for person in people]
    for worker in ready.workers[:2]:
        worker.signal(signal.SIGTERM)
        await worker.has_ended()
        await ready.fill()
    for service in ("chat-gateway", "todo-agent-api", "tasks", "auth-session", "caddy"):
        for pid in ready.pids(service):
            before = ready.pids(service)
            psutil.Process(pid).terminate()
            await ready.restarted(service, before)
    over.set()

    seen = dict(zip(people, await asyncio.gather(*talking), strict=True))
    for person, turns in seen.items():
        assert {(turn.ended, turn.text) for turn in turns} == {("completed", EXPECTED_TEXT)}
        assert await ready.titles(person.user_id) == sorted(TITLES * len(turns))
