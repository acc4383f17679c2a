"""Archived lists: hidden with their tasks, and shown on request."""

from typing import Any

import pytest
from tasks_kit import Person

TODAY = "2026-12-24"


async def archive(person: Person, entry: dict[str, Any]) -> None:
    response = await person.patch(f"lists/{entry['id']}", {"archived": True})
    assert response.status_code == 200, response.text
    assert response.json()["archived_at"] == response.json()["updated_at"]


async def make_archived_list(person: Person) -> dict[str, Any]:
    """Make a list "Old" with a task, and a task in the default list; archive the list."""
    old = await person.make_list("Old")
    await person.make_task("old milk", list_id=old["id"], tags=["x"], due={"date": "2020-01-01"})
    await person.make_task("new milk", tags=["x"], due={"date": "2020-01-01"})
    await archive(person, old)
    return old


async def list_names(person: Person, **params: Any) -> list[str]:
    return [entry["name"] for entry in (await person.get("lists", **params)).json()["items"]]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"status": "all"},
        {"q": "milk"},
        {"filter": "tag = x"},
        {"filter": "!list = Inbox | tag = x"},
        {"tag": "x"},
        {"overdue": True},
        {"sort": "due", "limit": 1},
    ],
)
async def test_tasks_of_an_archived_list_are_listed_on_request(
    ada: Person, query: dict[str, Any]
) -> None:
    await make_archived_list(ada)

    assert await ada.titles(**query) == ["new milk"]
    query.pop("limit", None)
    shown = await ada.titles(**query, include_archived=True)
    assert sorted(shown) == ["new milk", "old milk"]


async def test_archived_list_is_opened_by_its_id_or_name(ada: Person) -> None:
    old = await make_archived_list(ada)

    assert (await ada.get(f"lists/{old['id']}")).json()["open_tasks"] == 1
    assert await ada.titles(list_id=old["id"]) == ["old milk"]
    assert await ada.titles(filter="list = old") == ["old milk"]
    assert (await ada.get("tasks/1")).json()["title"] == "old milk"


async def test_cursor_of_a_listing_belongs_to_its_choice_of_archived_lists(ada: Person) -> None:
    await make_archived_list(ada)
    page = (await ada.get("tasks", limit=1, include_archived=True)).json()

    other = await ada.get("tasks", limit=1, cursor=page["next_cursor"])
    same = await ada.titles(limit=1, include_archived=True, cursor=page["next_cursor"])

    assert other.status_code == 422
    assert same == ["old milk"]


async def test_archived_list_is_missing_in_lists_views_counts_and_mentions(ada: Person) -> None:
    someday = await ada.make_list("Someday")
    old = await make_archived_list(ada)
    saved = (await ada.post("filters", {"name": "x", "filter": "tag = x"})).json()
    await ada.make_task("later", list_id=someday["id"])
    await archive(ada, someday)

    for parameter in ({}, {"include_archived": True}):
        is_shown = bool(parameter)
        names = await list_names(ada, **parameter)
        views = {
            view: [task["title"] for task in page.json()["items"]]
            for view in ("overdue", "someday")
            for page in [await ada.get(f"views/{view}", **parameter)]
        }
        counts = (await ada.get("views/counts", **parameter)).json()

        assert names == (["Inbox", "Old", "Someday"] if is_shown else ["Inbox"])
        assert views["someday"] == (["later"] if is_shown else [])
        assert len(views["overdue"]) == (2 if is_shown else 1)
        assert (counts["views"]["overdue"], counts["views"]["someday"]) == (
            (2, 1) if is_shown else (1, 0)
        )
        assert counts["filters"] == {saved["id"]: 2 if is_shown else 1}
        assert (old["id"] in counts["lists"]) is is_shown
    entities = [entity["title"] for entity in (await ada.get("entities")).json()["items"]]
    assert sorted(entities) == ["Inbox", "new milk"]


async def test_bulk_change_by_filter_leaves_archived_lists_alone(ada: Person) -> None:
    await make_archived_list(ada)
    bulk = {"filter": "tag = x", "action": {"type": "complete"}}

    changed = await ada.post("tasks/bulk", bulk)
    rest = await ada.post("tasks/bulk", {**bulk, "include_archived": True})

    assert [task["title"] for task in changed.json()["tasks"]] == ["new milk"]
    assert [task["title"] for task in rest.json()["tasks"]] == ["old milk"]


async def test_calendar_has_no_tasks_of_archived_lists(ada: Person) -> None:
    await make_archived_list(ada)
    url = (await ada.post("calendar")).json()["url"]

    calendar = (await ada.http.get(f"/api/calendar/{url.rpartition('/')[2]}")).text

    assert "new milk" in calendar
    assert "old milk" not in calendar


async def test_unarchived_list_is_shown_again(ada: Person) -> None:
    old = await make_archived_list(ada)

    shown = (await ada.patch(f"lists/{old['id']}", {"archived": False})).json()

    assert shown["archived_at"] is None
    assert await ada.titles(order="asc") == ["old milk", "new milk"]


async def test_archiving_is_undone_and_redone(ada: Person) -> None:
    old = await make_archived_list(ada)
    history = (await ada.get(f"lists/{old['id']}/history")).json()["items"]
    request = {"request_id": history[0]["request_id"]}
    shown = []
    for _ in range(2):
        request = {"request_id": (await ada.post("changes/undo", request)).json()["request_id"]}
        shown.append(await ada.titles(order="asc"))

    assert history[0]["after"] == {"archived_at": history[0]["occurred_at"]}
    assert shown == [["old milk", "new milk"], ["new milk"]]


async def test_feed_reports_that_a_list_was_archived(ada: Person) -> None:
    old = await ada.make_list("Old")
    async with ada.feed() as feed:
        await feed.event()

        await archive(ada, old)

        _, change = await feed.event()
    assert change["type"] == "list.updated.v1"
    assert change["list"]["archived_at"] == change["occurred_at"]


async def test_quick_add_finds_an_archived_list_by_name(ada: Person) -> None:
    old = await make_archived_list(ada)

    added = (await ada.post("tasks/quick", {"text": "bread #old"})).json()

    assert (added["understood"]["new_list"], added["task"]["list_id"]) == (False, old["id"])


async def test_default_list_cannot_be_archived(ada: Person) -> None:
    inbox = (await ada.get("lists")).json()["items"][0]

    refused = await ada.patch(f"lists/{inbox['id']}", {"archived": True})

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:todochat:problem:default-list"


@pytest.mark.parametrize("archived", [True, False])
async def test_archiving_twice_changes_nothing(ada: Person, *, archived: bool) -> None:
    old = await ada.make_list("Old")
    first = (await ada.patch(f"lists/{old['id']}", {"archived": archived})).json()

    second = await ada.patch(f"lists/{old['id']}", {"archived": archived})

    assert second.json() == first
    assert "X-Change-Request" not in second.headers


async def test_sections_of_an_archived_list_are_listed_on_request_and_edited(ada: Person) -> None:
    old = await ada.make_list("Old")
    await archive(ada, old)
    made = await ada.post("sections", {"list_id": old["id"], "name": "Attic"})
    renamed = await ada.patch(f"sections/{made.json()['id']}", {"name": "Cellar"})
    assert (made.status_code, renamed.status_code) == (201, 200)

    async def names(**params: Any) -> list[str]:
        return [each["name"] for each in (await ada.get("sections", **params)).json()["items"]]

    assert await names() == []
    assert await names(include_archived=True) == await names(list_id=old["id"]) == ["Cellar"]
