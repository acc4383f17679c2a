"""The manual order of tasks and sections, and the sections themselves."""

import asyncio
from typing import Any

import pytest
from tasks_kit import Connection, Person, StartService

from tasks_service.domain.position import MAX_POSITION_CHARS


async def in_order(person: Person, **filters: object) -> list[str]:
    return await person.titles(sort="position", **filters)


async def move(person: Person, ref: object, **where: object) -> dict[str, Any]:
    response = await person.patch(f"tasks/{ref}", {"move": where})
    assert response.status_code == 200, response.text
    moved: dict[str, Any] = response.json()
    return moved


async def make_section(person: Person, list_id: object, name: str) -> dict[str, Any]:
    response = await person.post("sections", {"list_id": list_id, "name": name})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def section_names(person: Person, list_id: object) -> list[str]:
    found = await person.get("sections", list_id=list_id)
    return [section["name"] for section in found.json()["items"]]


async def test_tasks_are_in_the_order_in_which_they_were_moved(ada: Person) -> None:
    await ada.make_tasks("abcde")

    await move(ada, 5, before="1")
    await move(ada, 1, after="3")
    await move(ada, 2, to="end")
    await move(ada, 4, to="start")
    await ada.make_task("f")

    assert await in_order(ada) == list("decabf")
    assert await in_order(ada, order="desc") == list("fbaced")


async def test_pages_follow_the_manual_order(ada: Person) -> None:
    await ada.make_tasks("abcde")
    await move(ada, 5, before="2")

    first = (await ada.get("tasks", sort="position", limit=3)).json()
    second = (await ada.get("tasks", sort="position", limit=3, cursor=first["next_cursor"])).json()

    titles = [task["title"] for task in (*first["items"], *second["items"])]
    assert titles == list("aebcd")


async def test_move_to_where_a_task_already_is_changes_nothing(ada: Person) -> None:
    await ada.make_tasks("abc")

    before = await move(ada, 2, after="1")
    again = await move(ada, 2, before="3")
    last = await move(ada, 3, to="end")

    assert before["position"] == again["position"] == "0000000002V"
    assert last["updated_at"] == last["created_at"]


async def test_move_next_to_a_task_adopts_its_list_section_and_parent(ada: Person) -> None:
    home = await ada.make_list("Home")
    kitchen = await make_section(ada, home["id"], "Kitchen")
    oven = await ada.make_task("Oven", section_id=kitchen["id"])
    door = await ada.make_task("Door", parent_id=oven["id"])
    lamp = await ada.make_task("Lamp")

    moved = await move(ada, lamp["id"], before=door["id"])

    assert (moved["list_id"], moved["section_id"], moved["parent_id"]) == (
        home["id"],
        kitchen["id"],
        oven["id"],
    )
    assert await in_order(ada, list_id=home["id"]) == ["Oven", "Lamp", "Door"]


async def test_listing_of_a_section_or_parent_has_only_its_tasks(ada: Person) -> None:
    home = await ada.make_list("Home")
    kitchen = await make_section(ada, home["id"], "Kitchen")
    oven = await ada.make_task("Oven", section_id=kitchen["id"])
    await ada.make_task("Door", parent_id=oven["id"])
    await ada.make_task("Lamp", list_id=home["id"])

    assert await in_order(ada, section_id=kitchen["id"]) == ["Oven", "Door"]
    assert await in_order(ada, parent_id=oven["id"]) == ["Door"]


async def test_undone_move_restores_the_order(ada: Person) -> None:
    await ada.make_tasks("abc")

    response = await ada.patch("tasks/3", {"move": {"to": "start"}})
    request_id = response.headers["X-Change-Request"]
    await ada.post("changes/undo", {"request_id": request_id})

    assert await in_order(ada) == list("abc")


async def test_two_movers_at_the_same_place_get_distinct_keys(
    start_service: StartService, ada: Person
) -> None:
    other = (await start_service()).person(ada.user_id)
    await ada.make_tasks("abcdefghijklmnop")

    await asyncio.gather(
        *(move(person, number, after="1") for number in range(2, 16) for person in (ada, other))
    )

    tasks = (await ada.get("tasks", sort="position")).json()["items"]
    assert len({task["position"] for task in tasks}) == 16
    assert (tasks[0]["title"], tasks[-1]["title"]) == ("a", "p")


async def test_positions_stay_short_and_the_feed_reports_a_rebalanced_list(
    ada: Person, owner: Connection
) -> None:
    await ada.make_tasks("abcd")
    await ada.delete("tasks/4")
    crowded = "0000000001V" + "0" * (MAX_POSITION_CHARS - 12) + "1"
    await owner.execute(
        "UPDATE tasks SET manual_position = $2 WHERE user_id = $1 AND number = 2",
        ada.user_id,
        crowded,
    )

    async with ada.feed() as feed:
        await feed.event()
        await move(ada, 3, before="2")
        (_, reordered), (_, moved) = await feed.events(2)

    assert (reordered["type"], reordered["list"]["name"]) == ("list.reordered.v1", "Inbox")
    assert moved["task"]["title"] == "c"
    await ada.post("tasks/4/restore")
    tasks = (await ada.get("tasks", sort="position")).json()["items"]
    assert [task["title"] for task in tasks] == list("acbd")
    assert all(len(task["position"]) <= 16 for task in tasks)


