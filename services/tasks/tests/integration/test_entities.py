"""What `@` finds: open tasks and lists, the best fit first."""

import pytest
from tasks_kit import Person


async def titles(person: Person, q: str = "", **params: object) -> list[str]:
    answer = await person.get("entities", q=q, **params)
    assert answer.status_code == 200, answer.text
    return [entity["title"] for entity in answer.json()["items"]]


async def test_what_begins_with_the_words_comes_before_what_contains_them(ada: Person) -> None:
    for title in ("Oat milkshake", "Buy milk", "Milk the cow", "milk", "Call Ada"):
        await ada.make_task(title)

    found = await titles(ada, "MILK")

    assert found == ["milk", "Milk the cow", "Buy milk", "Oat milkshake"]


async def test_tasks_and_lists_are_entities_of_chatkit(ada: Person) -> None:
    groceries = await ada.make_list("Groceries")
    task = await ada.make_task(
        "Grocery bags", list_id=groceries["id"], due={"date": "2026-11-24"}, priority="high"
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
                "priority": "high",
                "due": "2026-11-24",
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


async def test_completed_and_deleted_ones_are_not_found(ada: Person) -> None:
    done, gone = await ada.make_task("milk done"), await ada.make_task("milk gone")
    entry = await ada.make_list("milk list")
    await ada.post(f"tasks/{done['number']}/complete")
    await ada.delete(f"tasks/{gone['id']}")
    await ada.delete(f"lists/{entry['id']}")

    assert await titles(ada, "milk") == []


async def test_nobody_finds_anothers(ada: Person, bob: Person) -> None:
    await bob.make_task("milk of another")

    assert await titles(ada, "milk") == []


async def test_every_word_must_be_in_the_title(ada: Person) -> None:
    await ada.make_task("Buy oat milk", notes="organic")
    await ada.make_task("Buy bread")

    assert await titles(ada, "milk buy") == ["Buy oat milk"]
    assert await titles(ada, "organic") == []


@pytest.mark.parametrize("spelling", ["{}", "#{}"])
async def test_a_number_finds_its_task_first(ada: Person, spelling: str) -> None:
    meant = await ada.make_task("meant")
    await ada.make_task(f"about {meant['number']}")

    assert (await titles(ada, spelling.format(meant["number"])))[0] == "meant"


async def test_without_words_the_newest_are_found(ada: Person) -> None:
    for title in ("first", "second", "third"):
        await ada.make_task(title)

    assert await titles(ada, limit=2) == ["third", "second"]


@pytest.mark.parametrize("q", ["%", "_", "\\", "9" * 30, "#"])
async def test_signs_mean_themselves(ada: Person, q: str) -> None:
    await ada.make_task("nothing like that")

    assert await titles(ada, q) == []


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 21}, {"limit": "x"}, {"q": "x" * 201}, {"q": "\x00"}]
)
async def test_what_is_out_of_bounds_is_refused(ada: Person, query: dict[str, object]) -> None:
    answer = await ada.get("entities", **query)

    assert answer.status_code == 422


async def test_another_persons_path_is_refused(ada: Person, bob: Person) -> None:
    answer = await ada.http.get(bob.path("entities"))

    assert answer.status_code == 403
