"""The change feed: every change once, in order, from any position, on any connection."""

import asyncio
import random
import socket
import time
from contextlib import AsyncExitStack
from typing import Any

import httpx
import psutil
import pytest
from redis.asyncio import Redis
from tasks_kit import Connection, LockCount, Person, Service, StartService

from tasks_service.service.idempotent_writer import WriteRequest
from tasks_service.service.user_work import UserWork
from tasks_service.storage.outbox_repository import StoredChange, read_outbox
from tasks_service.streams.change_feed import BATCH
from todochat.bus.subscriber import CallbackListener
from todochat.identity.revocation import REVOCATIONS_CHANNEL, REVOKED_KEY
from todochat.testing import wait_until


async def test_feed_starts_with_its_position_and_streams_new_changes(ada: Person) -> None:
    await ada.make_task("before")

    async with ada.feed() as feed:
        ready = await feed.event()
        task = await ada.make_task("after")
        event_id, change = await feed.event()

    assert ready == (2, {"type": "feed.ready.v1"})  # the default list and the task
    assert event_id == 3
    assert change == {
        "type": "task.created.v1",
        "actor": "user",
        "occurred_at": task["created_at"],
        "task": task,
    }


async def test_every_change_is_published(ada: Person) -> None:
    async with ada.feed() as feed:
        await feed.event()
        entry = await ada.make_list("Shopping")
        await ada.make_task("milk", list_id=entry["id"])
        await ada.patch("tasks/1", {"title": "oat milk"})
        await ada.post("tasks/1/complete")
        await ada.post("tasks/1/reopen")
        await ada.delete("tasks/1")
        await ada.post("tasks/1/restore")
        await ada.patch(f"lists/{entry['id']}", {"name": "Groceries"})
        await ada.delete(f"lists/{entry['id']}")

        events = await feed.events(10)

    inbox = (await ada.get("lists")).json()["items"][0]
    assert [event_id for event_id, _ in events] == list(range(1, 11))
    assert [change["type"] for _, change in events] == [
        "list.created.v1",
        "list.created.v1",
        "task.created.v1",
        "task.updated.v1",
        "task.completed.v1",
        "task.reopened.v1",
        "task.deleted.v1",
        "task.restored.v1",
        "list.updated.v1",
        "list.deleted.v1",
    ]
    assert events[3][1]["task"]["title"] == "oat milk"
    assert events[8][1]["list"]["open_tasks"] == 1
    assert (events[9][1]["tasks"], events[9][1]["moved_to"]) == ("move", inbox["id"])


async def test_no_op_is_not_published(ada: Person) -> None:
    await ada.make_task("milk")
    await ada.post("tasks/1/complete")

    async with ada.feed() as feed:
        await feed.event()
        await ada.post("tasks/1/complete")
        await ada.patch("tasks/1", {"title": "milk"})
        await ada.post("tasks/1/restore")
        await ada.post("tasks/99/complete")
        await ada.make_task("bread")
        _, change = await feed.event()

    assert change["task"]["title"] == "bread"


async def test_feed_resumes_after_last_event_id(ada: Person) -> None:
    await ada.make_tasks(("one", "two", "three"))

    async with ada.feed(after=2) as feed:
        events = await feed.events(2)

    assert [(event_id, change["task"]["title"]) for event_id, change in events] == [
        (3, "two"), (4, "three"),
    ]  # fmt: skip


async def test_feed_catches_up_over_several_batches(
    start_service: StartService,
) -> None:
    ada = (await start_service(events_poll_s=60)).person()
    for index in range(BATCH * 2 + 1):
        await ada.make_task(str(index))

    async with ada.feed(after=1) as feed:
        events = await feed.events(BATCH * 2 + 1)

    assert [change["task"]["title"] for _, change in events] == [
        str(index) for index in range(BATCH * 2 + 1)
    ]


