"""The history: who changed what, newest first, and how one entry is undone."""

from typing import Any

import pytest
from tasks_kit import Connection, Person, Service


async def entries(person: Person, path: str = "changes", **params: Any) -> list[dict[str, Any]]:
    response = await person.get(path, **params)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def test_history_of_a_task_tells_who_changed_what(service: Service, ada: Person) -> None:
    await ada.make_task("Buy milk")
    agent = service.agent(ada.user_id)
    run = {"X_Run_Id": "run_1", "X_Run_Attempt": 1, "X_Change_Group": "msg_1"}
    await agent.patch("tasks/1", {"title": "Buy oat milk"}, **run)
    await ada.make_task("another")
    await ada.delete("tasks/1")

    deleted, renamed, created = await entries(ada, "tasks/1/history")

    assert [each["type"] for each in (created, renamed, deleted)] == [
        "task.created.v1",
        "task.updated.v1",
        "task.deleted.v1",
    ]
    assert created["before"] is None
    assert (renamed["before"], renamed["after"]) == (
        {"title": "Buy milk"},
        {"title": "Buy oat milk"},
    )
    assert (renamed["actor"], renamed["run_id"], renamed["group_id"]) == ("agent", "run_1", "msg_1")
    assert (deleted["actor"], deleted["name"]) == ("user", "Buy oat milk")


async def test_history_of_a_list_includes_the_tasks_in_it(ada: Person) -> None:
    home = await ada.make_list("Home")
    await ada.make_task("inside", list_id=home["id"])
    await ada.make_task("outside")
    await ada.patch(f"lists/{home['id']}", {"name": "House"})
    await ada.delete(f"lists/{home['id']}?tasks=delete")

    found = await entries(ada, f"lists/{home['id']}/history")

    assert [(each["type"], each["name"]) for each in reversed(found)] == [
        ("list.created.v1", "House"),
        ("task.created.v1", "inside"),
        ("list.updated.v1", "House"),
        ("task.deleted.v1", "inside"),
        ("list.deleted.v1", "House"),
    ]


async def test_one_change_is_undone_from_the_history(ada: Person) -> None:
    await ada.make_task("a")
    await ada.patch("tasks/1", {"title": "b"})
    await ada.patch("tasks/1", {"priority": "high"})
    renamed = (await entries(ada))[1]

    undone = await ada.post(f"changes/{renamed['id']}/undo")
    titles = await ada.titles()
    newest, _, after_undo, _ = await entries(ada)
    redone = await ada.post("changes/undo", {"change_id": newest["id"]})
    after_redo = (await entries(ada))[3]

    assert (undone.status_code, redone.status_code) == (200, 200)
    assert titles == ["a"]
    assert newest["undoes"] == renamed["id"]
    assert (after_undo["undone"], after_redo["undone"]) == (True, False)
    assert await ada.titles() == ["b"]


async def test_changes_are_filtered(service: Service, ada: Person) -> None:
    made = await ada.post("tasks", {"title": "a"})
    agent = service.agent(ada.user_id)
    run = {"X_Run_Id": "run_1", "X_Run_Attempt": 1, "X_Change_Group": "msg_1"}
    await agent.post("tasks", {"title": "b"}, **run)

    for filters, name in [
        ({"actor": "user"}, "a"),
        ({"actor": "agent"}, "b"),
        ({"run_id": "run_1"}, "b"),
        ({"group_id": "msg_1", "actor": "agent"}, "b"),
        ({"request_id": made.headers["X-Change-Request"]}, "a"),
    ]:
        assert [each["name"] for each in await entries(ada, **filters)] == [name], filters
    assert await entries(ada, actor="import") == []


async def test_pages_cover_the_history_once_while_it_grows(ada: Person) -> None:
    for title in "abcde":
        await ada.make_task(title)
    names, cursor = [], None
    for _ in range(3):
        page = (await ada.get("changes", limit=2, **({"cursor": cursor} if cursor else {}))).json()
        names += [each["name"] for each in page["items"]]
        cursor = page["next_cursor"]
        await ada.make_task("later")

    assert names == ["e", "d", "c", "b", "a"]
    assert cursor is None


async def test_history_of_nothing_or_of_another_user_is_missing(ada: Person, bob: Person) -> None:
    task = await bob.make_task("his")
    home = await bob.make_list("his")

    paths = [f"tasks/{task['id']}/history", f"lists/{home['id']}/history", "tasks/7/history"]
    statuses = {(await ada.get(path)).status_code for path in paths}

    assert statuses == {404}
    assert await entries(ada) == []


@pytest.mark.parametrize(
    "params",
    [{"cursor": "x"}, {"cursor": "1" * 17}, {"limit": 0}, {"actor": "robot"}, {"owner": "me"}],
)
async def test_invalid_queries_are_rejected(ada: Person, params: dict[str, Any]) -> None:
    assert (await ada.get("changes", **params)).status_code in {400, 422}


async def test_history_uses_indexes(ada: Person, owner: Connection) -> None:
    await ada.make_task("a")
    await owner.execute(
        """
        INSERT INTO task_changes (user_id, type, entity_id, actor, run_id, group_id, request_id,
                                  after, is_confirmed, occurred_at)
        SELECT 'u', 'task.updated.v1', n::text, CASE n WHEN 1 THEN 'x' ELSE 'user' END, n::text, n::text, n::text, '{}', true, now()
          FROM generate_series(1, 2000) AS n
        """
    )
    await owner.execute("ANALYZE task_changes")
    columns = ("entity_id", "request_id", "run_id", "group_id", "actor")
    async with owner.transaction():
        await owner.execute("SET LOCAL enable_seqscan = off")
        for column in columns:
            plan = await owner.fetch(
                f"EXPLAIN SELECT * FROM task_changes WHERE user_id = 'u' AND {column} = 'x'"
                " ORDER BY id DESC LIMIT 51"
            )
            text = "\n".join(row[0] for row in plan)
            assert f"ix_task_changes_{column.removesuffix('_id')}" in text, text
