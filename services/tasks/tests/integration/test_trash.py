"""The trash: deleted tasks and lists are visible, can be restored, or are deleted for good."""

import datetime as dt
from typing import Any

import pytest
from tasks_kit import Connection, Person, Service

from tasks_service.service.purge import Purge
from todochat.clock import utc_now
from todochat.database import Database, create_engine
from todochat.database.bootstrap import DatabaseUrls

SECRET = "xylophone"


async def trash(person: Person, **params: Any) -> list[dict[str, Any]]:
    response = await person.get("trash", **params)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


def names(items: list[dict[str, Any]]) -> list[str]:
    return [each["task"]["title"] if "task" in each else each["list"]["name"] for each in items]


async def test_deleted_tasks_and_lists_are_in_the_trash_until_they_are_purged(ada: Person) -> None:
    home = await ada.make_list("Home")
    await ada.make_task("in Home", list_id=home["id"])
    await ada.make_tasks(["kept", "first"])
    await ada.delete("tasks/3")
    await ada.delete(f"lists/{home['id']}?tasks=delete")

    items = await trash(ada)

    assert names(items)[2] == "first"
    assert set(names(items)[:2]) == {"Home", "in Home"}
    assert [each["tasks"] for each in items if each["type"] == "list"] == [1]
    for each in items:
        deleted, purged = (
            dt.datetime.fromisoformat(each[f"{name}_at"]) for name in ("deleted", "purged")
        )
        assert purged - deleted == dt.timedelta(days=30)


async def test_list_is_restored_with_the_tasks_deleted_together_with_it(ada: Person) -> None:
    home = await ada.make_list("Home")
    for title in ("earlier", "a", "b"):
        await ada.make_task(title, list_id=home["id"])
    await ada.delete("tasks/1")
    await ada.delete(f"lists/{home['id']}?tasks=delete")
    async with ada.feed() as feed:
        await feed.event()

        restored = await ada.post(f"trash/{home['id']}/restore")

        types = [change["type"] for _, change in await feed.events(3)]
    assert restored.json() == {**home, "open_tasks": 2, "updated_at": restored.json()["updated_at"]}
    assert types == ["list.updated.v1", "task.restored.v1", "task.restored.v1"]
    assert await ada.titles(list_id=home["id"], order="asc") == ["a", "b"]
    assert names(await trash(ada)) == ["earlier"]


async def test_restored_list_is_undone_like_any_change(ada: Person) -> None:
    home = await ada.make_list("Home")
    await ada.make_task("a", list_id=home["id"])
    await ada.delete(f"lists/{home['id']}?tasks=delete")
    restored = await ada.post(f"trash/{home['id']}/restore")

    body = {"request_id": restored.headers["X-Change-Request"]}
    undone = await ada.post("changes/undo", body)

    assert undone.status_code == 200, undone.text
    assert sorted(names(await trash(ada))) == ["Home", "a"]


async def test_list_is_not_restored_beside_one_with_its_name(ada: Person) -> None:
    home = await ada.make_list("Home")
    await ada.delete(f"lists/{home['id']}")
    other = await ada.make_list("HOME")

    refused = await ada.post(f"trash/{home['id']}/restore")

    assert (refused.status_code, refused.json()["list_id"]) == (409, other["id"])


async def test_deletion_for_good_leaves_no_contents_and_cannot_be_undone(
    ada: Person, owner: Connection
) -> None:
    home = await ada.make_list(f"{SECRET} list")
    task = await ada.make_task(f"{SECRET} task", list_id=home["id"], notes=SECRET, tags=[SECRET])
    deleted = await ada.delete(f"lists/{home['id']}?tasks=delete")

    purged = await ada.delete(f"trash/{home['id']}")

    assert purged.status_code == 204
    assert await trash(ada) == []
    gone = [
        await ada.post(f"tasks/{task['id']}/restore"),
        await ada.post(f"trash/{home['id']}/restore"),
        await ada.get(f"tasks/{task['id']}/history"),
        await ada.delete(f"trash/{task['id']}"),
    ]
    assert {response.status_code for response in gone} == {404}
    undone = await ada.post("changes/undo", {"request_id": deleted.headers["X-Change-Request"]})
    assert [each["reason"] for each in undone.json()["details"]] == ["purged", "purged"]
    for table in ("tasks", "lists", "task_changes"):
        rows = await owner.fetch(f"SELECT t::text FROM {table} t WHERE user_id = $1", ada.user_id)
        assert not [row[0] for row in rows if SECRET in row[0]], table
    newest = (await ada.get("changes")).json()["items"][0]
    assert (newest["type"], newest["name"], newest["after"]) == ("list.purged.v1", None, {})
    export = (await ada.get("export")).json()
    assert (export["tasks"], len(export["lists"])) == ([], 1)


async def test_emptied_trash_is_purged_and_nothing_else(
    ada: Person, bob: Person, owner: Connection, tasks_urls: DatabaseUrls
) -> None:
    for person in (ada, bob):
        home = await person.make_list("Home")
        await person.make_task("deleted", list_id=home["id"])
        await person.make_task("kept")
        await person.delete(f"lists/{home['id']}?tasks=delete")
    await ada.delete("trash")
    jobs = Database(create_engine(tasks_urls.jobs, application_name="jobs", pool_size=1))
    await Purge(jobs, trash_days=30, change_days=90, event_days=7).run(utc_now())
    await jobs.aclose()

    rows = await owner.fetch("SELECT title FROM tasks WHERE user_id = $1", ada.user_id)

    assert [row["title"] for row in rows] == ["kept"]
    assert len(await trash(bob)) == 2
    assert (await ada.make_task("next"))["number"] == 3


async def test_agent_cannot_delete_for_good_without_a_confirmation(
    service: Service, ada: Person
) -> None:
    task = await ada.make_task("a")
    await ada.delete("tasks/1")
    agent = service.agent(ada.user_id)
    turn = {"X_Change_Group": "msg_1", "X_Confirm_Above": 3}

    responses = [
        await agent.delete(f"trash/{task['id']}", **turn),
        await agent.delete("trash", **turn),
    ]

    assert {response.json()["type"] for response in responses} == {
        "urn:todochat:problem:confirmation-required"
    }
    assert names(await trash(ada)) == ["a"]


async def test_pages_cover_the_trash_once(ada: Person) -> None:
    await ada.make_tasks("abcde")
    for number in (1, 2, 3):
        await ada.delete(f"tasks/{number}")
    home = await ada.make_list("Home")
    await ada.delete(f"lists/{home['id']}")
    found, cursor = [], None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await ada.get("trash", **params)).json()
        found += names(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert found == ["Home", "c", "b", "a"]


async def test_live_and_others_items_are_not_in_the_trash(ada: Person, bob: Person) -> None:
    live = await ada.make_task("a")
    await bob.make_task("his")
    gone = (await bob.get("tasks/1")).json()
    await bob.delete("tasks/1")

    for item in (live["id"], gone["id"], "tsk_nothing", "a%00b"):
        for response in (
            await ada.delete(f"trash/{item}"),
            await ada.post(f"trash/{item}/restore"),
        ):
            assert response.status_code == 404, item
    assert await trash(ada) == []
    assert names(await trash(bob)) == ["his"]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyIyMDI2LTExLTMwVDAwOjAwOjAwIiwiYSJd", "é"])
async def test_malformed_cursor_is_rejected(ada: Person, cursor: str) -> None:
    assert (await ada.get("trash", cursor=cursor)).status_code == 422