async def test_reconnecting_feed_has_no_gaps_and_no_repeats(
    start_service: StartService, ada: Person
) -> None:
    """Concurrent writers in two processes; the reader reconnects all the time."""
    elsewhere = (await start_service()).person(ada.user_id)
    rng = random.Random(7)
    count, writers = 25, 4

    async def write(person: Person, name: str) -> None:
        for index in range(count):
            await person.make_task(f"{name} {index}")

    async def read() -> list[str]:
        seen: list[str] = []
        after = 0
        while len(seen) < count * writers:
            reader = rng.choice((ada, elsewhere))
            async with reader.feed(after=after) as feed:
                for _ in range(min(rng.randint(1, 12), count * writers + 1 - after)):
                    event_id, change = await feed.event()
                    assert event_id == after + 1
                    after = event_id
                    if "task" in change:
                        seen.append(change["task"]["title"])
        return seen

    async with asyncio.timeout(60):
        seen, _ = await asyncio.gather(
            read(),
            asyncio.gather(
                *(write((ada, elsewhere)[n % 2], f"writer {n}") for n in range(writers))
            ),
        )

    assert sorted(seen) == sorted(f"writer {n} {i}" for n in range(writers) for i in range(count))
    for n in range(writers):
        mine = [title for title in seen if title.startswith(f"writer {n} ")]
        assert mine == [f"writer {n} {index}" for index in range(count)]


async def test_event_is_not_visible_before_smaller_ids_are_committed(
    service: Service, ada: Person, waits_for_a_lock: LockCount
) -> None:
    """An uncommitted change delays later ones instead of being skipped."""
    await ada.make_task("first")
    writer = service.app.state.services.tasks._writer
    release, started = asyncio.Event(), asyncio.Event()

    async def slow(work: UserWork) -> None:
        work.publish("list.updated.v1")
        await work.flush()
        started.set()
        await release.wait()

    request = WriteRequest(
        user_id=ada.user_id, actor="user", method="POST", route="r", fingerprint="f"
    )
    async with ada.feed(after=2) as feed:
        holder = asyncio.create_task(writer.write(request, 204, slow))
        await started.wait()
        later = asyncio.create_task(ada.make_task("later"))
        await wait_until(lambda: waits_for_a_lock("tasks"))
        release.set()
        events = await feed.events(2)
        await asyncio.gather(holder, later)

    assert [(event_id, change["type"]) for event_id, change in events] == [
        (3, "list.updated.v1"),
        (4, "task.created.v1"),
    ]


async def test_change_in_another_process_wakes_the_feed(
    start_service: StartService, ada: Person
) -> None:
    elsewhere = (await start_service(events_poll_s=60)).person(ada.user_id)

    async with elsewhere.feed() as feed:
        await feed.event()
        await ada.make_task("from there")
        events = await feed.events(2)

    assert events[1][1]["task"]["title"] == "from there"


