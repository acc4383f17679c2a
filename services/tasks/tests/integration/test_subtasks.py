"""Subtasks: one level, counted on their parent, and changed along with it."""

import asyncio
import random
from typing import Any

import httpx
import pytest
from tasks_kit import Connection, Feed, Person, StartService


async def make_party(person: Person, **fields: object) -> tuple[dict[str, Any], list[str]]:
    """Make a task with three subtasks, of which the last is completed."""
    party = await person.make_task("Party", **fields)
    cake, music, guests = await person.make_tasks(
        ["Cake", "Music", "Guests"], parent_id=party["id"]
    )
    await person.post(f"tasks/{guests['id']}/complete")
    return party, [cake["id"], music["id"], guests["id"]]


async def counts(person: Person, ref: object) -> tuple[int, int]:
    """Return total and open subtasks of a task."""
    subtasks = (await person.get(f"tasks/{ref}")).json()["subtasks"]
    return subtasks["total"], subtasks["open"]


async def undo_last(person: Person, response: httpx.Response) -> httpx.Response:
    return await person.post("changes/undo", {"request_id": response.headers["X-Change-Request"]})


async def test_parent_counts_its_subtasks_wherever_it_is_shown(ada: Person) -> None:
    party, subtasks = await make_party(ada)

    shown = (await ada.get("tasks")).json()["items"]
    await ada.delete(f"tasks/{subtasks[0]}")

    assert [task["subtasks"] for task in shown if task["id"] == party["id"]] == [
        {"total": 3, "open": 2}
    ]
    assert {task["parent_id"] for task in shown if task["title"] != "Party"} == {party["id"]}
    assert await counts(ada, party["number"]) == (2, 1)


async def test_feed_reports_the_new_count_after_a_change_of_a_subtask(ada: Person) -> None:
    _, subtasks = await make_party(ada)

    async with ada.feed() as feed:
        await feed.event()
        await ada.post(f"tasks/{subtasks[0]}/complete")
        (_, completed), (_, parent) = await feed.events(2)
        await ada.patch(f"tasks/{subtasks[1]}", {"parent_id": None})
        (_, moved_out), (_, parent_after) = await feed.events(2)

    assert (completed["type"], completed["task"]["title"]) == ("task.completed.v1", "Cake")
    assert (parent["type"], parent["task"]["subtasks"]) == (
        "task.updated.v1",
        {"total": 3, "open": 1},
    )
    assert moved_out["task"]["parent_id"] is None
    assert parent_after["task"]["subtasks"] == {"total": 2, "open": 0}


async def test_completing_a_task_with_open_subtasks_asks_first(ada: Person) -> None:
    party, subtasks = await make_party(ada)

    asked = await ada.patch(f"tasks/{party['id']}", {"completed": True})

    problem = asked.json()
    assert (asked.status_code, problem["count"]) == (409, 2)
    assert problem["type"].endswith(":open-subtasks")
    assert [task["id"] for task in problem["subtasks"]] == subtasks[:2]
    assert '"Cake", "Music"' in problem["detail"]
    assert '"subtasks": "complete"' in problem["detail"]
    assert (await ada.get(f"tasks/{party['id']}")).json()["completed_at"] is None


async def test_request_says_what_becomes_of_the_subtasks_and_undo_reopens_all(ada: Person) -> None:
    party, subtasks = await make_party(ada)

    kept = await ada.post(f"tasks/{party['id']}/complete?subtasks=keep")
    assert await counts(ada, party["id"]) == (3, 2)
    await undo_last(ada, kept)
    completed = await ada.patch(f"tasks/{party['id']}", {"completed": True, "subtasks": "complete"})

    assert completed.json()["subtasks"] == {"total": 3, "open": 0}
    assert await ada.titles() == []
    undone = await undo_last(ada, completed)
    assert len(undone.json()["tasks"]) == 3
    assert await counts(ada, party["id"]) == (3, 2)
    assert subtasks[2] not in [task["id"] for task in (await ada.get("tasks")).json()["items"]]


