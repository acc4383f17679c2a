"""A user's concurrent changes: gapless numbers, one default list, no lost updates."""

import asyncio

from tasks_kit import Person, StartService


async def test_concurrent_creates_get_gapless_numbers(ada: Person) -> None:
    tasks = await asyncio.gather(*(ada.make_task(str(index)) for index in range(40)))

    assert sorted(task["number"] for task in tasks) == list(range(1, 41))
    assert {task["list_id"] for task in tasks} == {tasks[0]["list_id"]}


async def test_two_processes_never_assign_the_same_number(
    start_service: StartService, ada: Person
) -> None:
    other = (await start_service()).person(ada.user_id)

    tasks = await asyncio.gather(
        *(person.make_task() for _ in range(15) for person in (ada, other))
    )

    assert sorted(task["number"] for task in tasks) == list(range(1, 31))


async def test_concurrent_requests_create_one_default_list(ada: Person) -> None:
    responses = await asyncio.gather(
        *(ada.get("lists") for _ in range(5)),
        *(ada.post("tasks", {"title": "x"}) for _ in range(5)),
        *(ada.post("lists", {"name": f"list {index}"}) for index in range(5)),
    )

    lists = (await ada.get("lists")).json()["items"]
    assert {response.status_code for response in responses} == {200, 201}
    assert [entry["is_default"] for entry in lists] == [True] + [False] * 5
    assert lists[0]["open_tasks"] == 5


async def test_one_of_two_concurrent_lists_with_the_same_name_is_rejected(ada: Person) -> None:
    responses = await asyncio.gather(
        *(ada.post("lists", {"name": name}) for name in ("Shopping", "SHOPPING", "shopping"))
    )

    assert sorted(response.status_code for response in responses) == [201, 409, 409]


async def test_concurrent_changes_of_one_task_all_take_effect(ada: Person) -> None:
    await ada.make_task()
    changes = [{"notes": "n"}, {"priority": "high"}, {"tags": ["t"]}, {"due": {"date": "2026-11-24"}},
               {"title": "t"}, {"completed": True}]  # fmt: skip

    await asyncio.gather(*(ada.patch("tasks/1", change) for change in changes))

    task = (await ada.get("tasks/1")).json()
    assert (task["notes"], task["priority"], task["tags"], task["title"]) == (
        "n",
        "high",
        ["t"],
        "t",
    )
    assert task["due"] == {"date": "2026-11-24"}
    assert task["completed_at"] is not None


async def test_task_is_never_added_to_a_deleted_list(ada: Person) -> None:
    for _ in range(10):
        shopping = await ada.make_list("Shopping")
        await asyncio.gather(
            ada.post("tasks", {"title": "x", "list_id": shopping["id"]}),
            ada.delete(f"lists/{shopping['id']}"),
        )

    lists = {entry["id"] for entry in (await ada.get("lists")).json()["items"]}
    tasks = (await ada.get("tasks", status="all")).json()["items"]
    assert {task["list_id"] for task in tasks} <= lists
