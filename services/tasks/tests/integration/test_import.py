"""Importing files: what they bring, that a second time adds nothing, reports and one undo."""

import asyncio
import csv
import io
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

import httpx
import pytest
from import_kit import account_of, import_file, tasks_of
from tasks_kit import Connection, MakeSettings, Person, Service

from tasks_service.domain.limits import MAX_IMPORT_PART
from tasks_service.service import import_service
from todochat.testing import free_port, wait_until


async def fill_account(person: Person) -> None:
    """Make one of everything that an export holds."""
    home = await person.make_list("Home, garden")
    await person.patch(f"lists/{home['id']}", {"color": "green", "icon": "home"})
    old = await person.make_list("Old")
    await person.patch(f"lists/{old['id']}", {"move": {"to": "start"}, "archived": True})
    await person.make_task("Forgotten", list_id=old["id"])
    section = (await person.post("sections", {"list_id": home["id"], "name": "Kitchen"})).json()
    await person.post("sections", {"list_id": home["id"], "name": "=Cellar"})
    oven = await person.make_task(
        "=Clean the oven",
        section_id=section["id"],
        notes="first line\nsecond line",
        priority="high",
        tags=["a,b", "c\\d", "'=x"],
        due={"at": "2999-01-08T08:30:00Z", "timezone": "Europe/Berlin"},
        start={"date": "2999-01-01"},
        duration_minutes=45,
        pinned=True,
        reminders=[{"minutes_before": 15}, {"at": "2999-01-07T10:00:00Z"}],
        repeat={"rule": "FREQ=WEEKLY;BYDAY=TU", "from": "due", "count": 3},
    )
    door = await person.make_task("Door", parent_id=oven["id"], due={"date": "2999-01-02"})
    await person.make_task("Window", parent_id=oven["id"])
    await person.post(f"tasks/{door['id']}/complete")
    plants = await person.make_task(
        "Water plants",
        list_id=home["id"],
        due={"date": "2999-02-01"},
        repeat={"rule": "FREQ=DAILY", "from": "completion"},
    )
    await person.post(f"tasks/{plants['id']}/complete")
    milk, eggs = await person.make_tasks(["Milk", "Eggs"])
    await person.patch(f"tasks/{eggs['id']}", {"move": {"before": milk["id"]}})
    await person.post("tags", {"name": "work", "color": "blue"})
    await person.post("filters", {"name": "soon", "filter": "due < tomorrow"})


async def export_of(person: Person, name: str = "export") -> bytes:
    return (await person.get(name)).content


async def test_export_and_import_give_the_same_account(ada: Person, bob: Person) -> None:
    await fill_account(ada)
    await bob.get("lists")  # as the app does on the first visit

    report = await import_file(bob, await export_of(ada))

    assert report["format"] == "json"
    assert report["issues"] == []
    assert {**await account_of(bob)} == {**await account_of(ada)}
    assert report["tasks"] == counts(created=8)
    assert report["lists"] == counts(created=2, existing=1)
    assert report["filters"] == report["tags"] == counts(created=1)
    assert {each["kind"] for each in report["left_out"]} == {
        "changes of the history",
        "preferences",
    }


