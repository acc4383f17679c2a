"""Tags: counts and colours; renamed, merged and deleted in all tasks, and back."""

from typing import Any

import httpx
import pytest
import pytest_asyncio
from tasks_kit import Connection, Person, Service

Tags = dict[str, tuple[str | None, int, int]]


async def tags(person: Person, **params: Any) -> Tags:
    """Return colour, open tasks and tasks of each tag, by name and in their order."""
    page = (await person.get("tags", **params)).json()
    return {tag["name"]: (tag["color"], tag["open_tasks"], tag["tasks"]) for tag in page["items"]}


async def id_of(person: Person, name: str) -> str:
    page = (await person.get("tags")).json()
    found: str = next(tag["id"] for tag in page["items"] if tag["name"] == name)
    return found


async def task_tags(person: Person) -> list[list[str]]:
    items = (await person.get("tasks", status="all", order="asc")).json()["items"]
    return [task["tags"] for task in items]


async def undo(person: Person, of: httpx.Response) -> httpx.Response:
    response = await person.post("changes/undo", {"request_id": of.headers["X-Change-Request"]})
    assert response.status_code == 200, response.text
    return response


@pytest_asyncio.fixture(loop_scope="module")
async def tagged(ada: Person) -> Person:
    """Ada, with tags on open, completed and deleted tasks."""
    await ada.make_task("a", tags=["work", "home"])
    await ada.make_task("b", tags=["Work"])
    await ada.make_task("c", tags=["work", "phone"])
    await ada.make_task("d", tags=["work", "gone"])
    await ada.post("tasks/3/complete")
    await ada.delete("tasks/4")
    return ada


async def test_tags_are_counted_without_deleted_tasks(tagged: Person) -> None:
    assert await tags(tagged) == {
        "home": (None, 1, 1),
        "phone": (None, 0, 1),
        "work": (None, 2, 3),
    }
    assert list(await tags(tagged)) == ["home", "phone", "work"]


async def test_tags_of_archived_lists_are_counted_on_request(ada: Person) -> None:
    old = await ada.make_list("Old")
    await ada.make_task("a", tags=["x"], list_id=old["id"])
    await ada.patch(f"lists/{old['id']}", {"archived": True})

    assert await tags(ada) == {}
    assert await tags(ada, include_archived=True) == {"x": (None, 1, 1)}


async def test_tags_are_paged_by_name(ada: Person) -> None:
    await ada.make_task("a", tags=["b", "\u00e4", "a/c", "Z"])
    await ada.post("tags", {"name": "a"})
    names: list[str] = []
    cursor = None
    while cursor is not None or not names:
        query: dict[str, Any] = {} if cursor is None else {"cursor": cursor}
        page = (await ada.get("tags", limit=2, **query)).json()
        names += [tag["name"] for tag in page["items"]]
        cursor = page["next_cursor"]

    assert names == ["a", "a/c", "b", "Z", "\u00e4"]
    assert (await ada.get("tags", cursor="tag_!")).status_code == 422


async def test_tag_is_created_with_a_color_before_any_task_has_it(ada: Person) -> None:
    made = await ada.post("tags", {"name": " Deep  work ", "color": "purple"})
    again = await ada.post("tags", {"name": "deep WORK"})
    await ada.make_task("a", tags=["deep work"])

    assert made.status_code == 201
    assert made.json()["name"] == "Deep work"
    assert again.status_code == 409
    assert again.json()["tag_id"] == made.json()["id"]
    assert await tags(ada) == {"Deep work": ("purple", 1, 1)}


async def test_color_is_set_cleared_and_undone(tagged: Person) -> None:
    path = f"tags/{await id_of(tagged, 'work')}"
    async with tagged.feed() as feed:
        await feed.event()
        red = await tagged.patch(path, {"color": "red"})
        _, change = await feed.event()
    cleared = await tagged.patch(path, {"color": None})
    same = await tagged.patch(path, {"color": None, "name": "work"})

    assert (red.json()["color"], cleared.json()["color"]) == ("red", None)
    assert (change["type"], change["tag"]) == ("tag.updated.v1", red.json())
    assert "replaced_tag" not in change
    assert "X-Change-Request" not in same.headers
    await undo(tagged, cleared)
    assert (await tags(tagged))["work"][0] == "red"
    await undo(tagged, red)
    assert (await tags(tagged))["work"][0] is None