async def test_tasks_of_a_deleted_list_follow_those_of_the_default_list(ada: Person) -> None:
    home = await ada.make_list("Home")
    await ada.make_tasks("ab", list_id=home["id"])
    await ada.make_tasks("cd")
    await move(ada, 2, before="1")

    response = await ada.delete(f"lists/{home['id']}")

    assert await in_order(ada) == list("cdba")
    await ada.post("changes/undo", {"request_id": response.headers["X-Change-Request"]})
    assert await in_order(ada, list_id=home["id"]) == list("ba")
    assert await in_order(ada) != list("cdba")


async def test_sections_are_created_renamed_and_reordered(ada: Person) -> None:
    home = await ada.make_list("Home")
    sections = {
        name: await make_section(ada, home["id"], name) for name in ("Kitchen", "Bath", "Attic")
    }
    attic, bath = sections["Attic"]["id"], sections["Bath"]["id"]

    await ada.patch(f"sections/{attic}", {"move": {"to": "start"}})
    moved = await ada.patch(f"sections/{bath}", {"name": " Bathroom ", "move": {"after": attic}})

    assert moved.json()["name"] == "Bathroom"
    assert await section_names(ada, home["id"]) == ["Attic", "Bathroom", "Kitchen"]
    await ada.post("changes/undo", {"request_id": moved.headers["X-Change-Request"]})
    assert await section_names(ada, home["id"]) == ["Attic", "Kitchen", "Bath"]


@pytest.mark.parametrize("tasks", ["move", "delete"])
async def test_deleted_section_and_its_tasks_come_back_with_undo(ada: Person, tasks: str) -> None:
    home = await ada.make_list("Home")
    kitchen = await make_section(ada, home["id"], "Kitchen")
    oven = await ada.make_task("Oven", section_id=kitchen["id"])
    await ada.make_task("Door", parent_id=oven["id"])

    async with ada.feed() as feed:
        await feed.event()
        response = await ada.delete(f"sections/{kitchen['id']}?tasks={tasks}")
        _, event = await feed.event()

    assert (event["type"], event["section"]["name"], event["tasks"]) == (
        "section.deleted.v1",
        "Kitchen",
        tasks,
    )
    assert await section_names(ada, home["id"]) == []
    left = (await ada.get("tasks")).json()["items"]
    assert [task["section_id"] for task in left] == ([None, None] if tasks == "move" else [])
    undone = await ada.post("changes/undo", {"request_id": response.headers["X-Change-Request"]})
    assert undone.status_code == 200, undone.text
    restored = (await ada.get("tasks")).json()["items"]
    assert [task["section_id"] for task in restored] == [kitchen["id"]] * 2
    assert await section_names(ada, home["id"]) == ["Kitchen"]


async def test_task_moves_between_sections_and_lists(ada: Person) -> None:
    home = await ada.make_list("Home")
    kitchen = await make_section(ada, home["id"], "Kitchen")
    await ada.make_task("Oven")

    into = (await ada.patch("tasks/1", {"section_id": kitchen["id"]})).json()
    out = (await ada.patch("tasks/1", {"section_id": None})).json()
    await ada.patch("tasks/1", {"section_id": kitchen["id"]})
    away = (await ada.patch("tasks/1", {"list_id": (await ada.make_list("Work"))["id"]})).json()

    assert [
        (await ada.get("tasks", **query)).status_code
        for query in (
            {"section_id": kitchen["id"]},
            {"section_id": "sec_no"},
            {"parent_id": "tsk_no"},
        )
    ] == [200, 404, 404]
    assert (into["list_id"], into["section_id"]) == (home["id"], kitchen["id"])
    assert (out["list_id"], out["section_id"]) == (home["id"], None)
    assert away["section_id"] is None


async def test_section_of_another_list_is_rejected_at_its_field(ada: Person) -> None:
    home, work = await ada.make_list("Home"), await ada.make_list("Work")
    kitchen = await make_section(ada, home["id"], "Kitchen")
    desk = await make_section(ada, work["id"], "Desk")

    responses = [
        await ada.post("tasks", {"title": "x", "list_id": work["id"], "section_id": kitchen["id"]}),
        await ada.patch(f"sections/{desk['id']}", {"move": {"before": kitchen["id"]}}),
        await ada.post("sections", {"list_id": home["id"], "name": "  "}),
    ]

    pointers = [response.json()["errors"][0]["pointer"] for response in responses]
    assert pointers == ["/section_id", "/move/before", "/name"]


async def test_list_is_restored_with_its_sections(ada: Person) -> None:
    home = await ada.make_list("Home")
    kitchen = await make_section(ada, home["id"], "Kitchen")
    await ada.make_task("Oven", section_id=kitchen["id"])

    deleted = await ada.delete(f"lists/{home['id']}?tasks=delete")
    assert (await ada.get("sections")).json()["items"] == []
    await ada.post("changes/undo", {"request_id": deleted.headers["X-Change-Request"]})

    assert await section_names(ada, home["id"]) == ["Kitchen"]
    assert (await ada.get("tasks/1")).json()["section_id"] == kitchen["id"]


async def test_another_users_section_is_not_found(ada: Person, bob: Person) -> None:
    home = await ada.make_list("Home")
    kitchen = await make_section(ada, home["id"], "Kitchen")

    responses = [
        await bob.get("sections", list_id=home["id"]),
        await bob.post("sections", {"list_id": home["id"], "name": "x"}),
        await bob.patch(f"sections/{kitchen['id']}", {"name": "x"}),
        await bob.delete(f"sections/{kitchen['id']}"),
        await bob.post("tasks", {"title": "x", "section_id": kitchen["id"]}),
    ]

    assert [response.status_code for response in responses] == [404] * 5
