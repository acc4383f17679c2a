"""Changes of many tasks at once: by IDs or by a filter, with a dry run and one undo."""

import asyncio
from typing import Any

import pytest
from tasks_kit import Connection, Person, Service, StartService


async def bulk(person: Person, action: dict[str, Any] | str, **body: Any) -> dict[str, Any]:
    named = {"type": action} if isinstance(action, str) else action
    response = await person.post("tasks/bulk", {"action": named, **body})
    assert response.status_code == 200, response.text
    outcome: dict[str, Any] = response.json()
    return outcome


def ids(tasks: list[dict[str, Any]]) -> list[str]:
    return [task["id"] for task in tasks]


async def snapshot(person: Person) -> list[dict[str, Any]]:
    tasks = (await person.get("tasks", status="all", order="asc")).json()["items"]
    return [{**task, "updated_at": None} for task in tasks]


async def fill_list(owner: Connection, person: Person, count: int) -> None:
    """Add copies of the user's only task."""
    await owner.execute(
        """
        INSERT INTO tasks (id, user_id, number, list_id, title, title_key, notes, search_key,
                           priority, tags, tag_keys, created_at, updated_at)
        SELECT id || n, user_id, n + 1, list_id, title, title_key, notes, search_key, priority,
               tags, tag_keys, created_at, updated_at
          FROM tasks, generate_series(1, $2) AS n WHERE user_id = $1
        """,
        person.user_id,
        count,
    )
    await owner.execute(
        "UPDATE user_counters SET last_number = last_number + $2 WHERE user_id = $1",
        person.user_id,
        count,
    )


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"type": "update", "changes": {"priority": "high", "due": None}}, {"priority": "high"}),
        ({"type": "tag", "add": ["Work", "new"], "remove": ["HOME"]}, {"tags": ["work", "new"]}),
        ("complete", {}),
        ("delete", {}),
    ],
)
async def test_action_changes_all_tasks_and_one_undo_reverts_it(
    ada: Person, action: Any, expected: dict[str, Any]
) -> None:
    tasks = [
        await ada.make_task(title, tags=["home", "work"], due={"date": "2026-12-01"})
        for title in "abc"
    ]
    before = await snapshot(ada)

    outcome = await bulk(ada, action, task_ids=ids(tasks[:2]))
    changed = outcome["tasks"]
    undone = await ada.post("changes/undo", {"request_id": outcome["request_id"]})

    assert (outcome["count"], outcome["skipped"], outcome["dry_run"]) == (2, [], False)
    assert [task["title"] for task in changed] == ["a", "b"]
    assert all(task | expected == task for task in changed)
    assert undone.status_code == 200, undone.text
    assert await snapshot(ada) == before


async def test_filter_selects_exactly_what_the_listing_shows(ada: Person) -> None:
    await ada.make_task("today", due={"date": "2026-11-24"})
    await ada.make_task("later", due={"date": "2026-11-25"})
    await ada.make_task("undated")
    done = await ada.make_task("done", due={"date": "2026-11-24"})
    await ada.post(f"tasks/{done['id']}/complete")
    due_today = "due = 2026-11-24"
    listed = await ada.titles(filter=due_today)

    outcome = await bulk(ada, "delete", filter=due_today)

    assert [task["title"] for task in outcome["tasks"]] == listed == ["today"]
    assert await ada.titles(status="all", order="asc") == ["later", "undated", "done"]


async def test_tasks_move_and_completed_ones_are_reopened(ada: Person) -> None:
    home = await ada.make_list("Home")
    tasks = await ada.make_tasks("ab")
    await bulk(ada, "complete", task_ids=ids(tasks))

    moved = await bulk(ada, {"type": "move", "list_id": home["id"]}, task_ids=ids(tasks))
    reopened = await bulk(ada, "reopen", filter="status = completed & list = Home")

    assert (moved["count"], reopened["count"]) == (2, 2)
    assert await ada.titles(list_id=home["id"], order="asc") == ["a", "b"]


async def test_deleted_tasks_are_restored_by_their_ids(ada: Person) -> None:
    tasks = await ada.make_tasks("abc")
    await bulk(ada, "delete", task_ids=ids(tasks[:2]))

    outcome = await bulk(ada, "restore", task_ids=ids(tasks))

    assert outcome["count"] == 2
    assert [(each["title"], each["reason"]) for each in outcome["skipped"]] == [
        ("c", "not-deleted")
    ]
    assert await ada.titles(order="asc") == ["a", "b", "c"]


async def test_dry_run_tells_what_would_change_and_be_skipped(ada: Person, bob: Person) -> None:
    tasks = await ada.make_tasks("abc")
    hers = await bob.make_task("his")
    await ada.delete("tasks/2")
    await ada.post("tasks/3/complete")
    before, history = await snapshot(ada), (await ada.get("changes")).json()

    wanted = [*ids(tasks), hers["id"], ids(tasks)[0]]
    plan = await bulk(ada, "complete", task_ids=wanted, dry_run=True)
    unchanged, same_history = await snapshot(ada), (await ada.get("changes")).json()
    done = await bulk(ada, "complete", task_ids=wanted)

    assert (plan["dry_run"], plan["count"], plan["request_id"]) == (True, 1, None)
    assert plan["tasks"][0]["completed_at"] is not None
    assert [(each["title"], each["reason"]) for each in plan["skipped"]] == [
        ("b", "deleted"),
        ("c", "unchanged"),
        (None, "not-found"),
    ]
    assert (unchanged, same_history) == (before, history)
    assert (done["count"], done["skipped"]) == (plan["count"], plan["skipped"])