async def test_renamed_tag_is_replaced_in_all_tasks_and_back(tagged: Person) -> None:
    before = await task_tags(tagged)
    old_id = await id_of(tagged, "work")
    await tagged.patch(f"tags/{old_id}", {"color": "red"})
    async with tagged.feed() as feed:
        await feed.event()
        renamed = await tagged.patch(f"tags/{old_id}", {"name": "Job"})
        _, change = await feed.event()

    assert await task_tags(tagged) == [["Job", "home"], ["Job"], ["Job", "phone"]]
    assert (change["tag"], change["replaced_tag"]) == (renamed.json(), old_id)
    assert (await tags(tagged))["Job"] == ("red", 2, 3)
    assert await tagged.titles(q="job", status="all", order="asc") == ["a", "b", "c"]
    assert await tagged.titles(tag="work") == await tagged.titles(q="work") == []
    assert (await tagged.patch(f"tags/{old_id}", {"color": "blue"})).status_code == 404

    undone = await undo(tagged, renamed)
    assert await task_tags(tagged) == before
    assert (await tags(tagged))["work"] == ("red", 2, 3)
    assert await tagged.titles(q="work", order="asc") == ["a", "b"]
    await undo(tagged, undone)
    assert (await tags(tagged))["Job"] == ("red", 2, 3)


async def test_spelling_of_a_tag_is_changed(tagged: Person) -> None:
    tag_id = await id_of(tagged, "work")

    renamed = await tagged.patch(f"tags/{tag_id}", {"name": "WORK"})

    assert renamed.json()["id"] == tag_id
    assert await task_tags(tagged) == [["WORK", "home"], ["WORK"], ["WORK", "phone"]]


async def test_tag_is_renamed_to_a_used_name_only_by_merging(tagged: Person) -> None:
    before = await task_tags(tagged)
    work, home = await id_of(tagged, "work"), await id_of(tagged, "home")
    await tagged.patch(f"tags/{work}", {"color": "red"})

    refused = await tagged.patch(f"tags/{work}", {"name": "HOME"})
    merged = await tagged.post(f"tags/{work}/merge", {"into": home})

    assert (refused.status_code, refused.json()["tag_id"]) == (409, home)
    assert merged.json() == {
        "id": home, "name": "home", "color": "red", "open_tasks": 2, "tasks": 3,
    }  # fmt: skip
    assert await task_tags(tagged) == [["home"], ["home"], ["home", "phone"]]
    await undo(tagged, merged)
    assert await task_tags(tagged) == before
    assert (await tags(tagged))["home"][0] is None
    assert (await tags(tagged))["work"][0] == "red"


async def test_deleted_tag_is_removed_from_all_tasks_and_restored(tagged: Person) -> None:
    before = await task_tags(tagged)
    work = await id_of(tagged, "work")
    await tagged.patch(f"tags/{work}", {"color": "red"})
    async with tagged.feed() as feed:
        await feed.event()
        deleted = await tagged.delete(f"tags/{work}")
        _, change = await feed.event()

    assert deleted.status_code == 204
    assert (change["type"], change["tag"]["id"]) == ("tag.deleted.v1", work)
    assert await task_tags(tagged) == [["home"], [], ["phone"]]
    assert "work" not in await tags(tagged)
    await undo(tagged, deleted)
    assert await task_tags(tagged) == before
    assert (await tags(tagged))["work"] == ("red", 2, 3)


async def test_following_instances_have_the_renamed_tag(ada: Person) -> None:
    repeat, due = {"rule": "FREQ=DAILY"}, {"date": "2026-12-01"}
    await ada.make_task("a", tags=["work"], due=due, repeat=repeat)
    await ada.patch("tasks/1", {"tags": ["today"], "applies_to": "this"})
    await ada.make_task("b", tags=["work"])

    await ada.patch(f"tags/{await id_of(ada, 'work')}", {"name": "job"})
    await ada.patch("tasks/1", {"tags": ["work"], "applies_to": "this"})
    await ada.delete(f"tags/{await id_of(ada, 'work')}")
    await ada.post("tasks/1/complete")

    assert await task_tags(ada) == [[], ["job"], ["job"]]


