"""Export of a user's data."""

import csv
import io
from typing import Any

import httpx
import msgspec
import pytest
from tasks_kit import Person, Service, StartService

from tasks_service.service.export_service import Export, ExportService
from todochat.errors import TooManyRequestsError


async def export_of(person: Person) -> dict[str, Any]:
    response = await person.get("export")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("application/json")
    document: dict[str, Any] = response.json()
    msgspec.json.decode(response.content, type=Export)
    return document


async def test_export_includes_deleted_tasks_and_lists(ada: Person, bob: Person) -> None:
    await bob.make_task("of another")
    entry = await ada.make_list("gone list")
    kept = await ada.make_task("kept", tags=["home"], due={"date": "2026-11-24"})
    gone = await ada.make_task("gone", list_id=entry["id"])
    await ada.delete(f"lists/{entry['id']}?tasks=delete")

    export = await export_of(ada)

    tasks = {task["id"]: task for task in export["tasks"]}
    lists = {each["id"]: each for each in export["lists"]}
    assert set(tasks) == {kept["id"], gone["id"]}
    assert tasks[kept["id"]] == {**kept, "deleted_at": None}
    assert tasks[gone["id"]]["deleted_at"] is not None
    assert lists[entry["id"]]["deleted_at"] is not None
    changes = [change for change in export["changes"] if change["entity_id"] == gone["id"]]
    assert [change["type"] for change in changes] == ["task.created.v1", "task.deleted.v1"]
    assert changes[1]["before"] == {"deleted_at": None}
    assert {task["list_id"] for task in tasks.values()} <= set(lists)


async def test_export_includes_sections_subtasks_and_preferences(ada: Person) -> None:
    home = await ada.make_list("Home")
    kitchen = (await ada.post("sections", {"list_id": home["id"], "name": "Kitchen"})).json()
    oven = await ada.make_task("Oven", section_id=kitchen["id"])
    await ada.make_task("Door", parent_id=oven["id"])
    await ada.patch("preferences", {"complete_subtasks": "keep"})
    await ada.delete(f"sections/{kitchen['id']}")

    document = await export_of(ada)

    assert document["preferences"] == {"complete_subtasks": "keep"}
    assert [section["name"] for section in document["sections"]] == ["Kitchen"]
    assert document["sections"][0]["deleted_at"] is not None
    assert [task["parent_id"] for task in document["tasks"]] == [None, oven["id"]]


async def test_empty_export_is_a_document(ada: Person) -> None:
    assert await export_of(ada) == {
        "preferences": {"complete_subtasks": "ask"},
        "tasks": [],
        "lists": [],
        "sections": [],
        "filters": [],
        "tags": [],
        "changes": [],
    }


@pytest.mark.parametrize("page", [1, 2, 3, 100])
async def test_pages_form_one_document(service: Service, ada: Person, page: int) -> None:
    for number in range(3):
        await ada.make_task(f"task {number}")
        await ada.make_list(f"list {number}")
    export = ExportService(service.app.state.services.database, page=page)

    first = await export.first_page(ada.user_id)
    pieces = [piece async for piece in export.stream(ada.user_id, first)]

    document = msgspec.json.decode(b"".join(pieces), type=Export)
    assert [task.title for task in document.tasks] == ["task 0", "task 1", "task 2"]
    assert len(document.lists) == 4
    assert len(document.changes) == 6


async def test_another_users_export_is_rejected(ada: Person, bob: Person) -> None:
    response = await ada.http.get(bob.path("export"))

    assert response.status_code == 403


async def test_database_outage_truncates_the_document(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await start_service()
    ada = service.person()
    await ada.make_task("one")

    async def away(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(ExportService, "_lists", away)

    with pytest.raises(httpx.RemoteProtocolError):
        await ada.get("export")


async def test_concurrent_exports_are_limited_per_user(service: Service, ada: Person) -> None:
    await ada.make_task()
    exports = ExportService(service.app.state.services.database)
    open_exports = [
        exports.stream(ada.user_id, await exports.first_page(ada.user_id)) for _ in range(2)
    ]
    for export in open_exports:
        await anext(export)

    with pytest.raises(TooManyRequestsError):
        await exports.first_page(ada.user_id)
    others = await exports.first_page("usr_other")
    await open_exports[0].aclose()
    again = await exports.first_page(ada.user_id)

    assert (len(others), len(again)) == (0, 1)
    await open_exports[1].aclose()


async def test_csv_export_has_a_row_for_each_task(ada: Person, bob: Person) -> None:
    await bob.make_task("of another")
    home = await ada.make_list("Home, garden")
    rent = await ada.make_task(
        'Pay "rent"',
        list_id=home["id"],
        notes="first line\nsecond line",
        tags=["a,b", "c"],
        due={"at": "2026-12-01T09:00:00+01:00", "timezone": "Europe/Berlin"},
        repeat={"rule": "FREQ=MONTHLY", "from": "due", "count": 3},
    )
    await ada.make_task("=1+1", due={"date": "2026-12-24"})
    gone = await ada.make_task("gone")
    await ada.delete(f"tasks/{gone['id']}")

    response = await ada.get("export/tasks.csv")

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.content.startswith(b"\xef\xbb\xbfid,number,title")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))
    assert [row["title"] for row in rows] == ['Pay "rent"', "'=1+1"]  # no formula
    assert rows[0] | {"created_at": "", "updated_at": ""} == {
        "id": rent["id"],
        "number": str(rent["number"]),
        "title": 'Pay "rent"',
        "notes": "first line\nsecond line",
        "list": "Home, garden",
        "priority": "none",
        "tags": "a\\,b,c",
        "due": "2026-12-01T08:00:00Z",
        "due_timezone": "Europe/Berlin",
        "start": "",
        "start_timezone": "",
        "duration_minutes": "",
        "repeat": "FREQ=MONTHLY",
        "repeat_from": "due",
        "repeat_until": "",
        "repeat_count": "3",
        "pinned": "false",
        "parent_id": "",
        "section": "",
        "reminders": "",
        "completed_at": "",
        "created_at": "",
        "updated_at": "",
        "list_color": "",
        "tag_colors": "",
    }
    assert rows[1]["due"] == "2026-12-24"
    assert rows[1]["list"] != ""
