"""Search for `@` mentions: open tasks and lists, best match first."""

import pytest
from tasks_kit import Person


async def titles(person: Person, q: str = "", **params: object) -> list[str]:
    response = await person.get("entities", q=q, **params)
    assert response.status_code == 200, response.text
    return [entity["title"] for entity in response.json()["items"]]


async def test_prefix_matches_come_before_other_matches(ada: Person) -> None:
    await ada.make_tasks(("Oat milkshake", "Buy milk", "Milk the cow", "milk", "Call Ada"))

    found = await titles(ada, "MILK")

    assert found == ["milk", "Milk the cow", "Buy milk", "Oat milkshake"]


async def test_tasks_and_lists_are_chatkit_entities(ada: Person) -> None:
    groceries = await ada.make_list("Groceries")
    task = await ada.make_task(
        "Grocery bags",
        list_id=groceries["id"],
        due={"at": "2026-11-24T16:00:00Z", "timezone": "Europe/Berlin"},
        priority="high",
    )

    items = (await ada.get("entities", q="gro")).json()["items"]

    assert items == [
        {
            "id": task["id"],
            "title": "Grocery bags",
            "group": "Tasks",
            "icon": "check",
            "interactive": True,
            "data": {
                "type": "task",
                "number": str(task["number"]),
                "list_id": groceries["id"],
                "list": "Groceries",
                "priority": "high",
                "due": "2026-11-24",
                "due_at": "2026-11-24T16:00:00+00:00",
            },
        },
        {
            "id": groceries["id"],
            "title": "Groceries",
            "group": "Lists",
            "icon": "notebook",
            "interactive": True,
            "data": {"type": "list"},
        },
    ]


async def test_completed_and_deleted_tasks_are_not_found(ada: Person) -> None:
    done, gone = await ada.make_task("milk done"), await ada.make_task("milk gone")
    entry = await ada.make_list("milk list")
    await ada.post(f"tasks/{done['number']}/complete")
    await ada.delete(f"tasks/{gone['id']}")
    await ada.delete(f"lists/{entry['id']}")

    assert await titles(ada, "milk") == []


async def test_another_users_entities_are_not_found(ada: Person, bob: Person) -> None:
    await bob.make_task("milk of another")

    assert await titles(ada, "milk") == []


async def test_every_word_must_match_the_title(ada: Person) -> None:
    await ada.make_task("Buy oat milk", notes="organic")
    await ada.make_task("Buy bread")

    assert await titles(ada, "milk buy") == ["Buy oat milk"]
    assert await titles(ada, "organic") == []


@pytest.mark.parametrize("spelling", ["{}", "#{}"])
async def test_task_with_the_typed_number_comes_first(ada: Person, spelling: str) -> None:
    meant = await ada.make_task("meant")
    await ada.make_task(f"about {meant['number']}")

    assert (await titles(ada, spelling.format(meant["number"])))[0] == "meant"


async def test_empty_query_returns_the_newest(ada: Person) -> None:
    await ada.make_tasks(("first", "second", "third"))

    assert await titles(ada, limit=2) == ["third", "second"]


@pytest.mark.parametrize("q", ["%", "_", "\\", "9" * 30, "#"])
async def test_wildcards_are_matched_literally(ada: Person, q: str) -> None:
    await ada.make_task("nothing like that")

    assert await titles(ada, q) == []


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 21}, {"limit": "x"}, {"q": "x" * 201}, {"q": "\x00"}]
)
async def test_parameters_out_of_bounds_are_rejected(ada: Person, query: dict[str, object]) -> None:
    response = await ada.get("entities", **query)

    assert response.status_code == 422


async def test_another_users_path_is_rejected(ada: Person, bob: Person) -> None:
    response = await ada.http.get(bob.path("entities"))

    assert response.status_code == 403
