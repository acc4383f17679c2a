"""Lists over HTTP."""

import pytest
from tasks_kit import Person


async def test_new_user_has_only_the_default_list(ada: Person) -> None:
    lists = (await ada.get("lists")).json()["items"]

    assert [(entry["name"], entry["is_default"], entry["open_tasks"]) for entry in lists] == [
        ("Inbox", True, 0)
    ]
    assert (await ada.get("lists")).json()["items"] == lists


async def test_new_list_has_every_field(ada: Person) -> None:
    response = await ada.post("lists", {"name": "  Shopping "})

    entry = response.json()
    assert response.status_code == 201
    assert entry["id"].startswith("lst_")
    assert entry == {
        "id": entry["id"],
        "name": "Shopping",
        "is_default": False,
        "open_tasks": 0,
        "created_at": entry["created_at"],
        "updated_at": entry["created_at"],
        "color": None,
        "icon": None,
        "position": None,
        "archived_at": None,
    }
    assert (await ada.get(f"lists/{entry['id']}")).json() == entry


async def test_lists_are_sorted_by_name_after_the_default_list(ada: Person) -> None:
    for name in ("work", "Garden", "\u00c4mter", "abroad"):
        await ada.make_list(name)

    names = [entry["name"] for entry in (await ada.get("lists")).json()["items"]]

    assert names == ["Inbox", "abroad", "Garden", "work", "\u00c4mter"]


async def test_list_counts_its_open_tasks(ada: Person) -> None:
    shopping = await ada.make_list("Shopping")
    await ada.make_tasks(("milk", "bread", "eggs"), list_id=shopping["id"])
    await ada.post("tasks/1/complete")
    await ada.delete("tasks/2")

    counts = {
        entry["name"]: entry["open_tasks"] for entry in (await ada.get("lists")).json()["items"]
    }

    assert counts == {"Inbox": 0, "Shopping": 1}
    assert (await ada.get(f"lists/{shopping['id']}")).json()["open_tasks"] == 1


@pytest.mark.parametrize("name", ["Shopping", "SHOPPING", " shopping "])
async def test_list_names_are_unique_ignoring_case(ada: Person, name: str) -> None:
    shopping = await ada.make_list("Shopping")

    response = await ada.post("lists", {"name": name})

    assert response.status_code == 409
    assert response.json()["type"] == "urn:todochat:problem:list-exists"
    assert response.json()["list_id"] == shopping["id"]


async def test_default_lists_name_is_reserved_before_its_first_use(ada: Person) -> None:
    response = await ada.post("lists", {"name": "inbox"})

    assert response.status_code == 409


async def test_two_users_can_use_the_same_name(ada: Person, bob: Person) -> None:
    await ada.make_list("Shopping")

    assert (await bob.post("lists", {"name": "Shopping"})).status_code == 201


async def test_rename_changes_only_name_and_time(ada: Person) -> None:
    shopping = await ada.make_list("Shopping")

    response = await ada.patch(f"lists/{shopping['id']}", {"name": "SHOPPING"})

    assert response.json() == {
        **shopping, "name": "SHOPPING", "updated_at": response.json()["updated_at"],
    }  # fmt: skip
    assert response.json()["updated_at"] > shopping["updated_at"]


async def test_list_gets_a_color_and_an_icon_and_loses_them(ada: Person) -> None:
    made = await ada.post("lists", {"name": "Shopping", "color": "teal", "icon": "cart"})
    path = f"lists/{made.json()['id']}"

    changed = await ada.patch(path, {"color": "red", "icon": None})
    cleared = await ada.patch(path, {"color": None})
    undone = await ada.post("changes/undo", {"request_id": changed.headers["X-Change-Request"]})

    states = [(each.json()["color"], each.json()["icon"]) for each in (made, changed, cleared)]
    assert states == [("teal", "cart"), ("red", None), (None, None)]
    assert undone.json()["details"][0]["fields"] == ["color"]
    assert (await ada.patch(path, {"color": "#ff0000"})).status_code == 422


async def names(person: Person) -> str:
    return " ".join(entry["name"] for entry in (await person.get("lists")).json()["items"])


