"""Undo and redo of a user's own requests, of runs and of undos."""

import asyncio
from typing import Any

import httpx
import pytest
from tasks_kit import Connection, Person, Service, StartService


async def snapshot(person: Person) -> list[dict[str, Any]]:
    """Return all tasks and lists without the time of their last change."""
    tasks = (await person.get("tasks", status="all", order="asc")).json()["items"]
    lists = (await person.get("lists")).json()["items"]
    return [{**each, "updated_at": None} for each in tasks + lists]


async def undo(person: Person, of: httpx.Response) -> httpx.Response:
    """Undo the changes of a request, as its response names them."""
    return await person.post("changes/undo", {"request_id": of.headers["X-Change-Request"]})


async def test_request_is_undone_redone_and_undone_again(ada: Person) -> None:
    await ada.make_task("a")
    before = await snapshot(ada)
    changed = await ada.patch("tasks/1", {"title": "b", "due": {"date": "2026-12-24"}})
    after = await snapshot(ada)

    undone = await undo(ada, changed)
    states = [await snapshot(ada)]
    redone = await undo(ada, undone)
    states.append(await snapshot(ada))
    again = await undo(ada, changed)
    states.append(await snapshot(ada))
    nothing = await undo(ada, changed)

    assert states == [before, after, before]
    assert redone.json()["request_id"] == redone.headers["X-Change-Request"]
    assert again.status_code == 200, again.text
    assert nothing.json()["type"].endswith("nothing-to-undo")


async def test_deletion_of_a_list_is_undone_and_redone_with_its_tasks(ada: Person) -> None:
    work = await ada.make_list("Work")
    for title in "ab":
        await ada.make_task(title, list_id=work["id"])
    before = await snapshot(ada)
    for tasks in ("move", "delete"):
        deleted = await ada.delete(f"lists/{work['id']}?tasks={tasks}")
        after = await snapshot(ada)

        undone = await undo(ada, deleted)
        assert await snapshot(ada) == before
        redone = await undo(ada, undone)
        assert await snapshot(ada) == after, tasks
        assert [each["name"] for each in redone.json()["lists"]] == ["Work"]
        await undo(ada, redone)
        assert await snapshot(ada) == before


async def test_redone_deletion_of_a_list_reaches_clients_after_its_tasks(ada: Person) -> None:
    work = await ada.make_list("Work")
    await ada.make_task("a", list_id=work["id"])
    undone = await undo(ada, await ada.delete(f"lists/{work['id']}"))
    async with ada.feed() as feed:
        await feed.event()

        await undo(ada, undone)

        types = [change["type"] for _, change in await feed.events(2)]
    assert types == ["task.updated.v1", "list.deleted.v1"]


async def test_undo_of_a_creation_deletes_and_redo_restores(ada: Person) -> None:
    made = await ada.post("tasks", {"title": "a", "tags": ["x"]})
    undone = await undo(ada, made)
    gone = await ada.titles()

    await undo(ada, undone)

    assert gone == []
    assert (await ada.get("tasks/1")).json()["tags"] == ["x"]


async def test_completed_instance_of_a_series_is_undone_and_redone_with_its_successor(
    ada: Person,
) -> None:
    repeat = {"rule": "FREQ=DAILY"}
    await ada.make_task("Water plants", due={"date": "2026-12-01"}, repeat=repeat)
    before = await snapshot(ada)
    completed = await ada.post("tasks/1/complete")
    after = await snapshot(ada)

    undone = await undo(ada, completed)
    states = [await snapshot(ada)]
    redone = await undo(ada, undone)
    states.append(await snapshot(ada))

    assert redone.status_code == 200, redone.text
    assert states == [before, after]
    assert len(after) == len(before) + 1


async def test_all_changes_of_a_run_are_undone(service: Service, ada: Person) -> None:
    await ada.make_tasks("abc")
    agent = service.agent(ada.user_id)
    for number, group in ((1, "msg_1"), (2, "msg_2")):
        run = {"X_Run_Id": "run_1", "X_Run_Attempt": 1, "X_Change_Group": group}
        await agent.post(f"tasks/{number}/complete", **run)
    await ada.post("tasks/3/complete")

    undone = await ada.post("changes/undo", {"run_id": "run_1"})

    assert {task["title"] for task in undone.json()["tasks"]} == {"a", "b"}
    assert await ada.titles(order="asc") == ["a", "b"]


async def test_turn_that_changed_its_mind_is_undone_to_the_state_before(
    service: Service, ada: Person
) -> None:
    await ada.make_task("a")
    agent = service.agent(ada.user_id)
    turn = {"X_Change_Group": "msg_1"}
    renamed = await agent.patch("tasks/1", {"title": "b"}, **turn)
    body = {"request_id": renamed.headers["X-Change-Request"]}
    undone = await agent.post("changes/undo", body, **turn)
    nothing = await ada.post("changes/undo", {"group_id": "msg_1"})
    await undo(ada, undone)  # redone by the user

    await ada.post("changes/undo", {"group_id": "msg_1"})

    assert nothing.json()["type"].endswith("nothing-to-undo")
    assert await ada.titles() == ["a"]


