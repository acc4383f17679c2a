"""The filter language, with the examples of its page."""

import re
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tasks_kit import Person, Service

from tasks_service.domain.filter_dates import FilterClock, Moment, parse_date_value
from todochat.clock import utc_now

PAGE = (Path(__file__).parents[4] / "docs/filters.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """Return the cells of the page's table whose first column has this heading."""
    start = re.search(rf"^\| {heading} \|.*\n\|[-| ]+\n", PAGE, re.MULTILINE)
    assert start is not None
    rows = PAGE[start.end() :].split("\n\n")[0].splitlines()
    cells = [re.split(r"(?<!\\)\|", row)[1:-1] for row in rows]
    return [[cell.strip().strip("`").replace("\\|", "|") for cell in row] for row in cells]


def words(cell: str) -> list[str]:
    return [word.strip() for word in cell.split(",") if word.strip()]


def due_on(text: str) -> dict[str, str] | None:
    value = parse_date_value(text)
    if value is None or isinstance(value, Moment):
        return None
    return {"date": FilterClock(utc_now(), "UTC").span(value).first.isoformat()}


EXAMPLES = [(row[0], words(row[1])) for row in table("filter") if len(row) == 2]
ERRORS = table(r"filter \| column")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def example(service: Service) -> Person:
    """The user with the tasks of the page."""
    person = service.person()
    rows = table("task")
    lists = {name: (await person.make_list(name))["id"] for name in {row[1] for row in rows}}
    for title, task_list, due, priority, tags, notes in rows:
        await person.make_task(
            title,
            list_id=lists[task_list],
            due=due_on(due),
            priority=priority or "none",
            tags=words(tags),
            notes=notes,
        )
    return person


@pytest.mark.parametrize(("text", "titles"), EXAMPLES)
async def test_examples_find_the_tasks_that_the_page_names(
    example: Person, text: str, titles: list[str]
) -> None:
    assert await example.titles(filter=text, order="asc") == titles


@pytest.mark.parametrize(("text", "column", "problem"), ERRORS)
async def test_errors_point_at_the_column_that_the_page_names(
    example: Person, text: str, column: str, problem: str
) -> None:
    response = await example.get("tasks", filter=text)

    document = response.json()
    assert (response.status_code, document["type"].rpartition(":")[2]) == (422, "invalid-filter")
    assert document["column"] == int(column)
    assert document["errors"] == [{"pointer": "filter", "detail": problem}]


async def test_days_are_those_of_the_users_time_zone(ada: Person) -> None:
    """Kiritimati is 14 hours ahead of UTC, Pago Pago 11 behind: they never share a day."""
    now = utc_now()
    for place in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        day = {"date": FilterClock(now, place).today.isoformat(), "timezone": place}
        await ada.make_task(place, due=day, start=day)

    for place in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        for field in ("due", "start"):
            assert await ada.titles(filter=f"{field} = today", timezone=place) == [place]


async def test_times_are_compared_with_the_moment_of_the_deadline(ada: Person) -> None:
    await ada.make_task("call", due={"at": "2026-12-24T14:00:00Z", "timezone": "Europe/Berlin"})

    def before(time: str) -> dict[str, Any]:
        return {"filter": f"due < {time}", "timezone": "Europe/Berlin"}

    assert await ada.titles(**before("2026-12-24T15:01")) == ["call"]
    assert await ada.titles(**before("2026-12-24T15:00")) == []
    assert await ada.titles(**before("2026-12-24T14:01Z")) == ["call"]
    assert await ada.titles(filter="due < 2026-12-24T15:01") == ["call"]


async def test_filter_about_completion_finds_completed_tasks(ada: Person) -> None:
    await ada.make_task("open")
    await ada.make_task("done")
    await ada.post("tasks/2/complete")

    assert await ada.titles(filter="completed = today") == ["done"]
    assert await ada.titles(filter="!completed > yesterday") == ["open"]
    assert await ada.titles(filter="status = completed | title = open") == ["done", "open"]
    assert await ada.titles(filter="title contains o") == ["open"]
    assert await ada.titles(filter="completed = today", status="open") == []


async def test_folded_notes_are_neither_title_nor_tags(ada: Person) -> None:
    await ada.make_task("pie", tags=["cherry"], notes="")
    await ada.make_task("tart", tags=["pie", "STRASSE"], notes="Äpfel\npie")

    assert await ada.titles(filter="notes contains pie") == ["tart"]
    assert await ada.titles(filter="notes contains ÄPFEL") == ["tart"]
    assert await ada.titles(filter="notes contains straße") == []


async def test_pages_of_a_filter_continue_only_that_filter(ada: Person) -> None:
    await ada.make_tasks("abc", tags=["x"])
    first = (await ada.get("tasks", filter="tag = x", limit=2)).json()

    rest = await ada.titles(filter="tag = x", limit=2, cursor=first["next_cursor"])
    other = await ada.get("tasks", filter="tag = y", limit=2, cursor=first["next_cursor"])

    assert rest == ["a"]
    assert other.status_code == 422


async def test_list_of_another_user_is_unknown(ada: Person, bob: Person) -> None:
    private = await bob.make_list("Private")

    for name in ("Private", private["id"]):
        response = await ada.get("tasks", filter=f"list = {name}")
        assert response.json()["column"] == 8, response.text


async def test_list_is_found_by_its_id(ada: Person) -> None:
    errands = await ada.make_list("Errands")
    await ada.make_task("post", list_id=errands["id"])
    await ada.make_task("other")

    assert await ada.titles(filter=f"list = {errands['id']}") == ["post"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%00",
        "(" * 1000,
        "!" * 999 + "x",
        "a" * 1001,
        "due = '",
        "tag = \ud83d",
        "due = 0000-00-00",
    ],
)
async def test_hostile_filters_are_rejected(ada: Person, text: str) -> None:
    encoded = text.encode("utf-8", "surrogatepass").decode("latin-1")
    response = await ada.get("tasks", filter=encoded.replace("%00", "\0"))

    assert response.status_code in {200, 422}, response.text
    assert response.headers["content-type"].startswith("application/")


