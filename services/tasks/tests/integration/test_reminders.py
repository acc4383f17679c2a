"""Reminders: they fire once, on time or late, and follow the task that they belong to."""

import asyncio
import datetime as dt
import json
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tasks_kit import Connection, MakeSettings, Person, Service, StartService, start_process

from todochat.clock import utc_now
from todochat.identity.tokens import SigningKey

HOUR = dt.timedelta(hours=1)
Document = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(make_settings: MakeSettings, signing_key: SigningKey) -> AsyncIterator[Service]:
    """A service without the periodic job: tests fire reminders themselves."""
    service = Service(make_settings(reminders_poll_s=3600), signing_key)
    await service.start()
    yield service
    await service.stop()


def in_hours(hours: float) -> str:
    return (utc_now() + hours * HOUR).isoformat()


async def make_due(owner: Connection, person: Person, *, ago: dt.timedelta) -> None:
    """Let the time of a user's reminders pass."""
    await owner.execute(
        "UPDATE reminders SET fires_at = $2 WHERE user_id = $1 AND fires_at IS NOT NULL",
        person.user_id,
        utc_now() - ago,
    )


async def fired(owner: Connection, person: Person) -> list[Document]:
    """Return the user's events of fired reminders."""
    rows = await owner.fetch(
        "SELECT payload FROM task_events WHERE user_id = $1 AND type = 'reminder.fired.v1'"
        " ORDER BY seq",
        person.user_id,
    )
    return [json.loads(row["payload"]) for row in rows]


async def planned(person: Person) -> list[dt.datetime]:
    page = (await person.get("reminders")).json()
    return [dt.datetime.fromisoformat(item["fires_at"]) for item in page["items"]]


async def test_reminder_reaches_the_feed_once(
    service: Service, ada: Person, owner: Connection
) -> None:
    at = in_hours(1)
    task = await ada.make_task("Call mom", reminders=[{"at": at}])
    async with ada.feed() as feed:
        await feed.event()  # the feed is open
        await make_due(owner, ada, ago=dt.timedelta(seconds=5))

        await service.app.state.services.reminders.fire_due()
        await service.app.state.services.reminders.fire_due()

        _, event = await feed.event()

    assert event["type"] == "reminder.fired.v1"
    assert event["actor"] == "system"
    assert event["task"]["id"] == task["id"]
    assert event["reminder"]["id"] == task["reminders"][0]["id"]
    assert event["reminder"]["late"] is False
    assert len(await fired(owner, ada)) == 1
    assert await planned(ada) == []


async def test_reminder_missed_in_a_downtime_fires_once_and_late(
    service: Service, ada: Person, owner: Connection
) -> None:
    await ada.make_task(reminders=[{"at": in_hours(1)}])
    await make_due(owner, ada, ago=5 * HOUR)

    await service.app.state.services.reminders.fire_due()
    await service.app.state.services.reminders.fire_due()

    assert [event["reminder"]["late"] for event in await fired(owner, ada)] == [True]


async def test_reminder_of_a_day_fires_in_the_morning_of_its_time_zone(ada: Person) -> None:
    due = {"date": "2999-07-01", "timezone": "Europe/Berlin"}

    await ada.make_task(due=due, reminders=[{"minutes_before": 30}, {"minutes_before": 1440}])

    assert await planned(ada) == [
        dt.datetime(2999, 6, 30, 7, 0, tzinfo=dt.UTC),
        dt.datetime(2999, 7, 1, 6, 30, tzinfo=dt.UTC),
    ]


async def test_relative_reminder_follows_the_due_date(ada: Person) -> None:
    task = await ada.make_task(
        due={"at": "2999-07-01T10:00:00Z"}, reminders=[{"minutes_before": 30}]
    )

    await ada.patch(f"tasks/{task['id']}", {"due": {"at": "2999-07-02T10:00:00Z"}})
    moved = await planned(ada)
    await ada.patch(f"tasks/{task['id']}", {"due": None})

    assert moved == [dt.datetime(2999, 7, 2, 9, 30, tzinfo=dt.UTC)]
    assert await planned(ada) == []


@pytest.mark.parametrize("ending", ["complete", "delete"])
async def test_finished_task_reminds_of_nothing_until_it_is_back(
    service: Service, ada: Person, owner: Connection, ending: str
) -> None:
    at = in_hours(1)
    task = await ada.make_task(reminders=[{"at": at}])
    path = f"tasks/{task['id']}"

    await (ada.post(f"{path}/complete") if ending == "complete" else ada.delete(path))
    finished = await planned(ada)
    await ada.post(f"{path}/reopen" if ending == "complete" else f"{path}/restore")

    assert finished == []
    assert [moment.isoformat() for moment in await planned(ada)] == [at]


@pytest.mark.parametrize("ending", ["delete", "archive"])
async def test_tasks_of_a_deleted_or_archived_list_remind_of_nothing(
    service: Service, ada: Person, owner: Connection, ending: str
) -> None:
    trips = await ada.make_list("Trips")
    await ada.make_task(list_id=trips["id"], reminders=[{"at": in_hours(1)}])
    if ending == "delete":
        await ada.call("DELETE", f"lists/{trips['id']}", params={"tasks": "delete"})
    else:
        await ada.patch(f"lists/{trips['id']}", {"archived": True})
    await make_due(owner, ada, ago=HOUR)

    await service.app.state.services.reminders.fire_due()

    assert await fired(owner, ada) == []