async def test_feeds_of_one_user_share_their_reads(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = (await start_service(events_poll_s=60)).person()
    reads = 0

    async def count(*args: Any, **options: Any) -> tuple[int, list[StoredChange]]:
        nonlocal reads
        reads += 1
        return await read_outbox(*args, **options)

    async with AsyncExitStack() as stack:
        feeds = [await stack.enter_async_context(ada.feed()) for _ in range(15)]
        for feed in feeds:
            await feed.event()
        monkeypatch.setattr("tasks_service.streams.change_feed.read_outbox", count)

        task = await ada.make_task("a")

        events = [(await feed.events(2))[1][1] for feed in feeds]
    assert [event["task"] for event in events] == [task] * 15
    assert reads < 15


async def test_change_arrives_by_polling_after_a_lost_message(
    start_service: StartService, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CallbackListener, "on_message", lambda self, data: None)
    service = await start_service(events_poll_s=0.1)
    elsewhere = service.person(ada.user_id)

    async with elsewhere.feed() as feed:
        await feed.event()
        await ada.make_task("unheard")
        events = await feed.events(2)

    assert events[1][1]["task"]["title"] == "unheard"


async def test_feed_contains_only_the_users_changes(ada: Person, bob: Person) -> None:
    async with ada.feed() as adas, bob.feed() as bobs:
        await adas.event()
        await bobs.event()
        await ada.make_task("ada's")
        await bob.make_task("bob's")

        heard = [(await feed.events(2))[1][1]["task"]["title"] for feed in (adas, bobs)]

    assert heard == ["ada's", "bob's"]


@pytest.mark.parametrize("after", [7, 2**53 - 1])
async def test_unknown_event_id_resets_the_feed(ada: Person, after: int) -> None:
    await ada.make_task()

    async with ada.feed(after=after) as feed:
        reset = await feed.event()
        await ada.make_task("next")
        following = await feed.event()

    assert reset == (2, {"type": "feed.reset.v1"})
    assert (following[0], following[1]["task"]["title"]) == (3, "next")


async def test_event_id_before_purged_changes_resets_the_feed(
    ada: Person, owner: Connection
) -> None:
    await ada.make_tasks(("one", "two", "three"))
    await owner.execute("DELETE FROM task_events WHERE user_id = $1 AND seq <= 2", ada.user_id)

    async with ada.feed(after=1) as early, ada.feed(after=2) as just_in_time:
        reset = await early.event()
        following = await just_in_time.event()

    assert reset == (4, {"type": "feed.reset.v1"})
    assert following[1]["task"]["title"] == "two"


async def test_feed_without_new_changes_after_a_purge_does_not_reset(
    ada: Person, owner: Connection
) -> None:
    await ada.make_task()
    await owner.execute("DELETE FROM task_events WHERE user_id = $1", ada.user_id)

    async with ada.feed(after=0) as behind, ada.feed(after=2) as up_to_date:
        reset = await behind.event()
        await ada.make_task("next")
        following = await up_to_date.event()

    assert reset == (2, {"type": "feed.reset.v1"})
    assert following[0] == 3


@pytest.mark.parametrize("header", ["", "-1", "x", "1.5", "0x1", str(2**53), "9" * 50, "\u00b2"])
async def test_malformed_event_id_gets_400(ada: Person, header: str) -> None:
    response = await ada.http.get(
        ada.path("tasks/events"), headers={b"Last-Event-ID": header.encode()}
    )

    assert response.status_code == 400


async def test_idle_feed_sends_pings(start_service: StartService) -> None:
    person = (await start_service(events_ping_s=0.05)).person()

    async with person.feed() as feed:
        await feed.event()
        blocks = [await feed.block() for _ in range(3)]

    assert blocks == [": ping"] * 3


async def test_feed_sends_reconnect_when_the_token_expires(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await start_service(events_poll_s=0.1)

    async with service.person(ttl_s=600).feed() as feed:
        await feed.event()
        monkeypatch.setattr(
            service.app.state.services.change_feed, "_clock", lambda: time.time() + 601
        )
        blocks = [await feed.block(), await feed.block()]

    assert blocks == [": reconnect", None]


async def test_feed_sends_unauthorized_after_a_sign_out(ada: Person, redis: Redis) -> None:
    async with ada.feed() as feed:
        await feed.event()
        await redis.publish(REVOCATIONS_CHANNEL, ada.sid)
        blocks = [await feed.block(), await feed.block()]

    assert blocks == [": unauthorized", None]


async def test_feed_ends_after_a_lost_sign_out_message(
    start_service: StartService, redis: Redis
) -> None:
    service = await start_service(events_poll_s=0.1)
    person = service.person()

    async with person.feed() as feed:
        await feed.event()
        await redis.zadd(REVOKED_KEY, {person.sid: time.time() + 900})
        await service.app.state.services.authenticator._revocations.refresh()
        blocks = [await feed.block(), await feed.block()]

    assert blocks == [": unauthorized", None]


async def test_feed_of_another_session_stays_open(
    service: Service, ada: Person, redis: Redis
) -> None:
    other_session = service.person(ada.user_id)

    async with other_session.feed() as feed:
        await feed.event()
        await redis.publish(REVOCATIONS_CHANNEL, ada.sid)
        await other_session.make_task("still here")
        events = await feed.events(2)

    assert events[1][1]["task"]["title"] == "still here"


async def test_feed_sends_reconnect_when_the_service_drains(start_service: StartService) -> None:
    service = await start_service()
    person = service.person()

    async with person.feed() as feed:
        await feed.event()
        await service.app.state.drain.finish()
        blocks = [await feed.block(), await feed.block()]

    assert blocks == [": reconnect", None]


async def test_agent_can_open_the_users_feed(service: Service, ada: Person) -> None:
    async with service.agent(ada.user_id).feed() as feed:
        await feed.event()
        await ada.make_task("seen")
        events = await feed.events(2)

    assert events[1][1]["task"]["title"] == "seen"


async def test_open_feeds_are_limited_per_user(
    start_service: StartService,
) -> None:
    service = await start_service(events_streams_per_user=2)
    person, other = service.person(), service.person()

    async with person.feed() as one, person.feed() as two, other.feed() as others:
        for feed in (one, two, others):
            await feed.event()
        refused = await person.http.get(person.path("tasks/events"))
    await wait_until(lambda: service.app.state.services.notifier.open_feeds == 0)
    async with person.feed() as again:
        ready = await again.event()

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert ready[1]["type"] == "feed.ready.v1"


async def test_vanished_readers_leave_no_resources(start_service: StartService) -> None:
    service = await start_service(events_streams_per_user=100)
    person, bystander = service.person(), service.person()
    for index in range(15):
        await person.make_task(f"{index} " + "x" * 400, notes="n" * 9000)

    async def read_a_little() -> None:
        async with person.http.stream(
            "GET", person.path("tasks/events"), headers={"Last-Event-ID": "0"}
        ) as response:
            async for _ in response.aiter_raw(1024):
                return

    async with bystander.feed() as feed:
        await feed.event()
        await asyncio.gather(*(read_a_little() for _ in range(30)))
        await wait_until(lambda: service.app.state.services.notifier.open_feeds == 1, timeout_s=20)
        await bystander.make_task("undisturbed")
        events = await feed.events(2)

    assert events[1][1]["task"]["title"] == "undisturbed"
    await wait_until(lambda: service.app.state.services.database.engine.pool.checkedout() == 0)


def open_connections(client_port: int) -> list[object]:
    """Return this process's open sockets, including the server's, to a client's port."""
    return [
        connection
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_ESTABLISHED and connection.raddr.port == client_port
    ]


async def test_stalled_reader_is_disconnected(
    start_service: StartService, owner: Connection
) -> None:
    service = await start_service(events_send_timeout_s=0.2)
    person = service.person()
    await person.make_task()
    await owner.execute(
        """
        INSERT INTO task_events (user_id, seq, type, actor, payload, occurred_at)
        SELECT $1, n, 'task.updated.v1', 'user', jsonb_build_object('x', repeat('x', 60000)), now()
        FROM generate_series(3, 400) AS n
        """,
        person.user_id,
    )
    await owner.execute(
        "UPDATE user_counters SET last_event_seq = 400 WHERE user_id = $1", person.user_id
    )
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", httpx.URL(service.url).port))
        reader.sendall(
            f"GET {person.path('tasks/events')} HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\n"
            f"Authorization: Bearer {person.token}\r\n\r\n".encode()
        )

        await wait_until(lambda: service.app.state.services.notifier.open_feeds == 1)
        await wait_until(lambda: service.app.state.services.notifier.open_feeds == 0, timeout_s=20)
        # The socket is closed, too, although the client hasn't read it.
        await wait_until(lambda: not open_connections(reader.getsockname()[1]), timeout_s=10)