async def test_values_are_not_patterns(ada: Person) -> None:
    await ada.make_task("100 % sure_thing")

    assert await ada.titles(filter="title contains '%'") == ["100 % sure_thing"]
    assert await ada.titles(filter="title contains '0%s'") == []
    assert await ada.titles(filter="title contains 'sure thing'") == []


async def test_optional_attributes_and_pins_are_conditions(ada: Person) -> None:
    await ada.make_task("plain")
    await ada.make_task("pinned", pinned=True)
    await ada.make_task("starts", start={"date": "2026-12-24"})

    assert await ada.titles(filter="pinned") == ["pinned"]
    assert await ada.titles(filter="has start & !pinned") == ["starts"]
    assert await ada.titles(filter="start = 2026-12-24") == ["starts"]
    assert await ada.titles(filter="start > 2026-12-24 | has repeat | has subtasks") == []
    assert await ada.titles(filter="no start", order="asc") == ["plain", "pinned"]


async def test_unknown_time_zone_is_rejected(ada: Person) -> None:
    response = await ada.get("tasks", filter="overdue", timezone="Mars/Olympus")

    assert response.json()["errors"][0]["pointer"] == "timezone"


async def test_section_is_named_in_a_filter(ada: Person) -> None:
    lists = [await ada.make_list(name) for name in ("Home", "Work")]
    sections = []
    for entry in lists:
        made = await ada.post("sections", {"list_id": entry["id"], "name": "Next steps"})
        sections.append(made.json()["id"])
        await ada.make_task(entry["name"], section_id=sections[-1])
    await ada.make_task("none")

    found = [
        await ada.titles(filter=text, order="asc")
        for text in (
            "section = next STEPS",
            f"section = {sections[0]}",
            "section = Next steps & list = work",
            f"section != {sections[0]}",
            "no section",
            "has section & !list = home",
        )
    ]
    unknown = await ada.get("tasks", filter="overdue | section = Later")

    assert found == [
        ["Home", "Work"], ["Home"], ["Work"], ["Work", "none"], ["none"], ["Work"],
    ]  # fmt: skip
    assert unknown.json()["type"].endswith("invalid-filter")
    assert (unknown.json()["column"], unknown.json()["errors"][0]["pointer"]) == (21, "filter")