@pytest.mark.parametrize("size", [1, 3])
async def test_parts_of_an_import_share_series(
    ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(import_service, "MAX_IMPORT_PART", size)
    await fill_account(ada)
    for _ in range(3):
        open_tasks = await tasks_of(ada, status="open")
        plants = next(task for task in open_tasks if task["title"] == "Water plants")
        await ada.post(f"tasks/{plants['id']}/complete")

    report = await import_file(bob, await export_of(ada))

    assert await series_of(bob) == await series_of(ada)
    undone = await bob.post("changes/undo", {"request_id": report["request_id"]})
    assert undone.status_code == 200, undone.text
    assert await tasks_of(bob) == []


async def series_of(person: Person) -> list[list[tuple[str, str | None, str | None]]]:
    """Return title, due date and next due date of the tasks of each series."""
    tasks = await tasks_of(person)
    due = {task["id"]: json.dumps(task["due"]) for task in tasks}
    series: dict[str, list[tuple[str, str | None, str | None]]] = {}
    for task in tasks:
        following = task["next_id"] and due[task["next_id"]]
        row = (task["title"], due[task["id"]], following)
        series.setdefault(task["series_id"] or task["id"], []).append(row)
    return sorted((sorted(rows, key=str) for rows in series.values()), key=str)


async def test_export_of_all_services_is_read_too(ada: Person, bob: Person) -> None:
    await fill_account(ada)
    document = {"account": {}, "tasks": json.loads(await export_of(ada)), "chat": {"threads": []}}

    report = await import_file(bob, json.dumps(document))

    assert report["tasks"] == counts(created=8)


async def test_erased_account_gets_everything_back(service: Service, ada: Person) -> None:
    await fill_account(ada)
    before, exported = await account_of(ada), await export_of(ada)
    await service.app.state.services.erasure.erase(ada.user_id)

    await import_file(ada, exported)

    assert await account_of(ada) == before


async def test_csv_brings_all_fields_of_tasks(ada: Person, bob: Person) -> None:
    await fill_account(ada)
    colors = {"a,b": "red", "'=x": "blue"}
    for tag in (await ada.get("tags")).json()["items"]:
        if tag["name"] in colors:
            await ada.patch(f"tags/{tag['id']}", {"color": colors[tag["name"]]})

    report = await import_file(bob, await export_of(ada, "export/tasks.csv"))

    assert (report["format"], report["issues"]) == ("csv", [])
    mine, theirs = await account_of(ada), await account_of(bob)
    assert theirs["tags"] == [tag for tag in mine["tags"] if tag[0] != "work"]  # no task has it
    assert [each["color"] for each in theirs["lists"] if each["name"] == "Home, garden"] == [
        "green"
    ]
    for task in (*mine["tasks"], *theirs["tasks"]):
        task["next_id"] = task["series_id"] = None  # not in the table
    assert theirs["tasks"] == mine["tasks"]


def code_of(problem: dict[str, Any]) -> str:
    return str(problem["type"]).rpartition("/")[2].rpartition(":")[2]


def counts(**given: int) -> dict[str, int]:
    names = ("created", "existing", "changed", "in_trash", "skipped")
    return dict.fromkeys(names, 0) | given


async def test_importing_twice_adds_nothing_and_keeps_own_edits(ada: Person, bob: Person) -> None:
    await fill_account(ada)
    exported = await export_of(ada)
    await import_file(bob, exported)
    milk = next(task for task in await tasks_of(bob) if task["title"] == "Milk")
    await bob.patch(f"tasks/{milk['id']}", {"title": "Oat milk"})
    await bob.delete(f"tasks/{(await tasks_of(bob))[-1]['id']}")
    before = await account_of(bob)
    document = json.loads(exported)
    document["tasks"][-1]["notes"] = "changed in the other account"

    again = await import_file(bob, exported)
    changed = await import_file(bob, json.dumps(document))
    table = await import_file(bob, await export_of(ada, "export/tasks.csv"))

    assert again["tasks"] == counts(existing=7, in_trash=1)
    assert again["request_id"] is None
    assert changed["tasks"] == counts(existing=7, in_trash=1)
    assert (table["tasks"]["created"], table["tasks"]["existing"]) == (0, 7)
    assert await account_of(bob) == before


async def test_changed_row_is_reported_and_changes_nothing(ada: Person) -> None:
    await import_file(ada, "id,title,notes\na,Milk,\nb,Eggs,\n")

    report = await import_file(ada, "id,title,notes\na,Milk,whole\nb,Eggs,\nc,Bread,\n")

    assert report["tasks"] == counts(created=1, existing=2, changed=1)
    assert [(task["title"], task["notes"]) for task in await tasks_of(ada)] == [
        ("Milk", ""),
        ("Eggs", ""),
        ("Bread", ""),
    ]


async def test_own_export_into_the_same_account_adds_nothing(ada: Person) -> None:
    await fill_account(ada)
    before = await account_of(ada)

    report = await import_file(ada, await export_of(ada))

    assert report["tasks"] == counts(existing=8)
    assert await account_of(ada) == before


async def test_dry_run_reports_the_same_and_changes_nothing(ada: Person, bob: Person) -> None:
    await fill_account(ada)
    exported = await export_of(ada)
    await bob.get("lists")

    dry = await import_file(bob, exported, dry_run=True)

    assert await tasks_of(bob) == []
    report = await import_file(bob, exported)
    assert dry["dry_run"] is True
    assert dry["request_id"] is None
    assert {**dry, "dry_run": None, "request_id": None} == {
        **report,
        "dry_run": None,
        "request_id": None,
    }


async def test_one_undo_reverts_an_import_that_can_be_repeated(ada: Person, bob: Person) -> None:
    await fill_account(ada)
    exported = await export_of(ada)
    await bob.get("lists")
    before = await account_of(bob)
    report = await import_file(bob, exported)
    imported = await account_of(bob)

    undone = await bob.post("changes/undo", {"request_id": report["request_id"]})

    assert undone.status_code == 200, undone.text
    assert await account_of(bob) == before
    again = await import_file(bob, exported)
    assert again["tasks"] == counts(created=8)
    renumbered = await account_of(bob)
    for task in (*imported["tasks"], *renumbered["tasks"]):
        task["number"] = None
    assert renumbered == imported


async def test_history_names_the_import(ada: Person) -> None:
    await import_file(ada, "title\nMilk\n")

    changes = (await ada.get("changes")).json()["items"]

    assert [(change["type"], change["actor"]) for change in changes] == [
        ("task.created.v1", "import")
    ]


async def test_feed_has_one_event_for_each_list(ada: Person) -> None:
    rows = "".join(f"Task {number},Home\n" for number in range(50))
    async with ada.feed() as feed:
        await feed.event()
        await import_file(ada, f"title,list\n{rows}")
        events = [event for _, event in await feed.events(2)]

    assert [event["type"] for event in events] == ["list.created.v1", "list.imported.v1"]
    assert (events[1]["list"]["name"], events[1]["list"]["open_tasks"]) == ("Home", 50)
    assert events[1]["actor"] == "import"


async def test_renamed_default_list_keeps_its_number_of_tasks(ada: Person, bob: Person) -> None:
    (inbox,) = (await bob.get("lists")).json()["items"]
    await bob.patch(f"lists/{inbox['id']}", {"name": "Entrance"})
    exported = await export_of(bob)
    await ada.post("tasks", {"title": "milk"})

    async with ada.feed() as feed:
        await feed.event()
        await import_file(ada, exported)
        ((_, event),) = await feed.events(1)

    assert (event["list"]["name"], event["list"]["open_tasks"]) == ("Entrance", 1)


async def test_repeated_request_gets_the_first_report(ada: Person) -> None:
    first = await ada.call(
        "POST", "import", content=b"title\nMilk\n", headers={"Idempotency-Key": "k1"}
    )
    second = await ada.call(
        "POST", "import", content=b"title\nMilk\n", headers={"Idempotency-Key": "k1"}
    )

    assert second.json() == first.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(await tasks_of(ada)) == 1


async def test_reminders_of_imported_tasks_are_planned(ada: Person) -> None:
    rows = "id,title,due,due_timezone,reminders\na,Call,2999-01-01T09:00:00Z,UTC,15\n"
    await import_file(ada, rows)

    planned = (await ada.get("reminders")).json()["items"]

    assert [each["fires_at"] for each in planned] == ["2999-01-01T08:45:00Z"]


async def test_imported_tasks_are_found_by_their_words(ada: Person) -> None:
    await import_file(ada, "title,notes\nCall the plumber,about the sink\n")

    assert await ada.titles(q="sink") == ["Call the plumber"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", "Größe prüfen, 5 €"),
        ("utf-16", "Größe prüfen, 5 €"),
        ("cp1252", "Größe prüfen, 5 €"),
        ("cp1251", "Купить молоко и хлеб"),
        ("cp932", "牛乳を買う"),
    ],
)
async def test_encodings_of_spreadsheets_are_understood(
    ada: Person, encoding: str, text: str
) -> None:
    report = await import_file(ada, f"title;list\r\n{text};\r\n".encode(encoding))

    assert await ada.titles() == [text]
    assert report["encoding"] in (None, encoding)
    assert (report["encoding"] is None) == encoding.startswith("utf")