async def test_history_names_a_tag_and_its_tasks(tagged: Person) -> None:
    work = await id_of(tagged, "work")
    await tagged.patch(f"tags/{work}", {"color": "red"})

    deleted = await tagged.delete(f"tags/{work}")

    request = {"request_id": deleted.headers["X-Change-Request"]}
    changes = (await tagged.get("changes", **request)).json()["items"]
    assert [(each["type"], each["name"]) for each in changes] == [
        ("task.updated.v1", "c"),
        ("task.updated.v1", "b"),
        ("task.updated.v1", "a"),
        ("tag.deleted.v1", "work"),
    ]


async def test_task_that_was_tagged_again_since_prevents_the_undo(tagged: Person) -> None:
    renamed = await tagged.patch(f"tags/{await id_of(tagged, 'work')}", {"name": "job"})
    await tagged.patch("tasks/1", {"tags": ["mine"]})

    refused = await tagged.post("changes/undo", {"request_id": renamed.headers["X-Change-Request"]})

    assert [(each["name"], each["fields"]) for each in refused.json()["details"]] == [
        ("a", ["tags"])
    ]
    assert await task_tags(tagged) == [["mine"], ["job"], ["job", "phone"]]


async def test_tag_of_thousands_of_tasks_is_renamed_at_once(ada: Person, owner: Connection) -> None:
    task = await ada.make_task("a", tags=["work"])
    await owner.execute(
        """
        INSERT INTO tasks (id, user_id, number, list_id, title, title_key, notes, search_key,
                           priority, tags, tag_keys, created_at, updated_at)
        SELECT id || n, user_id, n, list_id, title, title_key, '', search_key, 0, tags, tag_keys,
               now(), now()
          FROM tasks, generate_series(2, 2500) AS n WHERE id = $1
        """,
        task["id"],
    )

    renamed = await ada.patch(f"tags/{await id_of(ada, 'work')}", {"name": "job"})

    assert renamed.json()["tasks"] == 2500
    assert await tags(ada) == {"job": (None, 2500, 2500)}


async def test_agent_needs_a_confirmation_to_change_many_tasks(
    service: Service, tagged: Person
) -> None:
    agent = service.agent(tagged.user_id)
    limit = {"X_Change_Group": "msg_1", "X_Confirm_Above": 2}
    work, home = await id_of(tagged, "work"), await id_of(tagged, "home")

    refused = await agent.patch(f"tags/{work}", {"name": "job"}, **limit)
    renamed = await agent.patch(f"tags/{home}", {"name": "house"}, **limit)

    assert refused.json()["type"].endswith("confirmation-required")
    assert renamed.status_code == 200
    assert set(await tags(tagged)) == {"house", "phone", "work"}


async def test_another_users_tags_get_404(tagged: Person, bob: Person) -> None:
    work = await id_of(tagged, "work")

    refused = [
        await bob.patch(f"tags/{work}", {"color": "red"}),
        await bob.delete(f"tags/{work}"),
        await bob.post(f"tags/{work}/merge", {"into": await id_of(tagged, "home")}),
    ]

    assert await tags(bob) == {}
    assert [response.status_code for response in refused] == [404] * 3


@pytest.mark.parametrize(
    "tag_id", ["tag_", "tag_AA", "tag_!", "work", "tag_\u00e4", "tag_d29yaw=="]
)
async def test_unknown_tag_gets_404(ada: Person, tag_id: str) -> None:
    response = await ada.patch(f"tags/{tag_id}", {"color": "red"})

    assert response.json()["type"] == "urn:todochat:problem:tag-not-found"


async def test_tag_is_not_merged_into_itself(tagged: Person) -> None:
    work = await id_of(tagged, "work")

    refused = await tagged.post(f"tags/{work}/merge", {"into": work})

    assert refused.json()["errors"][0]["pointer"] == "/into"


async def test_stored_tags_are_limited(ada: Person, owner: Connection) -> None:
    await owner.execute(
        """
        INSERT INTO tags (user_id, id, name, name_key, created_at, updated_at)
        SELECT $1, 'tag_' || n, 'x' || n, 'x' || n, now(), now() FROM generate_series(1, 500) AS n
        """,
        ada.user_id,
    )
    await ada.make_task("a", tags=["work"])
    path = f"tags/{(await ada.get('tags', limit=1)).json()['items'][0]['id']}"

    refused = await ada.post("tags", {"name": "one more"})
    colored = await ada.patch(path, {"color": "red"})
    renamed = await ada.patch(path, {"name": "job"})

    assert [refused.json()["type"], colored.json()["type"]] == [
        "urn:todochat:problem:too-many-tags"
    ] * 2
    assert renamed.status_code == 200
