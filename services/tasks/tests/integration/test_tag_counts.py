"""The counts of tags, which are kept with each change, equal a recount of the tasks."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from tasks_kit import Connection, Person

TAGS = ["work", "Work", "home", "phone", "Ärger"]
OPERATIONS = 60
_KEPT = """
    SELECT key, tag, list_id, open_tasks, tasks FROM tag_counts WHERE user_id = $1 AND tasks <> 0
"""
_RECOUNTED = """
    SELECT key, tag, list_id, count(*) FILTER (WHERE completed_at IS NULL), count(*)
      FROM tasks CROSS JOIN unnest(tag_keys, tags) AS pair (key, tag)
     WHERE user_id = $1 AND deleted_at IS NULL GROUP BY key, tag, list_id
"""


class Client:
    """A user who does anything that can change the tags of tasks, in a random order."""

    def __init__(self, person: Person, seed: int) -> None:
        self.person = person
        self.random = random.Random(seed)
        self.undoable: list[str] = []

    async def act(self) -> None:
        """Send one request; some are rejected, such as one that restores a task that isn't deleted."""
        method, path, options = await self.random.choice(
            [self.add, self.add, self.change, self.end, self.bulk, self.tag, self.group, self.undo]
        )()
        response = await self.person.call(method, path, **options)
        assert response.status_code < 500, response.text
        if made := response.headers.get("X-Change-Request"):
            self.undoable.append(made)

    def tags(self) -> list[str]:
        return self.random.sample(TAGS, self.random.randrange(4))

    async def ids(self, path: str, **query: object) -> list[str]:
        items = (await self.person.get(path, **query)).json()["items"]
        # One of the trash is a task or a list with further fields.
        return [(item.get(item.get("type")) or item)["id"] for item in items] or ["none"]

    async def task(self) -> str:
        return self.random.choice(await self.ids("tasks", status="all"))

    async def add(self) -> tuple[str, str, dict[str, Any]]:
        if self.random.random() < 0.3:
            rows = "".join(f"{self.random.random()},{tag}\n" for tag in self.tags())
            return "POST", "import", {"content": f"title,tags\n{rows}".encode()}
        task: dict[str, Any] = {"title": "a", "tags": self.tags()}
        task["list_id"] = self.random.choice(await self.ids("lists"))
        if self.random.random() < 0.3:
            task |= {"due": {"date": "2026-12-01"}, "repeat": {"rule": "FREQ=DAILY"}}
        return "POST", "tasks", {"json": task}

    async def change(self) -> tuple[str, str, dict[str, Any]]:
        moved = {"list_id": self.random.choice(await self.ids("lists"))}
        body = self.random.choice([{"tags": self.tags()}, moved, {"notes": "n"}])
        return "PATCH", f"tasks/{await self.task()}", {"json": body}

    async def end(self) -> tuple[str, str, dict[str, Any]]:
        task = await self.task()
        deleted = self.random.choice(await self.ids("trash"))
        return self.random.choice(
            [
                ("POST", f"tasks/{task}/complete", {}),
                ("POST", f"tasks/{task}/reopen", {}),
                ("DELETE", f"tasks/{task}", {}),
                ("POST", f"trash/{deleted}/restore", {}),
                ("DELETE", f"trash/{deleted}", {}),
            ]
        )

    async def bulk(self) -> tuple[str, str, dict[str, Any]]:
        action = self.random.choice(
            [
                {"type": "complete"},
                {"type": "reopen"},
                {"type": "delete"},
                {"type": "tag", "add": self.tags(), "remove": self.tags()},
            ]
        )
        found = await self.ids("tasks", status="all")
        body = {"task_ids": self.random.sample(found, min(5, len(found))), "action": action}
        return "POST", "tasks/bulk", {"json": body | {"dry_run": self.random.random() < 0.2}}

    async def tag(self) -> tuple[str, str, dict[str, Any]]:
        found = await self.ids("tags")
        tag, other = self.random.choice(found), self.random.choice(found)
        return self.random.choice(
            [
                ("PATCH", f"tags/{tag}", {"json": {"name": self.random.choice([*TAGS, "job"])}}),
                ("POST", f"tags/{tag}/merge", {"json": {"into": other}}),
                ("DELETE", f"tags/{tag}", {}),
            ]
        )

    async def group(self) -> tuple[str, str, dict[str, Any]]:
        found = self.random.choice(await self.ids("lists"))
        tasks = self.random.choice(["move", "delete"])
        archived = self.random.random() < 0.5
        changes: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "lists", {"json": {"name": str(self.random.random())}}),
            ("PATCH", f"lists/{found}", {"json": {"archived": archived}}),
            ("DELETE", f"lists/{found}", {"params": {"tasks": tasks}}),
        ]
        return self.random.choice(changes)

    async def undo(self) -> tuple[str, str, dict[str, Any]]:
        request_id = self.undoable[-1] if self.undoable else "none"
        return "POST", "changes/undo", {"json": {"request_id": request_id}}


async def rows(owner: Connection, query: str, person: Person) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in await owner.fetch(query, person.user_id))


@pytest.fixture
def make_client(ada: Person) -> Callable[[int], Client]:
    return lambda seed: Client(ada, seed)


@pytest.mark.parametrize("seed", range(4))
async def test_counts_dont_drift(
    make_client: Callable[[int], Client], ada: Person, owner: Connection, seed: int
) -> None:
    client = make_client(seed)
    for _ in range(OPERATIONS):
        await client.act()

        assert await rows(owner, _KEPT, ada) == await rows(owner, _RECOUNTED, ada)


async def test_tags_of_before_the_upgrade_are_counted_once(
    make_client: Callable[[int], Client], ada: Person, owner: Connection
) -> None:
    client = make_client(9)
    for _ in range(OPERATIONS):
        await client.act()
    await ada.make_task("a", tags=["work"])
    before = (await ada.get("tags")).json()
    await owner.execute(
        "UPDATE user_counters SET has_tag_counts = false WHERE user_id = $1", ada.user_id
    )
    await owner.execute("DELETE FROM tag_counts WHERE user_id = $1", ada.user_id)
    made = await ada.make_task("b", tags=["work"])  # as by the release before
    await ada.delete(f"tasks/{made['id']}")

    after = (await ada.get("tags")).json()

    assert after == before
    assert await rows(owner, _KEPT, ada) == await rows(owner, _RECOUNTED, ada)
    await ada.make_task("c", tags=["work"])
    assert await rows(owner, _KEPT, ada) == await rows(owner, _RECOUNTED, ada)


async def test_large_undo_and_redo_count_again(
    ada: Person, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_service.service.undo.BATCH", 2)
    await ada.make_task("kept", tags=["work"])
    table = "title,tags\n" + "".join(f"{name},work\n" for name in "abcde")
    imported = await ada.call("POST", "import", content=table.encode())
    before = (await ada.get("tags")).json()

    undone = await ada.post("changes/undo", {"request_id": imported.json()["request_id"]})

    assert [tag["tasks"] for tag in (await ada.get("tags")).json()["items"]] == [1]
    assert await rows(owner, _KEPT, ada) == await rows(owner, _RECOUNTED, ada)
    await ada.post("changes/undo", {"request_id": undone.headers["X-Change-Request"]})
    await ada.make_task("later", tags=["home"])
    await ada.delete("tasks/7")
    assert (await ada.get("tags")).json() == before
    assert await rows(owner, _KEPT, ada) == await rows(owner, _RECOUNTED, ada)
