"""Repeating tasks over HTTP: completing, skipping, editing and undoing instances."""

from typing import Any

import pytest
from tasks_kit import Person, Service

WEEKLY = {"rule": "FREQ=WEEKLY;BYDAY=MO", "from": "due"}
MONDAY = {"date": "2026-11-23"}


async def repeating(person: Person, title: str = "Report", **fields: Any) -> dict[str, Any]:
    return await person.make_task(title, **{"due": MONDAY, "repeat": WEEKLY, **fields})


async def complete(person: Person, task: dict[str, Any], **params: Any) -> dict[str, Any]:
    """Complete a task and return the next instance."""
    done = await person.call("POST", f"tasks/{task['id']}/complete", params=params)
    assert done.status_code == 200, done.text
    return await read(person, done.json()["next_id"])


async def read(person: Person, task_id: str) -> dict[str, Any]:
    response = await person.get(f"tasks/{task_id}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def edit(person: Person, task: dict[str, Any], **fields: Any) -> dict[str, Any]:
    response = await person.patch(f"tasks/{task['id']}", fields)
    assert response.status_code == 200, response.text
    edited: dict[str, Any] = response.json()
    return edited


async def test_completing_creates_the_next_instance_and_keeps_the_history(ada: Person) -> None:
    first = await repeating(
        ada, notes="numbers", priority="high", tags=["work"], duration_minutes=30, pinned=True
    )

    second = await complete(ada, first)

    done = await read(ada, first["id"])
    assert (done["completed_at"] is not None, done["next_id"]) == (True, second["id"])
    assert second == {
        **first,
        "id": second["id"],
        "number": 2,
        "due": {"date": "2026-11-30"},
        "position": second["position"],
        "created_at": second["created_at"],
        "updated_at": second["created_at"],
    }
    assert second["position"] > first["position"]
    assert first["series_id"].startswith("ser_")
    assert first["repeat"] == WEEKLY


async def test_completion_is_published_before_the_next_instance(ada: Person) -> None:
    task = await repeating(ada)
    async with ada.feed() as feed:
        await feed.event()

        following = await complete(ada, task)

        (_, done), (_, made) = await feed.events(2)
    assert [done["type"], made["type"]] == ["task.completed.v1", "task.created.v1"]
    assert done["task"]["next_id"] == made["task"]["id"]
    assert made["task"] == following


async def test_completing_again_creates_no_second_instance(ada: Person) -> None:
    task = await repeating(ada)
    following = await complete(ada, task)
    await edit(ada, following, notes="mine")
    await ada.post(f"tasks/{task['id']}/reopen")

    again = await complete(ada, task)

    assert again["id"] == following["id"]
    assert len(await ada.titles(status="all")) == 2


async def test_reopening_removes_an_unchanged_next_instance(ada: Person) -> None:
    task = await repeating(ada)
    following = await complete(ada, task)

    reopened = await ada.post(f"tasks/{task['id']}/reopen")

    assert reopened.json()["next_id"] is None
    assert (await ada.get(f"tasks/{following['id']}")).status_code == 404
    assert (await complete(ada, task))["due"] == {"date": "2026-11-30"}


async def test_withdrawn_instance_is_neither_in_the_trash_nor_restored(ada: Person) -> None:
    task = await repeating(ada)
    following = await complete(ada, task)
    await ada.make_task("milk", parent_id=following["id"])
    await ada.delete(f"tasks/{following['id']}")
    await ada.post(f"tasks/{task['id']}/reopen")

    trash = (await ada.get("trash")).json()["items"]
    refused = [
        await ada.post(f"trash/{following['id']}/restore"),
        await ada.post(f"tasks/{following['id']}/restore"),
    ]

    assert trash == []
    assert [each.json()["type"] for each in refused] == ["urn:todochat:problem:open-instance"] * 2
    await ada.delete(f"tasks/{task['id']}")
    assert len((await ada.get("trash")).json()["items"]) == 3
    assert (await ada.post(f"trash/{following['id']}/restore")).status_code == 200


async def test_undo_of_a_reopening_brings_the_withdrawn_instance_back(ada: Person) -> None:
    task = await repeating(ada)
    await ada.make_task("milk", parent_id=task["id"])
    following = await complete(ada, task, subtasks="complete")
    reopened = await ada.post(f"tasks/{task['id']}/reopen")
    changes = (await ada.get(f"tasks/{task['id']}/history")).json()["items"]

    undone = await ada.post(f"changes/{changes[0]['id']}/undo")

    assert reopened.json()["next_id"] is None
    assert undone.status_code == 200, undone.text
    assert await ada.titles(order="asc") == [task["title"], "milk"]
    assert (await ada.get(f"tasks/{following['id']}")).json()["subtasks"] == {"total": 1, "open": 1}


async def test_next_instance_has_open_copies_of_the_subtasks(ada: Person) -> None:
    task = await repeating(ada, due={"date": "2026-12-01"}, repeat={"rule": "FREQ=WEEKLY"})
    subtasks: dict[str, dict[str, Any]] = {
        "shop": {"due": {"date": "2026-11-30"}, "notes": "list", "tags": ["x"], "priority": "high"},
        "call": {"reminders": [{"at": "2999-01-01T00:00:00Z"}, {"minutes_before": 5}]},
        "gone": {},
    }
    for title, fields in subtasks.items():
        await ada.make_task(title, parent_id=task["id"], **fields)
    await ada.post("tasks/2/complete")
    await ada.delete("tasks/4")
    async with ada.feed() as feed:
        await feed.event()
        following = await complete(ada, task, subtasks="complete")
        events = [change for _, change in await feed.events(5)]

    copies = (await ada.get("tasks", parent_id=following["id"], sort="position")).json()["items"]
    assert following["subtasks"] == {"total": 2, "open": 2}
    assert [(each["title"], each["due"], each["notes"]) for each in copies] == [
        ("shop", {"date": "2026-12-07"}, "list"),
        ("call", None, ""),
    ]
    assert (copies[0]["tags"], copies[0]["priority"]) == (["x"], "high")
    assert [each.get("minutes_before") for each in copies[1]["reminders"]] == [5]
    assert [(each["type"], each["task"]["title"]) for each in events] == [
        ("task.completed.v1", "call"),
        ("task.completed.v1", task["title"]),
        ("task.created.v1", task["title"]),
        ("task.created.v1", "shop"),
        ("task.created.v1", "call"),
    ]


async def test_completion_is_undone_with_the_copied_subtasks_unless_one_was_changed(
    ada: Person,
) -> None:
    task = await repeating(ada)
    await ada.make_task("milk", parent_id=task["id"])
    following = await complete(ada, task, subtasks="complete")
    changes = (await ada.get(f"tasks/{task['id']}/history")).json()["items"]

    undone = await ada.post(f"changes/{changes[0]['id']}/undo")
    redone = await ada.post("changes/undo", {"request_id": undone.json()["request_id"]})
    copy = (await ada.get("tasks", parent_id=following["id"])).json()["items"][0]
    await ada.patch(f"tasks/{copy['id']}", {"title": "oat milk"})
    await ada.post(f"tasks/{task['id']}/reopen")

    assert (undone.status_code, redone.status_code) == (200, 200)
    assert following["id"] in [each["id"] for each in undone.json()["tasks"]]
    assert copy["id"] in [each["id"] for each in undone.json()["tasks"]]
    assert (await ada.get(f"tasks/{following['id']}")).status_code == 200


async def test_series_ends_with_its_count(ada: Person) -> None:
    task = await repeating(ada, repeat={"rule": "FREQ=DAILY;COUNT=2"})
    assert task["repeat"] == {"rule": "FREQ=DAILY", "from": "due", "count": 2}

    last = await complete(ada, task)
    ended = await ada.post(f"tasks/{last['id']}/skip")
    done = await ada.post(f"tasks/{last['id']}/complete")

    assert last["repeat"]["count"] == 1
    assert ended.json()["type"].endswith("series-ended")
    assert done.json()["next_id"] is None
    assert await ada.titles() == []


async def test_deleting_an_instance_ends_the_series_until_it_is_restored(ada: Person) -> None:
    task = await complete(ada, await repeating(ada))
    await ada.delete(f"tasks/{task['id']}")
    assert await ada.titles() == []

    restored = (await ada.post(f"tasks/{task['id']}/restore")).json()

    assert (await complete(ada, restored))["due"] == {"date": "2026-12-07"}


async def test_skipping_moves_due_date_and_start(ada: Person) -> None:
    task = await repeating(ada, start={"date": "2026-11-20"})

    skipped = await ada.post(f"tasks/{task['id']}/skip")

    assert skipped.status_code == 200, skipped.text
    assert (skipped.json()["due"], skipped.json()["start"]) == (
        {"date": "2026-11-30"},
        {"date": "2026-11-27"},
    )
    assert skipped.json()["id"] == task["id"]


async def test_missed_dates_can_be_skipped_at_once(ada: Person) -> None:
    task = await repeating(ada, due={"date": "2000-01-03"})

    skipped = await ada.post(f"tasks/{task['id']}/skip?missed=true")

    assert skipped.json()["due"]["date"] > "2026-11-01"


async def test_task_that_does_not_repeat_cannot_be_skipped(ada: Person) -> None:
    await ada.make_task(due=MONDAY)
    done = await repeating(ada)
    await complete(ada, done)

    responses = [await ada.post("tasks/1/skip"), await ada.post(f"tasks/{done['id']}/skip")]

    assert [response.status_code for response in responses] == [409, 409]
    assert responses[0].json()["type"].endswith("not-repeating")
    assert (await ada.post("tasks/99/skip")).status_code == 404


class TestEditing:
    async def test_edit_applies_to_the_following_instances(self, ada: Person) -> None:
        task = await repeating(ada)

        await edit(ada, task, title="Weekly report", tags=["work"])

        following = await complete(ada, task)
        assert (following["title"], following["tags"]) == ("Weekly report", ["work"])

    async def test_edit_of_this_instance_leaves_the_following_ones(self, ada: Person) -> None:
        task = await repeating(ada, notes="short")

        await edit(ada, task, title="Year-end report", notes="long", applies_to="this")
        await edit(ada, task, notes="longer", applies_to="following")

        second = await complete(ada, task)
        third = await complete(ada, second)
        assert [second["title"], second["notes"]] == ["Report", "longer"]
        assert third["title"] == "Report"
        assert (await read(ada, task["id"]))["title"] == "Year-end report"

    async def test_skipped_instance_takes_its_own_changes_with_it(self, ada: Person) -> None:
        task = await repeating(ada)
        await edit(ada, task, title="Year-end report", applies_to="this")

        skipped = await ada.post(f"tasks/{task['id']}/skip")

        assert skipped.json()["title"] == "Report"

    async def test_moved_instance_keeps_the_rhythm_of_the_series(self, ada: Person) -> None:
        task = await repeating(ada)

        await edit(ada, task, due={"date": "2026-11-22"})

        assert (await complete(ada, task))["due"] == {"date": "2026-11-30"}

    async def test_following_instances_can_move_too(self, ada: Person) -> None:
        task = await repeating(ada)

        moved = await edit(ada, task, due={"date": "2026-11-24"}, applies_to="following")

        assert moved["repeat"]["rule"] == "FREQ=WEEKLY;BYDAY=TU"
        assert (await complete(ada, task))["due"] == {"date": "2026-12-01"}

    async def test_new_rule_starts_from_the_current_due_date(self, ada: Person) -> None:
        task = await repeating(ada)
        await edit(ada, task, due={"date": "2026-11-25"})

        changed = await edit(ada, task, repeat={"rule": "FREQ=DAILY;INTERVAL=2"})

        assert changed["series_id"] == task["series_id"]
        assert (await complete(ada, task))["due"] == {"date": "2026-11-27"}

    async def test_repetition_can_end_and_start_again(self, ada: Person) -> None:
        task = await repeating(ada)

        ended = await edit(ada, task, repeat=None, due=None)
        again = await edit(ada, task, repeat={"rule": "FREQ=DAILY"}, due=MONDAY)

        assert (ended["repeat"], ended["due"]) == (None, None)
        assert again["repeat"] == {"rule": "FREQ=DAILY", "from": "due"}

    async def test_changes_and_completion_in_one_request(self, ada: Person) -> None:
        task = await repeating(ada)

        done = await edit(ada, task, title="Sent", completed=True, applies_to="this")

        assert done["title"] == "Sent"
        assert (await read(ada, done["next_id"]))["title"] == "Report"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"repeat": {"rule": "FREQ=SECONDLY"}}, "/repeat/rule"),
        ({"repeat": {"rule": "FREQ=DAILY;BYHOUR=9"}}, "/repeat/rule"),
        ({"repeat": {"rule": "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=366"}}, "/repeat/rule"),
        ({"repeat": {"rule": "FREQ=HOURLY"}}, "/repeat/rule"),
        ({"repeat": {"rule": "FREQ=DAILY;UNTIL=99991231T235959Z"}}, "/repeat/rule"),
        ({"repeat": {"rule": ""}}, "/repeat/rule"),
        ({"repeat": {"rule": "FREQ=DAILY\0"}}, "/repeat/rule"),
        ({"repeat": {"rule": "FREQ=DAILY", "until": "2026-11-01"}}, "/repeat/until"),
        ({"repeat": {"rule": "FREQ=DAILY", "from": "today"}}, "/repeat/from"),
        ({"repeat": {"rule": "FREQ=DAILY", "count": 0}}, "/repeat/count"),
        ({"repeat": {"rule": "FREQ=DAILY", "count": 2, "until": "2027-01-01"}}, "/repeat"),
        ({"repeat": {"rule": "FREQ=DAILY"}, "due": None}, "/due"),
        ({"repeat": {"rule": "FREQ=DAILY"}, "applies_to": "this"}, "/applies_to"),
        ({"applies_to": "all"}, "/applies_to"),
    ],
)
async def test_invalid_repetition_is_rejected_with_its_pointer(
    ada: Person, fields: dict[str, Any], pointer: str
) -> None:
    await ada.make_task(due=MONDAY)

    response = await ada.patch("tasks/1", fields)

    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer


async def test_due_date_of_a_repeating_task_cannot_be_cleared(ada: Person) -> None:
    await repeating(ada)

    response = await ada.patch("tasks/1", {"due": None})

    assert response.json()["errors"][0]["pointer"] == "/due"


class TestUndo:
    async def undo(self, person: Person, **which: Any) -> Any:
        return await person.post("changes/undo", which)

    async def request_of(self, person: Person, path: str, body: Any = None) -> str:
        response = await person.post(path, body)
        assert response.status_code == 200, response.text
        return response.headers["X-Change-Request"]

    async def test_undo_of_a_completion_removes_the_next_instance(self, ada: Person) -> None:
        task = await repeating(ada)
        request = await self.request_of(ada, "tasks/1/complete")

        undone = await self.undo(ada, request_id=request)

        assert undone.status_code == 200, undone.text
        assert await read(ada, task["id"]) == {
            **task,
            "updated_at": (await read(ada, task["id"]))["updated_at"],
        }
        assert await ada.titles(status="all") == ["Report"]

    async def test_undo_of_the_single_change_does_the_same_and_can_be_undone(
        self, ada: Person
    ) -> None:
        await repeating(ada)
        following = await complete(ada, await read(ada, "1"))
        history = (await ada.get("tasks/1/history")).json()["items"]

        undone = await ada.post(f"changes/{history[0]['id']}/undo")
        titles = await ada.titles(status="all")
        redone = await self.undo(ada, request_id=undone.headers["X-Change-Request"])

        assert undone.status_code == redone.status_code == 200, redone.text
        assert titles == ["Report"]
        assert (await read(ada, "1"))["next_id"] == following["id"]
        assert (await read(ada, following["id"]))["due"] == {"date": "2026-11-30"}

    async def test_changed_next_instance_is_a_conflict_by_name(self, ada: Person) -> None:
        task = await repeating(ada)
        request = await self.request_of(ada, "tasks/1/complete")
        following = await read(ada, (await read(ada, task["id"]))["next_id"])
        await edit(ada, following, title="December report")

        refused = await self.undo(ada, request_id=request)

        assert refused.status_code == 409
        assert "December report" in refused.json()["detail"]
        assert (await read(ada, task["id"]))["completed_at"] is not None

    async def test_undo_of_a_skip_and_of_an_edit_restores_the_series(self, ada: Person) -> None:
        task = await repeating(ada)
        edited = await ada.patch("tasks/1", {"title": "Other", "applies_to": "this"})
        skip = await self.request_of(ada, "tasks/1/skip")

        for request in (skip, edited.headers["X-Change-Request"]):
            undone = await self.undo(ada, request_id=request)
            assert undone.status_code == 200, undone.text

        now = await read(ada, task["id"])
        assert now == {**task, "updated_at": now["updated_at"]}

    async def test_completions_of_a_turn_count_once_against_its_limit(
        self, service: Service, ada: Person
    ) -> None:
        for title in "abc":
            await repeating(ada, title)
        agent = service.agent(ada.user_id)
        limited: dict[str, object] = {"X_Run_Id": "run_1", "X_Run_Attempt": 1, "X_Confirm_Above": 3}

        done = [
            await agent.post(f"tasks/{number}/complete", X_Change_Group="msg_1", **limited)
            for number in (1, 2, 3)
        ]
        undone = await agent.post(
            "changes/undo",
            {"group_id": "msg_1"},
            **{**limited, "X_Change_Group": "msg_2", "X_Run_Id": "run_2"},
        )

        assert {response.status_code for response in [*done, undone]} == {200}, undone.text
        assert await ada.titles(status="all", order="asc") == ["a", "b", "c"]


async def test_repetition_can_wait_for_a_confirmation(service: Service, ada: Person) -> None:
    task = await ada.make_task("Report", due=MONDAY)
    agent = service.agent(ada.user_id)
    update = {"type": "update", "task_id": task["id"], "changes": {"repeat": WEEKLY}}
    held = await agent.post("changes/pending", {"operations": [update]}, X_Change_Group="msg_1")
    assert held.status_code == 201, held.text

    confirmed = await ada.post(f"changes/pending/{held.json()['id']}/confirm", {"revision": 1})

    assert confirmed.status_code == 200, confirmed.text
    assert (await read(ada, task["id"]))["repeat"] == WEEKLY


async def test_export_has_the_whole_series(ada: Person) -> None:
    following = await complete(ada, await repeating(ada))

    tasks = (await ada.get("export")).json()["tasks"]

    assert [task["series_id"] for task in tasks] == [following["series_id"]] * 2
    assert tasks[0]["next_id"] == tasks[1]["id"]
