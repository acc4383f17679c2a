"""One line as one task, over HTTP."""

import pytest
from tasks_kit import Person

LINE = "Pay plumber 2999-07-01 at 3pm p1 #home @work every month remind me 30 minutes before"


async def test_one_line_becomes_a_task_with_all_its_details(ada: Person) -> None:
    home = await ada.make_list("Home")

    response = await ada.post("tasks/quick", {"text": LINE, "timezone": "Europe/Berlin"})

    assert response.status_code == 201, response.text
    task = response.json()["task"]
    assert task["title"] == "Pay plumber"
    assert task["due"] == {"at": "2999-07-01T13:00:00Z", "timezone": "Europe/Berlin"}
    assert task["repeat"]["rule"].startswith("FREQ=MONTHLY")
    assert (task["priority"], task["list_id"], task["tags"]) == ("high", home["id"], ["work"])
    assert [reminder["minutes_before"] for reminder in task["reminders"]] == [30]
    parts = response.json()["understood"]["parts"]
    assert [(part["kind"], part["text"]) for part in parts] == [
        ("due", "2999-07-01 at 3pm"),
        ("priority", "p1"),
        ("list", "#home"),
        ("tag", "@work"),
        ("repeat", "every month"),
        ("reminder", "remind me 30 minutes before"),
    ]
    assert all(LINE[part["start"] : part["end"]] == part["text"] for part in parts)


async def test_reading_a_line_creates_nothing(ada: Person) -> None:
    response = await ada.post("tasks/quick/read", {"text": "buy milk to my shopping list"})

    understood = response.json()
    assert response.status_code == 200
    assert (understood["title"], understood["list"], understood["new_list"]) == (
        "buy milk",
        "shopping",
        True,
    )
    assert await ada.titles() == []
    assert [entry["name"] for entry in (await ada.get("lists")).json()["items"]] == ["Inbox"]


async def test_list_of_a_new_name_is_created_once(ada: Person) -> None:
    body = {"text": "buy milk to my shopping list"}

    added = await ada.post("tasks/quick", body, Idempotency_Key="k1")
    again = await ada.post("tasks/quick", body, Idempotency_Key="k1")
    await ada.post("tasks/quick", {"text": "buy eggs to my shopping list"})

    assert again.json() == added.json()
    lists = [entry["name"] for entry in (await ada.get("lists")).json()["items"]]
    assert lists.count("shopping") == 1
    assert sorted(await ada.titles()) == ["buy eggs", "buy milk"]


@pytest.mark.parametrize("text", ["tomorrow", "  p1  ", "every day"])
async def test_line_without_a_title_is_kept_as_one(ada: Person, text: str) -> None:
    response = await ada.post("tasks/quick", {"text": text})

    assert response.json()["task"]["title"] == text.strip()
    assert response.json()["task"]["due"] is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"text": ""}, "/text"),
        ({"text": "   "}, "/title"),
        ({"text": "x" * 501}, "/text"),
        ({"text": "x", "timezone": "Mars/Olympus"}, "/timezone"),
        ({"text": "x", "due": None}, ""),
    ],
)
async def test_invalid_line_is_named(ada: Person, body: dict[str, object], pointer: str) -> None:
    response = await ada.post("tasks/quick", body)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer


async def test_line_that_takes_long_to_read_is_a_title(ada: Person) -> None:
    text = ("tomorrow every 3 days at 5 " * 18).strip()

    response = await ada.post("tasks/quick", {"text": text})

    assert response.status_code == 201
    assert response.json()["task"]["title"]