async def test_lists_are_ordered_by_hand_and_back(ada: Person) -> None:
    lists = {name: (await ada.make_list(name))["id"] for name in "abcd"}
    await ada.patch(f"lists/{lists['d']}", {"archived": True})
    moves: list[tuple[str, dict[str, str], str]] = [
        ("c", {"to": "start"}, "Inbox c a b"),
        ("c", {"after": lists["a"]}, "Inbox a c b"),
        ("b", {"before": lists["a"]}, "Inbox b a c"),
        ("b", {"to": "end"}, "Inbox a c b"),
    ]
    made, before = [], ["Inbox a b c"]
    for name, move, order in moves:
        made.append(await ada.patch(f"lists/{lists[name]}", {"move": move}))
        assert await names(ada) == order
        before.append(order)
    await ada.make_list("new")
    assert await names(ada) == "Inbox a c b new"

    for response, order in zip(reversed(made), reversed(before[:-1]), strict=True):
        body = {"request_id": response.headers["X-Change-Request"]}
        undone = await ada.post("changes/undo", body)
        assert undone.status_code == 200, undone.text
        assert await names(ada) == f"{order} new"


async def test_list_is_moved_only_beside_another_one(ada: Person) -> None:
    inbox = (await ada.get("lists")).json()["items"][0]["id"]
    home = (await ada.make_list("Home"))["id"]

    refused = [
        await ada.patch(f"lists/{entry}", {"move": move})
        for entry, move in [
            (home, {"before": inbox}),
            (home, {"after": home}),
            (home, {"after": "lst_nobody"}),
            (home, {}),
            (home, {"to": "start", "after": inbox}),
            (inbox, {"to": "end"}),
        ]
    ]

    pointers = [response.json()["errors"][0]["pointer"] for response in refused]
    assert [response.status_code for response in refused] == [422] * 6
    assert pointers == ["/move/before", "/move/after", "/move/after", "/move", "/move", "/move"]


@pytest.mark.parametrize("body", [{}, {"name": "Shopping"}])
async def test_no_op_patch_leaves_the_list_unchanged(ada: Person, body: dict[str, str]) -> None:
    shopping = await ada.make_list("Shopping")

    response = await ada.patch(f"lists/{shopping['id']}", body)

    assert (response.status_code, response.json()) == (200, shopping)


async def test_rename_to_a_used_name_is_rejected(ada: Person) -> None:
    await ada.make_list("Shopping")
    work = await ada.make_list("Work")

    response = await ada.patch(f"lists/{work['id']}", {"name": "shopping"})

    assert response.status_code == 409


async def test_deleting_a_list_moves_its_tasks_to_the_default_list(ada: Person) -> None:
    shopping = await ada.make_list("Shopping")
    await ada.make_task("milk", list_id=shopping["id"])

    response = await ada.delete(f"lists/{shopping['id']}")

    inbox = (await ada.get("lists")).json()["items"]
    assert response.status_code == 204
    assert [(entry["name"], entry["open_tasks"]) for entry in inbox] == [("Inbox", 1)]
    assert (await ada.get("tasks/1")).json()["list_id"] == inbox[0]["id"]
    assert (await ada.get(f"lists/{shopping['id']}")).status_code == 404


async def test_deleting_a_list_with_its_tasks_deletes_only_those(ada: Person) -> None:
    shopping = await ada.make_list("Shopping")
    await ada.make_task("milk", list_id=shopping["id"])
    await ada.make_task("call")

    response = await ada.call("DELETE", f"lists/{shopping['id']}", params={"tasks": "delete"})

    assert response.status_code == 204
    assert await ada.titles() == ["call"]


async def test_name_of_a_deleted_list_can_be_reused(ada: Person) -> None:
    shopping = await ada.make_list("Shopping")
    await ada.delete(f"lists/{shopping['id']}")

    again = await ada.make_list("Shopping")

    assert again["id"] != shopping["id"]


async def test_default_list_cannot_be_deleted(ada: Person) -> None:
    inbox = (await ada.get("lists")).json()["items"][0]

    response = await ada.delete(f"lists/{inbox['id']}")

    assert response.status_code == 409
    assert response.json()["type"] == "urn:todochat:problem:default-list"


async def test_default_list_can_be_renamed(ada: Person) -> None:
    inbox = (await ada.get("lists")).json()["items"][0]

    await ada.patch(f"lists/{inbox['id']}", {"name": "Everything"})

    lists = (await ada.get("lists")).json()["items"]
    assert [(entry["name"], entry["is_default"]) for entry in lists] == [("Everything", True)]


@pytest.mark.parametrize("list_id", ["lst_nobody", "%00", "1"])
async def test_missing_list_gets_404(ada: Person, list_id: str) -> None:
    responses = [
        await ada.get(f"lists/{list_id}"),
        await ada.patch(f"lists/{list_id}", {"name": "x"}),
        await ada.delete(f"lists/{list_id}"),
    ]

    assert [response.status_code for response in responses] == [404] * 3


async def test_invalid_fate_of_a_lists_tasks_gets_422(ada: Person) -> None:
    shopping = await ada.make_list("Shopping")

    response = await ada.call("DELETE", f"lists/{shopping['id']}", params={"tasks": "burn"})

    assert response.status_code == 422