@pytest.mark.parametrize(("preference", "open_after"), [("complete", 0), ("keep", 2)])
async def test_preference_decides_when_the_request_does_not(
    ada: Person, preference: str, open_after: int
) -> None:
    party, _ = await make_party(ada)
    assert (await ada.get("preferences")).json() == {"complete_subtasks": "ask"}

    await ada.patch("preferences", {"complete_subtasks": preference})
    response = await ada.post(f"tasks/{party['id']}/complete")

    assert (await ada.get("preferences")).json() == {"complete_subtasks": preference}
    assert response.status_code == 200
    assert response.json()["subtasks"]["open"] == open_after


async def test_deleted_task_takes_its_subtasks_along_and_brings_them_back(ada: Person) -> None:
    party, subtasks = await make_party(ada)
    await ada.delete(f"tasks/{subtasks[1]}")

    await ada.delete(f"tasks/{party['id']}")
    assert await ada.titles(status="all") == []
    restored = await ada.post(f"tasks/{party['id']}/restore")

    assert restored.json()["subtasks"] == {"total": 2, "open": 1}
    assert await ada.titles(status="all", sort="title") == ["Cake", "Guests", "Party"]


async def test_undo_of_a_deletion_restores_parent_and_subtasks(ada: Person) -> None:
    party, _ = await make_party(ada)

    deleted = await ada.delete(f"tasks/{party['id']}")
    undone = await undo_last(ada, deleted)

    assert undone.status_code == 200, undone.text
    assert await counts(ada, party["id"]) == (3, 2)


async def test_next_instance_of_a_repeating_subtask_is_its_parents_too(ada: Person) -> None:
    home = await ada.make_list("Home")
    plants = await ada.make_task("Plants", list_id=home["id"])
    water = await ada.make_task(
        "Water",
        parent_id=plants["id"],
        due={"date": "2026-12-01"},
        repeat={"rule": "FREQ=DAILY"},
    )
    await ada.make_task("Cut", parent_id=plants["id"])

    await ada.post(f"tasks/{water['id']}/complete")

    assert await ada.titles(sort="position", parent_id=plants["id"], status="all") == [
        "Water",
        "Water",
        "Cut",
    ]
    assert await counts(ada, plants["id"]) == (3, 2)


async def test_subtask_restored_without_its_parent_is_a_task_of_its_own(ada: Person) -> None:
    party, subtasks = await make_party(ada)
    await ada.delete(f"tasks/{party['id']}")

    restored = await ada.post(f"tasks/{subtasks[0]}/restore")

    assert restored.json()["parent_id"] is None


async def test_moved_task_takes_its_subtasks_into_the_other_list(ada: Person) -> None:
    home = await ada.make_list("Home")
    party, subtasks = await make_party(ada)

    moved = await ada.patch(f"tasks/{party['id']}", {"list_id": home["id"]})

    shown = (await ada.get("tasks", list_id=home["id"], status="all")).json()["items"]
    in_order = sorted(shown, key=lambda task: str(task["position"]))
    assert [task["id"] for task in in_order] == [party["id"], *subtasks]
    await undo_last(ada, moved)
    assert await ada.titles(list_id=home["id"], status="all") == []
    assert await counts(ada, party["id"]) == (3, 2)


async def test_undone_move_takes_along_a_subtask_that_was_added_since(ada: Person) -> None:
    home = await ada.make_list("Home")
    party, _ = await make_party(ada)
    moved = await ada.patch(f"tasks/{party['id']}", {"list_id": home["id"]})
    await ada.make_task("Candles", parent_id=party["id"])

    await undo_last(ada, moved)

    assert await ada.titles(list_id=home["id"], status="all") == []
    assert await counts(ada, party["id"]) == (4, 3)


async def test_subtask_moved_to_another_list_leaves_its_parent(ada: Person) -> None:
    home = await ada.make_list("Home")
    party, subtasks = await make_party(ada)

    moved = await ada.patch(f"tasks/{subtasks[0]}", {"list_id": home["id"]})

    assert (moved.json()["parent_id"], moved.json()["list_id"]) == (None, home["id"])
    assert await counts(ada, party["id"]) == (2, 1)


