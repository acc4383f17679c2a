"""Views and counts."""

import datetime as dt
from typing import Any

import pytest
import pytest_asyncio
from tasks_kit import Connection, Person, Service

from todochat.clock import to_wire, utc_now

VIEWS = {
    "today": {"today", "begins"},
    "upcoming": {"tomorrow", "next month", "tomorrow too"},
    "overdue": {"late"},
    "no-date": {"whenever", "in the list", "tagged", "in the list, tagged"},
    "someday": {"in the list", "tagged", "in the list, tagged"},
}


def day(offset: int) -> dict[str, str]:
    return {"date": (utc_now() + dt.timedelta(days=offset)).date().isoformat()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def planner(service: Service) -> Person:
    """A user with tasks in every view; tests only read them."""
    person = service.person()
    someday = await person.make_list("Someday")
    await person.make_task("today", due=day(0))
    await person.make_task("tomorrow", due=day(1))
    await person.make_task("next month", due=day(40))
    await person.make_task("tomorrow too", due=day(1))
    await person.make_task("late", due={"at": to_wire(utc_now() - dt.timedelta(days=2))})
    await person.make_task("whenever")
    await person.make_task("in the list", list_id=someday["id"])
    await person.make_task("tagged", tags=["Someday"])
    await person.make_task("in the list, tagged", list_id=someday["id"], tags=["someday"])
    await person.make_task("done", due=day(0), tags=["someday"])
    await person.post("tasks/10/complete")
    await person.make_task("begins", start=day(0))
    archived = await person.make_list("Archived")
    for due in (day(0), day(1), {"at": to_wire(utc_now() - dt.timedelta(days=2))}, None):
        await person.make_task("hidden", list_id=archived["id"], due=due, tags=["someday"])
    await person.patch(f"lists/{archived['id']}", {"archived": True})
    return person


@pytest.mark.parametrize("view", VIEWS)
async def test_view_shows_its_open_tasks(planner: Person, view: str) -> None:
    page = (await planner.get(f"views/{view}")).json()

    assert {task["title"] for task in page["items"]} == VIEWS[view]


async def test_upcoming_tasks_are_grouped_by_day(planner: Person) -> None:
    days = (await planner.get("views/upcoming")).json()["days"]

    assert [[task["title"] for task in each["tasks"]] for each in days] == [
        ["tomorrow", "tomorrow too"],
        ["next month"],
    ]
    assert [each["day"] for each in days] == [day(1)["date"], day(40)["date"]]


async def test_pages_of_a_view_continue(planner: Person) -> None:
    first = (await planner.get("views/upcoming", limit=2)).json()
    rest = (await planner.get("views/upcoming", limit=2, cursor=first["next_cursor"])).json()

    titles = [task["title"] for task in [*first["items"], *rest["items"]]]
    assert titles == ["tomorrow", "tomorrow too", "next month"]
    assert rest["next_cursor"] is None


async def test_counts_agree_with_what_is_shown(planner: Person) -> None:
    saved = {}
    for name, text in {
        "soon": "due > today & due < in a week",
        "done": "status = completed",
        "gone list": "list = Someday",
    }.items():
        saved[name] = (await planner.post("filters", {"name": name, "filter": text})).json()["id"]

    counts = (await planner.get("views/counts")).json()

    assert counts["views"] == {view: len(titles) for view, titles in VIEWS.items()}
    lists = (await planner.get("lists")).json()["items"]
    assert counts["lists"] == {each["id"]: each["open_tasks"] for each in lists}
    assert {name: counts["filters"][saved[name]] for name in saved} == {
        "soon": 2,
        "done": 1,
        "gone list": 2,
    }


async def test_filter_of_a_deleted_list_has_no_count(ada: Person) -> None:
    errands = await ada.make_list("Errands")
    saved = (await ada.post("filters", {"name": "e", "filter": "list = Errands"})).json()
    await ada.delete(f"lists/{errands['id']}")

    counts: dict[str, Any] = (await ada.get("views/counts")).json()

    assert counts["filters"] == {saved["id"]: None}


async def test_counts_include_tags_of_before_the_upgrade(ada: Person, owner: Connection) -> None:
    """Such tags are counted by the first request that needs them."""
    await ada.make_task("tagged", tags=["Someday"])
    await owner.execute(
        "UPDATE user_counters SET has_tag_counts = false WHERE user_id = $1", ada.user_id
    )
    await owner.execute("DELETE FROM tag_counts WHERE user_id = $1", ada.user_id)

    assert (await ada.get("views/counts")).json()["views"]["someday"] == 1


async def test_counts_of_a_new_user_are_zero(ada: Person) -> None:
    counts = (await ada.get("views/counts")).json()

    assert set(counts["views"].values()) == {0}


async def test_unknown_view_and_time_zone_are_rejected(ada: Person) -> None:
    assert (await ada.get("views/yesterday")).status_code in {404, 422}
    assert (await ada.get("views/today", timezone="Mars")).status_code == 422
    assert (await ada.get("views/counts", timezone="Mars")).status_code == 422
