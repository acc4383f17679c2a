"""The calendar feed: a private address that calendars read without signing in."""

import datetime as dt
import zoneinfo
from typing import Any

import httpx
from icalendar import Calendar
from tasks_kit import Connection, Person, Service

from tasks_service.service.calendar_service import PAGE, REQUESTS_PER_MINUTE

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
STANDUP = {"at": "2026-12-07T09:30:00+01:00", "timezone": "Europe/Berlin"}


async def subscribe(person: Person) -> str:
    """Create the feed; return the path of its address."""
    response = await person.post("calendar")
    assert response.status_code == 201, response.text
    return httpx.URL(response.json()["url"]).path


async def read(person: Person, path: str, **headers: str) -> httpx.Response:
    """Read a feed as a calendar does: without a token."""
    async with httpx.AsyncClient(base_url=person.service.url, timeout=20) as calendar:
        return await calendar.get(path, headers=headers)


def events(response: httpx.Response) -> list[Any]:
    return Calendar.from_ical(response.content).events


def todos(response: httpx.Response) -> list[Any]:
    return Calendar.from_ical(response.content).todos


async def test_calendar_shows_open_tasks_as_events_and_todos(ada: Person) -> None:
    standup = await ada.make_task(
        "Stand-up; bring, notes",
        due=STANDUP,
        duration_minutes=15,
        repeat={"rule": "FREQ=WEEKLY;BYDAY=MO", "until": "2026-12-31"},
        notes="Room 5\r\nsecond\x07 floor",
        tags=["work", "a,b"],
        priority="high",
        reminders=[{"minutes_before": 30}, {"at": "2026-12-06T18:00:00Z"}],
    )
    await ada.make_task("Taxes", due={"date": "2026-12-31"}, start={"date": "2026-12-01"})
    await ada.make_task("Passport", due={"date": "2026-12-20"}, reminders=[{"minutes_before": 60}])
    await ada.make_task("Someday")
    done = await ada.make_task("Done", due=STANDUP)
    await ada.post(f"tasks/{done['id']}/complete")

    response = await read(ada, await subscribe(ada))

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    assert response.headers["cache-control"] == "private, no-cache"
    [event] = events(response)
    assert event["uid"] == f"{standup['id']}-event"
    assert event["summary"] == "Stand-up; bring, notes"
    assert event["description"] == "Room 5\nsecond floor"
    assert event.start == dt.datetime(2026, 12, 7, 9, 30, tzinfo=BERLIN)
    assert event.duration == dt.timedelta(minutes=15)
    assert event["rrule"].to_ical() == b"FREQ=WEEKLY;UNTIL=20261231T225959Z;BYDAY=MO"
    assert event.categories == ["work", "a,b"]
    before, at = (alarm["trigger"].dt for alarm in event.walk("VALARM"))
    assert before == dt.timedelta(minutes=-30)
    assert at == dt.datetime(2026, 12, 6, 18, tzinfo=dt.UTC)
    assert b"TZID:Europe/Berlin" in response.content
    listed = {str(todo["summary"]): todo for todo in todos(response)}
    assert set(listed) == {"Stand-up; bring, notes", "Taxes", "Passport", "Someday"}
    assert listed["Stand-up; bring, notes"].walk("VALARM") == []
    [alarm] = listed["Passport"].walk("VALARM")
    assert alarm["trigger"].dt == dt.datetime(2026, 12, 20, 8, tzinfo=dt.UTC)
    assert listed["Taxes"]["due"].dt == dt.date(2026, 12, 31)
    assert listed["Taxes"].start == dt.date(2026, 12, 1)
    assert "due" not in listed["Someday"]


async def test_calendar_can_be_read_without_todos_or_without_events(ada: Person) -> None:
    await ada.make_task("Call", due=STANDUP)
    await ada.make_task("Read")
    path = await subscribe(ada)

    only_events = await read(ada, f"{path}?show=events")
    only_todos = await read(ada, f"{path}?show=todos")

    assert [len(events(only_events)), len(todos(only_events))] == [1, 0]
    assert [len(events(only_todos)), len(todos(only_todos))] == [0, 2]


async def test_unchanged_calendar_is_not_sent_again(ada: Person) -> None:
    task = await ada.make_task("Call", due=STANDUP)
    path = await subscribe(ada)
    first = await read(ada, path)

    unchanged = await read(ada, path, **{"If-None-Match": first.headers["etag"]})
    await ada.patch(f"tasks/{task['id']}", {"title": "Call back"})
    changed = await read(ada, path, **{"If-None-Match": first.headers["etag"]})

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    assert changed.status_code == 200
    assert [str(event["summary"]) for event in events(changed)] == ["Call back"]
    assert events(changed)[0]["uid"] == events(first)[0]["uid"]


async def test_new_address_and_revocation_end_the_former_one(ada: Person) -> None:
    assert (await ada.get("calendar")).json() == {"created_at": None}
    first = await subscribe(ada)
    second = await subscribe(ada)
    state = (await ada.get("calendar")).json()

    rotated = (await read(ada, first)).status_code, (await read(ada, second)).status_code
    await ada.delete("calendar")
    revoked = await read(ada, second)

    assert state["created_at"] is not None
    assert set(state) == {"created_at"}
    assert rotated == (404, 200)
    assert (revoked.status_code, revoked.json()["type"]) == (
        404,
        "urn:todochat:problem:calendar-not-found",
    )
    assert (await ada.get("calendar")).json() == {"created_at": None}
    assert (await ada.delete("calendar")).status_code == 204


async def test_calendars_of_two_users_are_apart(ada: Person, bob: Person) -> None:
    await ada.make_task("hers")
    await bob.make_task("his")

    hers, his = await read(ada, await subscribe(ada)), await read(bob, await subscribe(bob))

    assert [str(todo["summary"]) for todo in todos(hers)] == ["hers"]
    assert [str(todo["summary"]) for todo in todos(his)] == ["his"]


async def test_token_is_stored_only_as_a_digest(ada: Person, owner: Connection) -> None:
    path = await subscribe(ada)
    token = path.rpartition("/")[2].removesuffix(".ics")

    row = await owner.fetchval(
        "SELECT t::text FROM calendar_feeds t WHERE user_id = $1", ada.user_id
    )

    assert len(token) == len("cal_") + 43  # 256 bits
    assert token not in row
    assert (await read(ada, path.removesuffix(".ics"))).status_code == 404
    assert (await read(ada, "/api/calendar/cal_.ics")).status_code == 404


async def test_agent_cannot_publish_a_calendar(service: Service, ada: Person) -> None:
    response = await service.agent(ada.user_id).post("calendar")

    assert response.status_code == 403


async def test_each_address_has_its_own_rate_limit(ada: Person, bob: Person) -> None:
    hers, his = await subscribe(ada), await subscribe(bob)

    statuses = [(await read(ada, hers)).status_code for _ in range(REQUESTS_PER_MINUTE)]
    limited = await read(ada, hers)

    assert set(statuses) == {200}
    assert limited.status_code == 429
    assert int(limited.headers["retry-after"]) > 0
    assert (await read(bob, his)).status_code == 200


async def test_calendar_longer_than_a_page_has_every_task(ada: Person) -> None:
    titles = [f"task {index}" for index in range(PAGE + 5)]
    await ada.make_tasks(titles)

    response = await read(ada, await subscribe(ada))

    assert [str(todo["summary"]) for todo in todos(response)] == titles