async def test_dry_run_reserves_nothing(ada: Person) -> None:
    task = await ada.make_task("a")
    async with ada.feed() as feed:
        ready, _ = await feed.event()

        await bulk(ada, "delete", task_ids=[task["id"]], dry_run=True)
        await ada.make_task("b")

        seq, change = await feed.event()
    assert (seq, change["task"]["title"]) == (ready + 1, "b")


async def test_filter_that_selects_too_many_tasks_changes_none(
    ada: Person, owner: Connection
) -> None:
    await ada.make_task("many")
    await fill_list(owner, ada, 999)
    all_tasks = "title = many"

    at_the_limit = await bulk(ada, {"type": "tag", "add": ["x"]}, filter=all_tasks)
    await ada.make_task("many")
    beyond = await ada.post("tasks/bulk", {"action": {"type": "delete"}, "filter": all_tasks})

    assert (at_the_limit["count"], len(at_the_limit["tasks"])) == (1000, 20)
    assert beyond.status_code == 422
    assert beyond.json()["type"].endswith("too-many-targets")
    assert len(await ada.titles(limit=200)) == 200
    undone = await ada.post("changes/undo", {"request_id": at_the_limit["request_id"]})
    assert len(undone.json()["tasks"]) == 1000


async def test_tag_that_does_not_fit_is_skipped(ada: Person) -> None:
    full = await ada.make_task("full", tags=[str(index) for index in range(50)])
    empty = await ada.make_task("empty")

    outcome = await bulk(ada, {"type": "tag", "add": ["x"]}, task_ids=ids([full, empty]))

    assert [task["title"] for task in outcome["tasks"]] == ["empty"]
    assert outcome["skipped"][0]["reason"] == "too-many-tags"


async def test_error_on_one_task_changes_none(ada: Person) -> None:
    tasks = await ada.make_tasks("ab")

    move = {"type": "move", "list_id": "lst_nobody"}
    response = await ada.post("tasks/bulk", {"action": move, "task_ids": ids(tasks)})

    assert response.json()["type"].endswith("list-not-found")
    assert len((await ada.get("changes")).json()["items"]) == 2


async def test_agent_may_plan_any_change_but_makes_only_small_ones(
    service: Service, ada: Person
) -> None:
    tasks = await ada.make_tasks("abcd")
    agent = service.agent(ada.user_id)
    turn = {"X_Change_Group": "msg_1", "X_Confirm_Above": 3}
    body = {"action": {"type": "delete"}, "task_ids": ids(tasks)}

    plan = await agent.post("tasks/bulk", {**body, "dry_run": True}, **turn)
    refused = await agent.post("tasks/bulk", body, **turn)
    small = await agent.post("tasks/bulk", {**body, "task_ids": ids(tasks[:3])}, **turn)

    assert (plan.status_code, plan.json()["count"]) == (200, 4)
    assert refused.json()["type"].endswith("confirmation-required")
    assert small.json()["count"] == 3
    assert await ada.titles() == ["d"]


async def test_repeated_request_is_replayed(ada: Person) -> None:
    tasks = await ada.make_tasks("ab")
    body = {"action": {"type": "delete"}, "task_ids": ids(tasks)}

    first = await ada.post("tasks/bulk", body, Idempotency_Key="k1")
    again = await ada.post("tasks/bulk", body, Idempotency_Key="k1")

    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_concurrent_bulk_changes_and_edits_all_take_effect(
    start_service: StartService, ada: Person
) -> None:
    other = (await start_service()).person(ada.user_id)
    tasks = await ada.make_tasks("abcdef")

    await asyncio.gather(
        bulk(ada, {"type": "tag", "add": ["x"]}, task_ids=ids(tasks)),
        bulk(other, {"type": "tag", "add": ["y"]}, task_ids=ids(tasks)),
        *(other.patch(f"tasks/{task['id']}", {"notes": "n"}) for task in tasks),
    )

    for task in await snapshot(ada):
        assert (sorted(task["tags"]), task["notes"]) == (["x", "y"], "n")


@pytest.mark.parametrize(
    "body",
    [
        {"action": {"type": "delete"}},
        {"action": {"type": "delete"}, "task_ids": []},
        {"action": {"type": "delete"}, "task_ids": ["a"], "filter": "overdue"},
        {"action": {"type": "delete"}, "task_ids": ["a\0b"]},
        {"action": {"type": "delete"}, "task_ids": ["a"] * 1001},
        {"action": {"type": "delete"}, "filter": "due <"},
        {"action": {"type": "delete"}, "filter": "overdue", "timezone": "Moon/Base"},
        {"action": {"type": "delete"}, "filter": "list = Nowhere"},
        {"action": {"type": "restore"}, "filter": "overdue"},
        {"action": {"type": "explode"}, "task_ids": ["a"]},
        {"action": {"type": "tag", "add": [" "]}, "task_ids": ["a"]},
        {"action": {"type": "update", "changes": {"title": ""}}, "task_ids": ["a"]},
        {"action": {"type": "delete"}, "task_ids": ["a"], "force": True},
    ],
)
async def test_invalid_requests_are_rejected(ada: Person, body: dict[str, Any]) -> None:
    assert (await ada.post("tasks/bulk", body)).status_code in {400, 422}


@pytest.mark.parametrize("text", ["due <", "list = Nowhere", "section = Nowhere"])
async def test_error_in_a_filter_names_the_field(ada: Person, text: str) -> None:
    response = await ada.post("tasks/bulk", {"filter": text, "action": {"type": "delete"}})

    assert response.json()["type"] == "urn:todochat:problem:invalid-filter"
    assert response.json()["errors"][0]["pointer"] == "/filter"
