"""Saved filters: create, change, delete, undo, export."""

from typing import Any

import pytest
from tasks_kit import Person


async def save(person: Person, name: str, text: str) -> dict[str, Any]:
    response = await person.post("filters", {"name": name, "filter": text})
    assert response.status_code == 201, response.text
    saved: dict[str, Any] = response.json()
    return saved


async def names(person: Person) -> list[str]:
    return [each["name"] for each in (await person.get("filters")).json()["items"]]


async def test_filter_is_saved_changed_and_deleted(ada: Person) -> None:
    saved = await save(ada, "  Urgent  work ", "priority = high & tag = work")
    path = f"filters/{saved['id']}"
    assert (await ada.get(path)).json() == saved
    assert saved["name"] == "Urgent work"

    changed = await ada.patch(path, {"filter": "priority = high"})
    assert changed.json()["filter"] == "priority = high"
    assert (await ada.patch(path, {"name": "Now"})).json()["name"] == "Now"
    assert await names(ada) == ["Now"]

    assert (await ada.delete(path)).status_code == 204
    assert await names(ada) == []
    assert (await ada.get(path)).json()["type"].endswith(":filter-not-found")


async def test_filters_are_listed_by_name(ada: Person) -> None:
    for name in ("b", "A", "c"):
        await save(ada, name, "overdue")

    assert await names(ada) == ["A", "b", "c"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "x", "filter": "due <"}, "/filter"),
        ({"name": "x", "filter": ""}, "/filter"),
        ({"name": " ", "filter": "overdue"}, "/name"),
    ],
)
async def test_invalid_filter_is_not_saved(ada: Person, body: dict[str, str], pointer: str) -> None:
    response = await ada.post("filters", body)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer
    assert await names(ada) == []


async def test_name_is_unique_ignoring_case(ada: Person) -> None:
    first = await save(ada, "Work", "tag = work")
    other = await save(ada, "Home", "tag = home")

    again = await ada.post("filters", {"name": "WORK", "filter": "overdue"})
    renamed = await ada.patch(f"filters/{other['id']}", {"name": "work"})

    for response in (again, renamed):
        assert (response.status_code, response.json()["filter_id"]) == (409, first["id"])


async def test_number_of_filters_is_limited(ada: Person) -> None:
    for number in range(50):
        await save(ada, f"filter {number}", "overdue")

    response = await ada.post("filters", {"name": "one more", "filter": "overdue"})

    assert response.json()["type"].endswith(":too-many-filters")


async def test_every_change_can_be_undone(ada: Person) -> None:
    saved = await save(ada, "Work", "tag = work")
    path = f"filters/{saved['id']}"
    await ada.patch(path, {"name": "Office", "filter": "tag = office"})
    await ada.delete(path)

    for expected in (["Office"], ["Work"], []):
        newest = (await ada.get("changes", limit=50)).json()["items"]
        change = next(each for each in newest if not each["undone"] and each["undoes"] is None)
        undone = await ada.post(f"changes/{change['id']}/undo")
        assert undone.status_code == 200, undone.text
        assert undone.json()["others"][0]["type"] == "filter"
        assert await names(ada) == expected


async def test_undo_of_a_deletion_needs_a_free_name(ada: Person) -> None:
    saved = await save(ada, "Work", "tag = work")
    await ada.delete(f"filters/{saved['id']}")
    deletion = (await ada.get("changes")).json()["items"][0]
    await save(ada, "work", "overdue")

    response = await ada.post(f"changes/{deletion['id']}/undo")

    assert response.status_code == 409
    assert response.json()["details"][0]["reason"] == "name-taken"


async def test_feed_reports_changes_of_filters(ada: Person) -> None:
    async with ada.feed() as feed:
        await feed.event()
        saved = await save(ada, "Work", "tag = work")
        await ada.delete(f"filters/{saved['id']}")
        events = [document for _, document in await feed.events(2)]

    assert [event["type"] for event in events] == ["filter.created.v1", "filter.deleted.v1"]
    assert events[0]["filter"] == saved


async def test_filters_are_exported(ada: Person) -> None:
    await save(ada, "Work", "tag = work")
    gone = await save(ada, "Gone", "overdue")
    await ada.delete(f"filters/{gone['id']}")

    exported = (await ada.get("export")).json()["filters"]

    assert {each["name"]: each["deleted_at"] is None for each in exported} == {
        "Work": True,
        "Gone": False,
    }


async def test_filter_of_another_user_is_missing(ada: Person, bob: Person) -> None:
    saved = await save(ada, "Work", "tag = work")

    for response in (
        await bob.get(f"filters/{saved['id']}"),
        await bob.patch(f"filters/{saved['id']}", {"name": "x"}),
        await bob.delete(f"filters/{saved['id']}"),
    ):
        assert response.status_code == 404
    assert await names(ada) == ["Work"]