async def test_what_does_not_fit_is_reported_and_kept_as_far_as_possible(ada: Person) -> None:
    long = "word " * 150
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["title", "notes", "due", "priority", "duration_minutes", "repeat", "tags"])
    writer.writerow([long, "more", "someday", "urgent", "soon", "", "t" * 60])
    writer.writerow(["", "only notes", "", "", "", "", ""])
    writer.writerow(["Standup", "", "2999-01-01", "", "", "FREQ=SECONDLY", ""])
    writer.writerow(["Report", "", "", "", "", "FREQ=WEEKLY", ""])

    report = await import_file(ada, table.getvalue())

    reasons = [(each["place"], each["skipped"], each["reason"]) for each in report["issues"]]
    assert reasons[0] == ("line 3", True, "has no title")
    assert {reason for place, _, reason in reasons if place == "line 2"} == {
        'due "someday" is malformed',
        'priority "urgent" is malformed',
        'duration_minutes "soon" is malformed',
        "the title was shortened; it is complete in the notes",
        f'the tag "{"t" * 50}" was shortened',
    }
    assert any("FREQ=SECONDLY isn't supported" in reason for _, _, reason in reasons)
    assert any("is needed by a task that repeats" in reason for _, _, reason in reasons)
    assert report["issue_count"] == len(reasons)
    assert report["tasks"] == counts(created=3, skipped=1)
    first = (await tasks_of(ada))[0]
    assert len(first["title"]) <= 500
    assert first["notes"] == f"{long.strip()}\n\nmore"