async def test_undo_of_a_creation_never_orphans_subtasks(ada: Person) -> None:
    created = await ada.post("tasks", {"title": "Party"})
    await ada.make_task("Cake", parent_id="1")

    undone = await undo_last(ada, created)

    assert undone.status_code == 409
    assert [(each["name"], each["reason"]) for each in undone.json()["details"]] == [
        ("Party", "has-subtasks")
    ]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"parent_id": "1"}, "/parent_id"),  # itself
        ({"parent_id": "2"}, "/parent_id"),  # a subtask
        ({"parent_id": "3"}, "/parent_id"),  # task 1 has subtasks
        ({"move": {"before": "2"}}, "/move/before"),  # its own subtask
        ({"move": {"after": "3"}, "parent_id": None}, "/move/after"),
        ({"move": {}}, "/move"),
        ({"move": {"to": "start", "before": "3"}}, "/move"),
    ],
)
async def test_contradictions_are_rejected_at_their_field(
    ada: Person, change: dict[str, object], pointer: str
) -> None:
    await ada.make_task("Party")
    await ada.make_task("Cake", parent_id="1")
    await ada.make_task("Other")

    response = await ada.patch("tasks/1", change)

    assert response.status_code == 422, response.text
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


async def test_unknown_parent_is_404(ada: Person, bob: Person) -> None:
    hers = await ada.make_task("Party")

    responses = [
        await bob.post("tasks", {"title": "x", "parent_id": ref}) for ref in (hers["id"], "77")
    ]

    assert [response.status_code for response in responses] == [404, 404]


async def change_at_random(
    person: Person, chance: random.Random, tasks: list[str], home: str
) -> int:
    task, other = chance.sample(tasks, 2)
    match chance.randrange(8):
        case 0 | 1 | 2:
            response = await person.patch(f"tasks/{task}", {"parent_id": other})
        case 3:
            response = await person.post(f"tasks/{task}/complete?subtasks=complete")
        case 4:
            response = await person.post(f"tasks/{task}/reopen")
        case 5:
            response = await person.patch(f"tasks/{task}", {"list_id": home})
        case 6:
            response = await person.delete(f"tasks/{task}")
            await person.post(f"tasks/{task}/restore")
        case _:
            response = await person.patch(f"tasks/{task}", {"move": {"after": other}})
    return response.status_code


async def published_until(feed: Feed, list_id: str) -> dict[str, dict[str, Any]]:
    """Return the last published state of each task before an event of a list."""
    published: dict[str, dict[str, Any]] = {}
    while (event := (await feed.event())[1]).get("list", {}).get("id") != list_id:
        if "task" in event:
            published[event["task"]["id"]] = event["task"]
    return published


async def test_counts_never_drift_under_concurrent_changes(
    start_service: StartService, ada: Person, owner: Connection
) -> None:
    """Six writers on two processes nest, complete, move and delete tasks at random."""
    other = (await start_service()).person(ada.user_id)
    home = await ada.make_list("Home")
    tasks = [task["id"] for task in await ada.make_tasks("abcdefghij")]
    chance = random.Random(7)

    async with ada.feed() as feed:
        await feed.event()
        statuses = []
        for _ in range(8):
            statuses += await asyncio.gather(
                *(
                    change_at_random(person, chance, tasks, home["id"])
                    for _ in range(3)
                    for person in (ada, other)
                )
            )
        published = await published_until(feed, (await ada.make_list("last"))["id"])

    assert set(statuses) <= {200, 204, 404, 422}
    shown = {task["id"]: task for task in (await ada.get("tasks", status="all")).json()["items"]}
    assert len(shown) == len(tasks)
    for task in shown.values():
        mine = [child for child in shown.values() if child["parent_id"] == task["id"]]
        is_open = [child for child in mine if child["completed_at"] is None]
        assert task["subtasks"] == {"total": len(mine), "open": len(is_open)}
        assert {child["list_id"] for child in mine} <= {task["list_id"]}
        assert not mine or task["parent_id"] is None
        assert published.get(task["id"], task) == task
    positions = await owner.fetch(
        "SELECT list_id, coalesce(manual_position, lpad(number::text, 10, '0') || 'V') AS position"
        " FROM tasks WHERE user_id = $1",
        ada.user_id,
    )
    assert len({tuple(row) for row in positions}) == len(positions)