async def test_undo_of_an_undo_turn_redoes_what_it_undid(service: Service, ada: Person) -> None:
    await ada.make_task("a")
    agent = service.agent(ada.user_id)
    scope = {"X_Change_Scope": "thr_1"}
    await agent.patch("tasks/1", {"title": "b"}, X_Change_Group="msg_1", **scope)
    await agent.post("changes/undo", {"scope_id": "thr_1"}, X_Change_Group="msg_2", **scope)

    await ada.post("changes/undo", {"group_id": "msg_2"})
    redone = await ada.titles()
    await agent.post("changes/undo", {"scope_id": "thr_1"}, X_Change_Group="msg_3", **scope)

    assert redone == ["b"]
    assert await ada.titles() == ["a"]


async def test_each_conflict_is_named_and_nothing_is_undone(
    service: Service, ada: Person, owner: Connection
) -> None:
    home = await ada.make_list("Home")
    await ada.make_tasks("abc", list_id=home["id"])
    agent = service.agent(ada.user_id)
    turn = {"X_Change_Group": "msg_1"}
    await agent.patch("tasks/1", {"title": "x", "notes": "x"}, **turn)
    await agent.delete("tasks/2", **turn)
    inbox = (await ada.get("lists")).json()["items"][0]["id"]
    await agent.patch("tasks/3", {"list_id": inbox}, **turn)
    await agent.patch(f"lists/{home['id']}", {"name": "House"}, **turn)
    await ada.patch("tasks/1", {"title": "mine"})
    await owner.execute("DELETE FROM tasks WHERE user_id = $1 AND number = 2", ada.user_id)
    await ada.make_list("Home")
    before = await snapshot(ada)

    refused = await ada.post("changes/undo", {"group_id": "msg_1"})

    assert refused.status_code == 409
    found = {each["reason"]: (each["name"], each["fields"]) for each in refused.json()["details"]}
    assert found == {
        "changed": ("mine", ["title"]),
        "purged": ("a purged task", []),
        "name-taken": ("House", []),
    }
    assert await snapshot(ada) == before


async def test_task_is_not_restored_into_a_list_that_was_deleted_since(ada: Person) -> None:
    home = await ada.make_list("Home")
    await ada.make_task("a", list_id=home["id"])
    inbox = (await ada.get("lists")).json()["items"][0]["id"]
    moved = await ada.patch("tasks/1", {"list_id": inbox})
    await ada.delete(f"lists/{home['id']}")

    refused = await undo(ada, moved)

    assert [each["reason"] for each in refused.json()["details"]] == ["list-deleted"]


async def test_undo_that_would_exceed_a_limit_changes_nothing(
    ada: Person, owner: Connection
) -> None:
    gone = await ada.make_list("gone")
    deleted = await ada.delete(f"lists/{gone['id']}")
    await owner.execute(
        """
        INSERT INTO lists (id, user_id, name, name_key, is_default, created_at, updated_at)
        SELECT 'lst_' || $1 || n, $1, n::text, n::text, false, now(), now() FROM generate_series(1, 199) AS n
        """,
        ada.user_id,
    )

    refused = await undo(ada, deleted)

    assert refused.json()["type"].endswith("too-many-lists")
    assert len((await ada.get("lists")).json()["items"]) == 200


async def test_one_of_two_concurrent_undos_makes_the_change(
    start_service: StartService, ada: Person
) -> None:
    other = (await start_service()).person(ada.user_id)
    await ada.make_task("a")
    changed = await ada.patch("tasks/1", {"title": "b"})

    responses = await asyncio.gather(*(undo(person, changed) for person in (ada, other) * 3))

    assert sorted(response.status_code for response in responses) == [200, *[409] * 5]
    assert await ada.titles() == ["a"]


async def test_undo_and_a_concurrent_change_never_lose_each_other(
    start_service: StartService, ada: Person
) -> None:
    other = (await start_service()).person(ada.user_id)
    for index in range(10):
        task = await ada.make_task("a")
        changed = await ada.patch(f"tasks/{task['id']}", {"title": "b"})

        undone, _ = await asyncio.gather(
            undo(ada, changed), other.patch(f"tasks/{task['id']}", {"title": f"mine {index}"})
        )

        # The undo came first, or it found the other change and left it alone.
        assert undone.status_code in {200, 409}
        assert (await ada.get(f"tasks/{task['id']}")).json()["title"] == f"mine {index}"


async def test_repeated_undo_request_is_replayed(ada: Person) -> None:
    await ada.make_task("a")
    changed = await ada.patch("tasks/1", {"title": "b"})
    body = {"request_id": changed.headers["X-Change-Request"]}

    responses = await asyncio.gather(
        *(ada.post("changes/undo", body, Idempotency_Key="k1") for _ in range(4))
    )

    assert {response.status_code for response in responses} == {200}
    assert len({response.headers["X-Change-Request"] for response in responses}) == 1
    assert await ada.titles() == ["a"]


async def test_anothers_request_cannot_be_undone(ada: Person, bob: Person) -> None:
    made = await ada.post("tasks", {"title": "a"})

    response = await undo(bob, made)

    assert response.json()["type"].endswith("nothing-to-undo")
    assert await ada.titles() == ["a"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"request_id": "req_1", "group_id": "msg_1"},
        {"group_id": "msg_1", "scope_id": "thr_1"},
        {"change_id": 0},
        {"change_id": 2**60},
        {"request_id": "a b"},
    ],
)
async def test_undo_needs_exactly_one_valid_id(ada: Person, body: dict[str, Any]) -> None:
    assert (await ada.post("changes/undo", body)).status_code in {400, 422}