async def test_skipped_sections_are_no_skipped_tasks(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_service.service.import_changes.MAX_SECTIONS", 1)

    report = await import_file(ada, "title,list,section\na,Home,One\nb,Home,Two\n")

    assert report["sections"] == counts(created=1, skipped=1)
    assert report["tasks"] == counts(created=2)


async def test_report_is_bounded(ada: Person) -> None:
    report = await import_file(ada, "title,priority\n" + "Milk,huge\n" * 500)

    assert (len(report["issues"]), report["issue_count"]) == (200, 500)
    assert report["tasks"] == counts(created=500)


async def test_too_many_open_tasks_import_nothing(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_service.service.user_work.MAX_OPEN_TASKS", 2)

    problem = await import_file(ada, "title,list\na,Home\nb,Home\nc,Home\n", status=422)

    assert code_of(problem) == "too-many-open-tasks"
    assert await tasks_of(ada) == []
    assert [each["name"] for each in (await ada.get("lists")).json()["items"]] == ["Inbox"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "unknown-file-format"),
        (b"just words", "unknown-file-format"),
        (b"{}", "unknown-file-format"),
        (b"[1, 2]", "unknown-file-format"),
        (b"{", "unreadable-file"),
        (b"PK\x03\x04broken", "unreadable-file"),
        (b"a,b\n1,2\n", "unknown-file-format"),
        (b"title\n" + b"x" * 200_000, "unreadable-file"),
    ],
    ids=lambda value: str(value[:12]),
)
async def test_other_files_are_rejected(ada: Person, data: bytes, code: str) -> None:
    problem = await import_file(ada, data, status=422)

    assert code_of(problem) == code


async def test_named_format_must_match(ada: Person) -> None:
    problem = await import_file(ada, "title\nMilk\n", status=422, format="ticktick")

    assert code_of(problem) == "unknown-file-format"
    assert "ticktick" in problem["formats"]


async def test_body_has_a_limit_of_its_own(ada: Person) -> None:
    many = b"id,title,notes\n" + b"".join(b"%d,Milk,%s\n" % (n, b"x" * 500) for n in range(2_000))

    report = await import_file(ada, many)
    problem = await import_file(ada, b"title\n" + b"x" * 10_000_000, status=413)

    assert report["tasks"]["created"] == 2_000
    assert code_of(problem) == "payload-too-large"