async def test_changed_task_does_not_fire_again(
    service: Service, ada: Person, owner: Connection
) -> None:
    task = await ada.make_task(reminders=[{"at": in_hours(1)}])
    await make_due(owner, ada, ago=HOUR)
    await service.app.state.services.reminders.fire_due()

    await ada.patch(f"tasks/{task['id']}", {"reminders": task["reminders"], "title": "again"})

    await make_due(owner, ada, ago=HOUR)
    await service.app.state.services.reminders.fire_due()
    assert len(await fired(owner, ada)) == 1


async def test_reopened_old_task_reminds_of_nothing(ada: Person) -> None:
    task = await ada.make_task(reminders=[{"at": in_hours(-1)}])
    await ada.post(f"tasks/{task['id']}/complete")

    await ada.post(f"tasks/{task['id']}/reopen")

    assert await planned(ada) == []


async def test_snoozed_reminder_fires_again(
    service: Service, ada: Person, owner: Connection
) -> None:
    task = await ada.make_task(reminders=[{"at": in_hours(1)}])
    await make_due(owner, ada, ago=HOUR)
    await service.app.state.services.reminders.fire_due()
    path = f"reminders/{task['reminders'][0]['id']}/snooze"

    answer = await ada.post(path, {"minutes": 10})

    assert answer.status_code == 200
    snoozed = dt.datetime.fromisoformat(answer.json()["fires_at"]) - utc_now()
    assert dt.timedelta(minutes=9) < snoozed <= dt.timedelta(minutes=10)
    assert len(await planned(ada)) == 1
    await make_due(owner, ada, ago=HOUR)
    await service.app.state.services.reminders.fire_due()
    assert len(await fired(owner, ada)) == 2


async def test_each_instance_of_a_repeating_task_has_its_reminder(ada: Person) -> None:
    task = await ada.make_task(
        due={"at": "2999-07-01T10:00:00Z"},
        repeat={"rule": "FREQ=DAILY", "from": "due"},
        reminders=[{"minutes_before": 30}, {"at": "2999-06-01T10:00:00Z"}],
    )

    await ada.post(f"tasks/{task['id']}/complete")

    following = (await ada.get("tasks")).json()["items"][0]
    assert await planned(ada) == [dt.datetime(2999, 7, 2, 9, 30, tzinfo=dt.UTC)]
    assert [reminder["minutes_before"] for reminder in following["reminders"]] == [30]
    assert following["reminders"][0]["id"] != task["reminders"][0]["id"]


async def test_users_cannot_snooze_what_is_not_theirs(ada: Person, bob: Person) -> None:
    task = await ada.make_task(reminders=[{"at": in_hours(1)}])
    path = f"reminders/{task['reminders'][0]['id']}/snooze"

    answers = [await bob.post(path, {"minutes": 10}), await ada.post("reminders/rem_x/snooze", {})]

    assert answers[0].status_code == 404
    assert answers[0].json()["type"].endswith("reminder-not-found")
    assert answers[1].status_code == 422


async def test_removed_reminders_come_back_with_an_undo(ada: Person) -> None:
    at = in_hours(1)
    task = await ada.make_task(reminders=[{"at": at}])
    removed = await ada.patch(f"tasks/{task['id']}", {"reminders": []})

    before = await planned(ada)
    await ada.post("changes/undo", {"request_id": removed.headers["X-Change-Request"]})

    assert before == []
    assert [moment.isoformat() for moment in await planned(ada)] == [at]


@pytest.mark.parametrize(
    ("reminders", "pointer"),
    [
        ([{}], "/reminders/0"),
        ([{"at": "2999-01-01T00:00:00Z", "minutes_before": 5}], "/reminders/0"),
        ([{"at": "2999-01-01T00:00:00"}], "/reminders/0/at"),
        ([{"minutes_before": -1}], "/reminders/0/minutes_before"),
        ([{"minutes_before": n} for n in range(11)], "/reminders"),
    ],
)
async def test_invalid_reminder_is_named(
    ada: Person, reminders: list[Document], pointer: str
) -> None:
    response = await ada.post("tasks", {"title": "x", "reminders": reminders})

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer


async def test_services_that_fire_at_the_same_time_fire_once(
    service: Service, start_service: StartService, ada: Person, owner: Connection
) -> None:
    other = await start_service(reminders_poll_s=3600)
    for number in range(5):
        await ada.make_task(f"task {number}", reminders=[{"at": in_hours(1)}])
    await make_due(owner, ada, ago=HOUR)

    await asyncio.gather(
        *(each.app.state.services.reminders.fire_due() for each in (service, other) * 5)
    )

    assert len(await fired(owner, ada)) == 5


@pytest.mark.parametrize("point", ["change.written", "change.committed"])
async def test_process_killed_while_it_fires_loses_and_repeats_nothing(
    service: Service, make_settings: MakeSettings, ada: Person, owner: Connection, point: str
) -> None:
    await ada.make_task("first", reminders=[{"at": in_hours(1)}])
    await ada.make_task("second", reminders=[{"at": in_hours(2)}])
    await make_due(owner, ada, ago=HOUR)
    process = await start_process(make_settings(), TODOCHAT_FAULT_POINTS=point)
    async with asyncio.timeout(60):
        status = await process.wait()

    await service.app.state.services.reminders.fire_due()

    assert status == -signal.SIGKILL
    titles = [event["task"]["title"] for event in await fired(owner, ada)]
    assert sorted(titles) == ["first", "second"]
