"""Filters, orders and pages of the listing."""

import datetime as dt
import random
from typing import Any

import pytest
import pytest_asyncio
from tasks_kit import Person, Service

from todochat.clock import to_wire, utc_now


async def walk(person: Person, **params: Any) -> list[str]:
    """Read every page and return the titles."""
    titles, cursor = [], None
    while True:
        page = (
            await person.get("tasks", **params, **({"cursor": cursor} if cursor else {}))
        ).json()
        titles += [task["title"] for task in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return titles


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def household(service: Service) -> tuple[Person, dict[str, Any]]:
    """Tasks that differ in every filterable field; tests only read them."""
    ada = service.person()
    shopping = await ada.make_list("Shopping")
    await ada.make_task("milk", list_id=shopping["id"], tags=["Dairy"], priority="high")
    await ada.make_task("bread", list_id=shopping["id"], notes="Dark RYE, sliced")
    await ada.make_task(
        "taxes", due={"date": "2026-03-31"}, priority="high", tags=["Money", "late"]
    )
    await ada.make_task("call", due={"at": "2026-03-31T22:30:00Z", "timezone": "Europe/Berlin"})
    await ada.make_task("report", due={"date": "2026-04-02"}, priority="low")
    await ada.make_task("done")
    await ada.post("tasks/6/complete")
    await ada.make_task("gone")
    await ada.delete("tasks/7")
    return ada, shopping


@pytest.mark.parametrize(
    ("params", "titles"),
    [
        ({}, {"milk", "bread", "taxes", "call", "report"}),
        ({"status": "open"}, {"milk", "bread", "taxes", "call", "report"}),
        ({"status": "completed"}, {"done"}),
        ({"status": "all"}, {"milk", "bread", "taxes", "call", "report", "done"}),
        ({"priority": "high"}, {"milk", "taxes"}),
        ({"priority": "none"}, {"bread", "call"}),
        ({"tag": "dairy"}, {"milk"}),
        ({"tag": "DAIRY"}, {"milk"}),
        ({"tag": "dair"}, set()),
        ({"q": "rye"}, {"bread"}),
        ({"q": "sliced dark"}, {"bread"}),
        ({"q": "MONEY"}, {"taxes"}),
        ({"q": "%"}, set()),
        ({"q": "m_lk"}, set()),
        ({"q": ""}, {"milk", "bread", "taxes", "call", "report"}),
        ({"due_from": "2026-03-31"}, {"taxes", "call", "report"}),
        ({"due_to": "2026-03-31"}, {"taxes"}),
        ({"due_from": "2026-04-01", "due_to": "2026-04-01"}, {"call"}),
        ({"due_from": "2026-04-01", "due_to": "2026-04-02"}, {"call", "report"}),
        ({"due_to": "2026-03-31T22:30:00Z"}, {"call"}),
        ({"due_to": "2026-04-01T00:00:00Z"}, {"taxes", "call"}),
        ({"due_from": "2026-03-31T22:30:01Z"}, {"taxes", "report"}),
        ({"priority": "high", "q": "taxes", "tag": "late"}, {"taxes"}),
    ],
)
async def test_filters_select_matching_tasks(
    household: tuple[Person, dict[str, Any]], params: dict[str, str], titles: set[str]
) -> None:
    person, _ = household

    found = await person.titles(**params)

    assert set(found) == titles
    assert len(found) == len(titles)


async def test_list_filter_selects_the_lists_tasks(
    household: tuple[Person, dict[str, Any]],
) -> None:
    person, shopping = household

    assert set(await person.titles(list_id=shopping["id"])) == {"milk", "bread"}


async def test_overdue_selects_open_tasks_past_their_due_date(ada: Person) -> None:
    now = utc_now()
    yesterday = (now - dt.timedelta(days=2)).date().isoformat()
    await ada.make_task("past day", due={"date": yesterday})
    await ada.make_task("past instant", due={"at": to_wire(now - dt.timedelta(minutes=1))})
    await ada.make_task("past and done", due={"date": yesterday})
    await ada.post("tasks/3/complete")
    await ada.make_task("to come", due={"at": to_wire(now + dt.timedelta(hours=1))})
    await ada.make_task("whenever")

    overdue = await ada.titles(overdue="true", status="all")
    others = await ada.titles(overdue="false", status="all")

    assert set(overdue) == {"past day", "past instant"}
    assert set(others) == {"past and done", "to come", "whenever"}


async def test_started_and_pinned_select_tasks(ada: Person) -> None:
    now = utc_now()
    await ada.make_task("started", start={"at": to_wire(now - dt.timedelta(minutes=1))})
    await ada.make_task("later", start={"at": to_wire(now + dt.timedelta(hours=1))}, pinned=True)
    await ada.make_task("in days", start={"date": (now + dt.timedelta(days=3)).date().isoformat()})
    await ada.make_task("any time", pinned=True)

    assert set(await ada.titles(started="true")) == {"started", "any time"}
    assert set(await ada.titles(started="false")) == {"later", "in days"}
    assert set(await ada.titles(pinned="true")) == {"later", "any time"}
    assert set(await ada.titles(pinned="false", started="true")) == {"started"}


@pytest.mark.parametrize(
    ("params", "titles"),
    [
        ({}, ["report", "call", "taxes", "bread", "milk"]),
        ({"order": "asc"}, ["milk", "bread", "taxes", "call", "report"]),
        # The day of taxes ends at midnight UTC, an hour and a half after the call.
        ({"sort": "due"}, ["call", "taxes", "report", "milk", "bread"]),
        ({"sort": "due", "order": "desc"}, ["report", "taxes", "call", "bread", "milk"]),
        ({"sort": "priority"}, ["taxes", "milk", "report", "call", "bread"]),
        ({"sort": "priority", "order": "asc"}, ["bread", "call", "report", "milk", "taxes"]),
        ({"sort": "title"}, ["bread", "call", "milk", "report", "taxes"]),
        ({"sort": "title", "order": "desc"}, ["taxes", "report", "milk", "call", "bread"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_order_is_independent_of_the_page_size(
    household: tuple[Person, dict[str, Any]], params: dict[str, str], titles: list[str], limit: int
) -> None:
    person, _ = household

    assert await walk(person, limit=limit, **params) == titles


async def test_titles_are_sorted_ignoring_case(ada: Person) -> None:
    await ada.make_tasks(("banana", "Apple", "\u00e9clair", "Zucchini", "cherry"))

    assert await walk(ada, sort="title", limit=2) == [
        "Apple", "banana", "cherry", "Zucchini", "\u00e9clair",
    ]  # fmt: skip


async def test_tasks_are_sorted_by_start_and_pinned_ones_come_first(ada: Person) -> None:
    for title, start, pinned in [
        ("a", {"date": "2026-12-03"}, False),
        ("b", None, True),
        ("c", {"at": "2026-12-01T10:00:00Z"}, False),
        ("d", {"date": "2026-12-01"}, False),
        ("e", {"date": "2026-12-02"}, True),
        ("f", None, False),
    ]:
        await ada.make_task(title, start=start, pinned=pinned)

    orders = [
        "".join(await walk(ada, limit=2, **params))
        for params in (
            {"sort": "start"},
            {"sort": "start", "order": "desc"},
            {"sort": "start", "pinned_first": True},
            {"pinned_first": True},
        )
    ]

    assert orders == ["dceabf", "aecdfb", "ebdcaf", "ebfdca"]


@pytest.mark.parametrize("sort", ["created", "due", "start", "priority", "title"])
@pytest.mark.parametrize(
    ("order", "pinned_first"),
    [
        ("asc", True),
        ("desc", False),
        pytest.param("asc", False, marks=pytest.mark.slow),
        pytest.param("desc", True, marks=pytest.mark.slow),
    ],
)
async def test_pages_stay_consistent_while_tasks_are_added(
    ada: Person, sort: str, order: str, *, pinned_first: bool
) -> None:
    rng = random.Random(f"{sort} {order}")
    query: dict[str, Any] = {"sort": sort, "order": order, "pinned_first": pinned_first}

    async def add(title: str) -> None:
        date = {"date": f"2026-11-{rng.randint(1, 5):02}"} if rng.random() < 0.6 else None
        priority, pinned = rng.choice(["none", "low", "high"]), rng.random() < 0.4
        await ada.make_task(title, due=date, start=date, priority=priority, pinned=pinned)

    before = [f"{rng.choice('abc')} {index}" for index in range(12)]
    for title in before:
        await add(title)

    seen, cursor = [], None
    for page_number in range(100):
        params: dict[str, str] = {"cursor": cursor} if cursor else {}
        page = (await ada.get("tasks", **query, limit=3, **params)).json()
        seen += [task["title"] for task in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        if page_number < 5:
            await add(f"{rng.choice('abc')} new {page_number}")

    assert len(seen) == len(set(seen))
    assert [title for title in seen if "new" not in title] == [
        title for title in await walk(ada, **query) if "new" not in title
    ]
    assert set(before) <= set(seen)


async def test_pages_show_tasks_as_changes_do(ada: Person) -> None:
    made = await ada.make_task(
        "report",
        notes="in full",
        priority="high",
        tags=["Work"],
        due={"at": "2026-12-24T17:00:00Z", "timezone": "Europe/Berlin"},
        start={"date": "2026-12-20"},
        duration_minutes=30,
        pinned=True,
        repeat={"rule": "FREQ=WEEKLY", "from": "due"},
        reminders=[{"minutes_before": 10}, {"at": "2026-12-23T08:00:00Z"}],
    )

    assert made["reminders"]
    assert made["repeat"]
    assert (await ada.get("tasks")).json()["items"] == [made]
    assert (await ada.get("tasks/1")).json() == made


async def test_cursor_survives_deletion_of_its_task(ada: Person) -> None:
    await ada.make_tasks(("a", "b", "c", "d"))
    page = (await ada.get("tasks", order="asc", limit=2)).json()
    await ada.delete("tasks/2")

    rest = await ada.titles(order="asc", limit=2, cursor=page["next_cursor"])

    assert rest == ["c", "d"]


async def test_cursor_gives_no_access_to_another_users_tasks(ada: Person, bob: Person) -> None:
    await ada.make_tasks(("a", "b", "c"))
    cursor = (await ada.get("tasks", limit=1)).json()["next_cursor"]

    response = await bob.get("tasks", limit=1, cursor=cursor)

    assert (response.status_code, response.json()["items"]) == (200, [])


async def test_cursor_of_another_query_is_rejected(ada: Person) -> None:
    await ada.make_task("a")
    await ada.make_task("b")
    cursor = (await ada.get("tasks", limit=1)).json()["next_cursor"]

    response = await ada.get("tasks", limit=1, status="all", cursor=cursor)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "cursor"


@pytest.mark.parametrize(
    "query",
    [
        "status=done",
        "priority=urgent",
        "sort=number",
        "order=up",
        "overdue=maybe",
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=many",
        "limit=99999999999999999999999999",
        "due_from=tomorrow",
        "due_to=2026-02-30",
        "cursor=garbage",
        "cursor=",
        "cursor=%00",
        "tag=",
        "tag=%00",
        "tag=" + "x" * 51,
        "q=%00",
        "q=" + "x" * 201,
        "prioritty=high",
    ],
)
async def test_invalid_query_is_rejected(ada: Person, query: str) -> None:
    response = await ada.call("GET", f"tasks?{query}")

    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query",
    [
        "limit=1",
        "limit=200",
        "tag=" + "x" * 50,
        "q=" + "x" * 200,
        "q=" + "+".join("x" * 100),
        "q=%FF",
        "list_id=%F0%9F",
        "overdue=1",
    ],
)
async def test_query_at_its_limits_is_accepted(ada: Person, query: str) -> None:
    response = await ada.call("GET", f"tasks?{query}")

    assert response.status_code in (200, 404), response.text


async def test_tasks_are_read_by_their_ids(ada: Person, service: Service) -> None:
    milk, bread, tea = [await ada.make_task(title) for title in ("milk", "bread", "tea")]
    await ada.post(f"tasks/{bread['id']}/complete")
    await ada.delete(f"tasks/{tea['id']}")
    theirs = await service.person().make_task("theirs")
    ids = [milk["id"], bread["id"], milk["id"], tea["id"], theirs["id"], "tsk_none"]

    assert set(await ada.titles(ids=",".join(ids), status="all")) == {"milk", "bread"}
    assert set(await ada.titles(ids=",".join(ids))) == {"milk"}
    assert list(await ada.titles(ids="")) == []
    for text in (",".join(map(str, range(201))), "tsk_\0"):
        refused = await ada.get("tasks", ids=text)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "ids"