async def test_large_file_is_imported_in_parts_that_one_undo_reverts(
    ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_account(ada)
    exported = await export_of(ada)
    await bob.get("lists")
    before = await account_of(bob)
    monkeypatch.setattr("tasks_service.service.import_service.MAX_IMPORT_PART", 3)

    dry = await import_file(bob, exported, dry_run=True)
    report = await import_file(bob, exported)

    assert dry["tasks"] == report["tasks"] == counts(created=8)
    mine, theirs = await account_of(ada), await account_of(bob)
    assert theirs["order"] == mine["order"]
    assert sorted(task["title"] for task in theirs["tasks"]) == sorted(
        task["title"] for task in mine["tasks"]
    )
    undone = await bob.post("changes/undo", {"request_id": report["request_id"]})
    assert undone.status_code == 200, undone.text
    assert await account_of(bob) == before


async def test_interrupted_import_is_completed_by_repeating_it(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_service.service.import_service.MAX_IMPORT_PART", 2)
    table = "id,title\n" + "".join(f"{name},{name}\n" for name in "abcde")
    with monkeypatch.context() as patch:
        patch.setattr("tasks_service.service.user_work.MAX_OPEN_TASKS", 3)
        await import_file(ada, table, status=422)
    assert len(await tasks_of(ada)) == 2

    report = await import_file(ada, table)

    assert report["tasks"] == counts(created=3, existing=2)
    assert [task["title"] for task in await tasks_of(ada)] == list("abcde")


async def test_import_of_a_killed_process_is_completed_under_the_same_key(
    service: Service, make_settings: MakeSettings, ada: Person
) -> None:
    count, settings, port = MAX_IMPORT_PART + 20, make_settings(), free_port()
    table = "id,title,list\n" + "".join(f"{number},Task {number},A\n" for number in range(count))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tasks_service", "serve"),
        env={
            "PATH": os.environ["PATH"],
            "TASKS_DATABASE_URL": settings.database_url,
            "TASKS_JOBS_DATABASE_URL": settings.jobs_database_url,
            "REDIS_URL": settings.redis_url,
            "TODOCHAT_SERVICE_SECRET": settings.todochat_service_secret,
            "TASKS_PORT": str(port),
            "TASKS_REMINDERS_POLL_S": "3600",
            "TODOCHAT_FAULT_POINTS": "change.committed",
        },
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    request: dict[str, Any] = {"content": table, "headers": {"Idempotency-Key": "k1"}}

    async def is_serving() -> bool:
        try:
            return (await ada.http.get(f"{url}/health/live")).is_success
        except httpx.TransportError:
            return False

    agent = service.agent(ada.user_id)
    try:
        await wait_until(is_serving, timeout_s=60)
        with suppress(httpx.TransportError):  # it is killed after the first part
            await agent.http.post(f"{url}{agent.path('import')}", **request)
        async with asyncio.timeout(60):
            status = await process.wait()
    finally:
        with suppress(ProcessLookupError):  # it has ended
            process.kill()
    completed = await agent.call("POST", "import", **request)

    assert status == -signal.SIGKILL
    report = completed.json()
    assert report["tasks"] == counts(created=count)
    assert report["lists"] == counts(created=1)
    assert len((await export_of(ada, "export/tasks.csv")).splitlines()) == 1 + count
    undone = await ada.post("changes/undo", {"request_id": report["request_id"]})
    assert len(undone.json()["tasks"]) == count
    again = await agent.call("POST", "import", **request)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await tasks_of(ada) == []


async def test_more_than_ten_thousand_tasks_are_rejected(ada: Person) -> None:
    problem = await import_file(ada, "title\n" + "Milk\n" * 10_001, status=413)

    assert code_of(problem) == "file-too-large"


async def test_another_users_imports_are_unknown(
    ada: Person, bob: Person, owner: Connection
) -> None:
    await import_file(ada, "id,title\na,Milk\n")

    report = await import_file(bob, "id,title\na,Milk\n")

    assert report["tasks"] == counts(created=1)
    rows = await owner.fetch(
        "SELECT user_id FROM imported WHERE user_id = ANY($1)", [ada.user_id, bob.user_id]
    )
    assert len(rows) == 2


async def test_formula_guard_is_undone(ada: Person, bob: Person) -> None:
    titles = ["=1+1", "+49 30", "-minus", "@home", "'=quoted", "''+twice", "'plain'", "x=y"]
    await ada.make_tasks(titles)

    exported = await export_of(ada, "export/tasks.csv")
    await import_file(bob, exported)

    rows = csv.DictReader(io.StringIO(exported.decode("utf-8-sig"), newline=""))
    assert not [row["title"] for row in rows if row["title"].startswith(("=", "+", "-", "@"))]
    assert sorted(task["title"] for task in await tasks_of(bob)) == sorted(titles)
