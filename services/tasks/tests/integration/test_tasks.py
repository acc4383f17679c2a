"""Tasks over HTTP."""

import pytest
from tasks_kit import Person


async def test_new_task_has_every_field(ada: Person) -> None:
    response = await ada.post("tasks", {"title": "Buy milk"})

    task = response.json()
    assert response.status_code == 201
    assert task["id"].startswith("tsk_")
    assert task["created_at"].endswith("Z")
    assert task["updated_at"] == task["created_at"]
    assert {key: task[key] for key in task if key not in ("id", "list_id", "created_at")} == {
        "number": 1,
        "title": "Buy milk",
        "notes": "",
        "priority": "none",
        "due": None,
        "tags": [],
        "completed_at": None,
        "updated_at": task["updated_at"],
        "start": None,
        "duration_minutes": None,
        "pinned": False,
        "repeat": None,
        "series_id": None,
        "reminders": [],
        "next_id": None,
        "section_id": None,
        "parent_id": None,
        "subtasks": {"total": 0, "open": 0},
        "position": "0000000001V",
    }


async def test_all_fields_of_a_task_are_stored(ada: Person) -> None:
    shopping = await ada.make_list("Shopping")
    said = {
        "title": "Buy milk",
        "notes": "two litres\nlactose-free",
        "list_id": shopping["id"],
        "priority": "high",
        "due": {"at": "2026-11-24T17:00:00+01:00", "timezone": "Europe/Berlin"},
        "tags": ["Dairy", "weekly"],
        "start": {"date": "2026-11-23", "timezone": "Europe/Berlin"},
        "duration_minutes": 45,
        "pinned": True,
    }

    task = await ada.make_task(**said)

    kept = (await ada.get(f"tasks/{task['id']}")).json()
    assert kept == task
    assert {key: kept[key] for key in said} == {
        **said,
        "due": {"at": "2026-11-24T16:00:00Z", "timezone": "Europe/Berlin"},
    }


async def test_task_can_be_found_by_number(ada: Person) -> None:
    await ada.make_task("first")
    second = await ada.make_task("second")

    response = await ada.get("tasks/2")

    assert response.json() == second


async def test_number_of_a_deleted_task_is_not_reused(ada: Person) -> None:
    await ada.make_task("first")
    await ada.delete("tasks/1")

    task = await ada.make_task("second")

    assert task["number"] == 2


async def test_task_without_a_list_is_added_to_the_default_list(ada: Person) -> None:
    task = await ada.make_task()

    lists = (await ada.get("lists")).json()["items"]
    assert [(entry["id"], entry["is_default"]) for entry in lists] == [(task["list_id"], True)]


async def test_patch_changes_only_its_fields(ada: Person) -> None:
    before = await ada.make_task(notes="two litres", priority="low", tags=["dairy"])

    response = await ada.patch(
        f"tasks/{before['id']}", {"title": "Buy oat milk", "priority": "high"}
    )

    after = response.json()
    assert response.status_code == 200
    assert after["updated_at"] > before["updated_at"]
    assert after == {
        **before,
        "title": "Buy oat milk",
        "priority": "high",
        "updated_at": after["updated_at"],
    }


async def test_start_duration_and_pin_can_be_changed_and_cleared(ada: Person) -> None:
    await ada.make_task(start={"date": "2026-11-24"}, duration_minutes=30)

    changed = await ada.patch(
        "tasks/1",
        {"start": {"at": "2026-11-24T09:00:00Z"}, "duration_minutes": 90, "pinned": True},
    )
    cleared = await ada.patch("tasks/1", {"start": None, "duration_minutes": None, "pinned": False})

    fields = ("start", "duration_minutes", "pinned")
    assert [changed.json()[name] for name in fields] == [
        {"at": "2026-11-24T09:00:00Z", "timezone": "UTC"},
        90,
        True,
    ]
    assert [cleared.json()[name] for name in fields] == [None, None, False]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"start": {}}, "/start"),
        ({"start": {"date": "2026-11-24", "timezone": "Mars/Olympus"}}, "/start/timezone"),
        ({"start": {"at": "2026-11-24T09:00:00"}}, "/start/at"),
        ({"duration_minutes": 0}, "/duration_minutes"),
        ({"duration_minutes": 525_601}, "/duration_minutes"),
        ({"duration_minutes": 1.5}, "/duration_minutes"),
        ({"pinned": None}, "/pinned"),
    ],
)
async def test_invalid_start_or_duration_is_rejected_with_its_pointer(
    ada: Person, fields: dict[str, object], pointer: str
) -> None:
    response = await ada.post("tasks", {"title": "x", **fields})

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer


async def test_patch_can_clear_due_date_and_notes(ada: Person) -> None:
    task = await ada.make_task(due={"date": "2026-11-24"}, notes="two litres")

    response = await ada.patch(f"tasks/{task['id']}", {"due": None, "notes": None})

    assert (response.json()["due"], response.json()["notes"]) == (None, "")


async def test_no_op_patch_keeps_updated_at(ada: Person) -> None:
    task = await ada.make_task()

    response = await ada.patch(f"tasks/{task['id']}", {"title": task["title"]})

    assert response.json() == task


async def test_patch_can_complete_and_reopen(ada: Person) -> None:
    task = await ada.make_task()

    done = (await ada.patch(f"tasks/{task['id']}", {"completed": True})).json()
    undone = (await ada.patch(f"tasks/{task['id']}", {"completed": False})).json()

    assert done["completed_at"] == done["updated_at"]
    assert undone["completed_at"] is None


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_complete_works_with_both_methods_and_is_idempotent(ada: Person, method: str) -> None:
    task = await ada.make_task()

    first = await ada.call(method, f"tasks/{task['id']}/complete")
    second = await ada.call(method, "tasks/1/complete")

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["completed_at"] is not None
    assert second.json() == first.json()


async def test_reopened_task_is_listed_as_open(ada: Person) -> None:
    await ada.make_task()
    await ada.post("tasks/1/complete")

    response = await ada.post("tasks/1/reopen")

    assert response.status_code == 200
    assert await ada.titles() == ["Buy milk"]


async def test_deleted_task_is_hidden_until_it_is_restored(ada: Person) -> None:
    task = await ada.make_task()

    deleted = await ada.delete(f"tasks/{task['id']}")
    gone = await ada.get(f"tasks/{task['id']}")
    again = await ada.delete(f"tasks/{task['id']}")
    restored = await ada.post(f"tasks/{task['id']}/restore")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (gone.status_code, again.status_code) == (404, 404)
    assert gone.headers["content-type"] == "application/problem+json"
    assert gone.json()["type"] == "urn:todochat:problem:task-not-found"
    assert restored.json() == {**task, "updated_at": restored.json()["updated_at"]}
    assert await ada.titles() == ["Buy milk"]


async def test_restoring_a_live_task_is_a_no_op(ada: Person) -> None:
    task = await ada.make_task()

    response = await ada.post(f"tasks/{task['id']}/restore")

    assert (response.status_code, response.json()) == (200, task)


async def test_task_of_a_deleted_list_is_restored_into_the_default_list(ada: Person) -> None:
    shopping = await ada.make_list("Shopping")
    task = await ada.make_task(list_id=shopping["id"])
    await ada.call("DELETE", f"lists/{shopping['id']}", params={"tasks": "delete"})

    restored = (await ada.post(f"tasks/{task['id']}/restore")).json()

    default = (await ada.get("lists")).json()["items"][0]
    assert (restored["list_id"], default["is_default"]) == (default["id"], True)


async def test_task_can_be_moved_to_another_list(ada: Person) -> None:
    shopping = await ada.make_list("Shopping")
    await ada.make_task()

    response = await ada.patch("tasks/1", {"list_id": shopping["id"]})

    assert response.json()["list_id"] == shopping["id"]


@pytest.mark.parametrize("ref", ["tsk_nobody", "99", "0", "99999999999999999999", "%00", "x" * 500])
async def test_missing_task_gets_404(ada: Person, ref: str) -> None:
    responses = [
        await ada.get(f"tasks/{ref}"),
        await ada.patch(f"tasks/{ref}", {"title": "x"}),
        await ada.delete(f"tasks/{ref}"),
        await ada.post(f"tasks/{ref}/complete"),
        await ada.post(f"tasks/{ref}/reopen"),
        await ada.post(f"tasks/{ref}/restore"),
    ]

    assert [response.status_code for response in responses] == [404] * 6


@pytest.mark.parametrize("list_id", ["lst_nobody", "", "a\0b"])
async def test_missing_list_gets_404_in_every_place(ada: Person, list_id: str) -> None:
    await ada.make_task()

    responses = [
        await ada.post("tasks", {"title": "x", "list_id": list_id}),
        await ada.patch("tasks/1", {"list_id": list_id}),
        await ada.get("tasks", list_id=list_id),
    ]

    assert [response.status_code for response in responses] == [404] * 3


async def test_rejected_task_uses_no_number(ada: Person) -> None:
    await ada.post("tasks", {"title": "x", "list_id": "lst_nobody"})

    task = await ada.make_task()

    assert task["number"] == 1
