"""Full-text search: words, accents, ranking, and its index under row-level security."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text
from tasks_kit import Connection, Person, Service

from tasks_service.storage import search_repository
from todochat.database import Database, create_engine
from todochat.database.bootstrap import DatabaseUrls


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader(service: Service) -> Person:
    """A user with texts in several languages; tests only read them."""
    person = service.person()
    await person.make_task("Order crème brûlée", tags=["Café"])
    await person.make_task("Écrire à Zoë", notes="about the e-mail from łódź")
    await person.make_task("Позвонить маме", tags=["семья"])
    await person.make_task("牛乳を買う")
    await person.make_task("Straße fegen 🎉", notes="50% done, O'Brien said")
    await person.make_task("Release 2026.12", notes="\\ and ' and \" and :* & | !")
    return person


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("creme", {"Order crème brûlée"}),
        ("CRÈME brul", {"Order crème brûlée"}),
        ("cafe order", {"Order crème brûlée"}),
        ("ecrire zoe", {"Écrire à Zoë"}),
        ("e-mail", {"Écrire à Zoë"}),
        ("lodz", {"Écrire à Zoë"}),
        ("позвон", {"Позвонить маме"}),
        ("семья", {"Позвонить маме"}),
        ("牛乳", {"牛乳を買う"}),
        ("strasse", {"Straße fegen 🎉"}),
        ("🎉", {"Straße fegen 🎉"}),
        ("o'brien", {"Straße fegen 🎉"}),
        ("50%", {"Straße fegen 🎉"}),
        ("2026.12", {"Release 2026.12"}),
        ("202", {"Release 2026.12"}),
        (":* & |", {"Release 2026.12"}),
        ("'", {"Straße fegen 🎉", "Release 2026.12"}),
        ("order zoe", set()),
        ("fegen order", set()),
    ],
)
async def test_search_finds_beginnings_of_words(
    reader: Person, query: str, titles: set[str]
) -> None:
    assert set(await reader.titles(q=query)) == titles


async def test_best_matches_come_first(ada: Person) -> None:
    await ada.make_task("Dinner", notes="buy milk, bread and butter for tomorrow")
    await ada.make_task("Milk")
    await ada.make_task("Shopping", tags=["milk"])

    assert await ada.titles(q="milk") == ["Milk", "Shopping", "Dinner"]
    assert await ada.titles(q="milk", sort="created") == ["Shopping", "Milk", "Dinner"]
    assert await ada.titles(q="milk", order="asc") == ["Dinner", "Shopping", "Milk"]


async def test_ranked_pages_continue_where_they_ended(ada: Person) -> None:
    for number in range(7):
        await ada.make_task("milk " * (number % 3 + 1), notes="milk" if number % 2 else "")
    whole = (await ada.get("tasks", q="milk", limit=50)).json()["items"]

    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await ada.get("tasks", q="milk", limit=2, **cursor)).json()
        seen += [task["number"] for task in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == [task["number"] for task in whole]
    assert len(seen) == 7


async def test_open_matches_come_before_completed_ones(ada: Person) -> None:
    """Also across pages; each part has its best matches first."""
    await ada.make_tasks(["milk", "milk, later", "milk, too"])
    await ada.make_task("dinner", notes="with milk")
    for number in (1, 3):
        await ada.post(f"tasks/{number}/complete")

    assert await ada.titles(q="milk", status="all") == [
        "milk, later",
        "dinner",
        "milk, too",
        "milk",
    ]
    for size in (1, 2, 3):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await ada.get("tasks", q="milk", status="all", limit=size, **cursor)).json()
            seen += [task["title"] for task in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == ["milk, later", "dinner", "milk, too", "milk"]
    assert await ada.titles(q="milk", status="completed") == ["milk, too", "milk"]


async def test_relevance_needs_words(ada: Person) -> None:
    response = await ada.get("tasks", sort="relevance")

    assert response.json()["errors"][0]["pointer"] == "sort"


async def test_search_follows_every_change_of_a_task(ada: Person) -> None:
    await ada.make_task("buy milk")
    await ada.patch("tasks/1", {"title": "buy oats", "tags": ["milky"]})
    assert await ada.titles(q="oat milk") == ["buy oats"]

    await ada.post("tasks/1/complete")
    assert await ada.titles(q="oat") == []
    assert await ada.titles(q="oat", status="completed") == ["buy oats"]
    assert await ada.titles(q="oat", status="all") == ["buy oats"]

    await ada.post("tasks/1/reopen")
    assert await ada.titles(q="oat") == ["buy oats"]

    await ada.delete("tasks/1")
    assert await ada.titles(q="oat", status="all") == []

    await ada.post("tasks/1/restore")
    assert await ada.titles(q="oat") == ["buy oats"]


async def test_search_and_filter_restrict_each_other(ada: Person) -> None:
    await ada.make_task("milk today", priority="high")
    await ada.make_task("milk later")

    assert await ada.titles(q="mil", filter="priority = high") == ["milk today"]


async def test_first_search_indexes_tasks_from_before_the_index(
    ada: Person, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_repository, "INDEX_BATCH", 2)
    await ada.make_tasks(["milk 1", "milk 2", "milk 3", "milk 4", "milk 5"])
    await owner.execute("DELETE FROM task_search WHERE user_id = $1", ada.user_id)
    await ada.patch("tasks/2", {"title": "oats"})

    found = await ada.titles(q="milk")

    assert sorted(found) == ["milk 1", "milk 3", "milk 4", "milk 5"]


async def test_searches_of_two_users_on_one_connection_stay_apart(
    tasks_urls: DatabaseUrls, ada: Person, bob: Person
) -> None:
    await ada.make_task("milk of ada")
    await bob.make_task("milk of bob")

    for _ in range(3):
        assert await ada.titles(q="milk") == ["milk of ada"]
        assert await bob.titles(q="milk") == ["milk of bob"]


@pytest_asyncio.fixture(loop_scope="module")
async def app_database(tasks_urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database(create_engine(tasks_urls.app, application_name="plans", pool_size=1))
    yield database
    await database.aclose()


async def test_policy_never_shows_another_users_words(
    app_database: Database, ada: Person, bob: Person
) -> None:
    """Not even if a transaction binds a query for the other user's words."""
    await ada.make_task("secret of ada")
    await bob.make_task("bob")

    async with app_database.transaction(bob.user_id) as session:
        bind = text(
            "SELECT set_config('app.search', to_tsquery('simple',"
            " '''' || search_prefix(:other) || 'secret'':*')::text, true)"
        )
        await session.execute(bind, {"other": ada.user_id})
        rows = (await session.execute(text("SELECT * FROM task_search"))).all()

    assert rows == []


async def test_parallel_first_searches_index_once(ada: Person, owner: Connection) -> None:
    await ada.make_tasks(["milk 1", "milk 2"])
    await owner.execute("DELETE FROM task_search WHERE user_id = $1", ada.user_id)

    found = await asyncio.gather(*(ada.titles(q="milk") for _ in range(5)))

    assert all(sorted(titles) == ["milk 1", "milk 2"] for titles in found)
