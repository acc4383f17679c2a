"""Two users: neither sees or changes the other's data.

The routes come from the OpenAPI documents, so that new routes are tested at once.
"""

import json
import re
from typing import Any

import httpx
import pytest_asyncio
from push_kit import Browser

from stack_kit import SignUp, Stack
from todochat.testing.person import Person, message

SERVICES = ("tasks", "chat-gateway")
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("patch", "tasks"): {"title": "Mine now"},
    ("patch", "lists"): {"name": "Mine now"},
    ("post", "tasks"): {"title": "Mine now"},
    ("post", "lists"): {"name": "Mine now"},
    ("post", "changes"): {"revision": 1},
    ("patch", "sections"): {"name": "Mine now"},
    ("post", "sections"): {"list_id": "lst_1", "name": "Mine now"},
    ("patch", "filters"): {"name": "Mine now"},
    ("post", "filters"): {"name": "Mine now", "filter": "overdue"},
    ("patch", "tags"): {"name": "Mine now"},
    ("post", "tags"): {"name": "Mine now"},
    ("post", "merge"): {"into": "tag_eA"},
    ("post", "reminders"): {"minutes": 5},
}


# Method, path template, service.
Route = tuple[str, str, str]
# Ada, Bob, and Ada's ids.
Two = tuple[Person, Person, dict[str, str]]


async def routes(stack: Stack) -> list[Route]:
    """Return every (method, path template) that names a user."""
    found: list[Route] = []
    async with httpx.AsyncClient(base_url=stack.edge) as client:
        for service in SERVICES:
            document = (await client.get(f"/openapi/{service}.json")).json()
            for path, item in document["paths"].items():
                if path.startswith("/api/{user_id}/"):
                    found += [
                        (method, path, service)
                        for method in item
                        if method in {"get", "post", "patch", "put", "delete"}
                    ]
    return found


async def everything_of(person: Person) -> dict[str, Any]:
    """Return all of a user's data, to detect changes."""
    return {
        "tasks": (await person.api("GET", "/tasks", params={"status": "all"})).json(),
        "lists": (await person.api("GET", "/lists")).json(),
        "threads": (await person.chatkit("threads.list")).json(),
        "files": await files_of(person),
    }


async def files_of(person: Person) -> list[dict[str, Any]]:
    """Return a user's files from the export."""
    export = await person.chat("GET", "/export")
    files: list[dict[str, Any]] = export.json()["attachments"]
    return files


@pytest_asyncio.fixture(loop_scope="session")
async def two(stack: Stack, sign_up: SignUp) -> Two:
    """Ada, who has data, and Bob, who attacks it."""
    ada, bob = await sign_up(stack), await sign_up(stack)
    answer = await ada.ask("add buy milk to my shopping list")
    asked = await ada.ask("delete the shopping list", answer.thread_id)
    (card,) = [item["widget"] for item in asked.items if item["type"] == "widget"]
    task = (await ada.tasks())[0]
    lists = (await ada.api("GET", "/lists")).json()["items"]
    section = (
        await ada.api("POST", "/sections", json={"list_id": lists[0]["id"], "name": "A"})
    ).json()
    saved = (await ada.api("POST", "/filters", json={"name": "A", "filter": "overdue"})).json()
    reminders = [{"at": "2999-01-01T00:00:00Z"}]
    reminded = await ada.api("POST", "/tasks", json={"title": "A", "reminders": reminders})
    endpoint = f"https://1.1.1.1/{ada.user_id}"
    device = await ada.api("POST", "/reminders/devices", json=Browser(endpoint).subscription())
    gone = (await ada.api("POST", "/tasks", json={"title": "gone"})).json()
    await ada.api("DELETE", f"/tasks/{gone['id']}")
    changes = (await ada.api("GET", "/changes")).json()["items"]
    tag = (await ada.api("POST", "/tags", json={"name": "A"})).json()
    hers = {
        "tag_id": tag["id"],
        "section_id": section["id"],
        "filter_id": saved["id"],
        "reminder_id": reminded.json()["reminders"][0]["id"],
        "device_id": device.json()["id"],
        "change_id": str(changes[0]["id"]),
        "trashed_id": gone["id"],
        "task_id": task["id"],
        "list_id": next(entry["id"] for entry in lists if not entry["is_default"]),
        "run_id": answer.run_id,
        "pending_id": re.findall("pch_[0-9a-z]{26}", json.dumps(card))[0],
        "thread_id": answer.thread_id,
        "item_id": answer.items[0]["id"],
        "attachment_id": (await ada.attach_file("secret.txt", b"secret"))["id"],
    }
    return ada, bob, hers


def fill(path: str, user_id: str, hers: dict[str, str]) -> tuple[str, str]:
    """Substitute a user and Ada's IDs in a path template; also return the kind of its body."""
    names = {"user_id": user_id, "task_ref": hers["task_id"], "view": "today", **hers}
    if "/trash/" in path:
        names["item_id"] = hers["trashed_id"]
    return path.format_map(names), "merge" if path.endswith("/merge") else path.split("/")[3]


def body_of(method: str, kind: str) -> dict[str, Any] | None:
    return BODIES.get((method, kind), {} if method in {"post", "patch", "put"} else None)


async def send(
    person: Person, method: str, url: str, service: str, body: dict[str, Any] | None
) -> int:
    token = person.client_secret if service == "chat-gateway" else person.login_token
    headers = {"Authorization": f"Bearer {token}"}
    async with person.client.stream(method, url, json=body, headers=headers) as response:
        return response.status_code


async def test_users_paths_are_refused_to_others(stack: Stack, two: Two) -> None:
    ada, bob, hers = two
    before = await everything_of(ada)

    answers: dict[tuple[str, ...], int] = {}
    for method, path, service in await routes(stack):
        url, kind = fill(path, ada.user_id, hers)
        answers[method, path] = await send(bob, method, url, service, body_of(method, kind))
        stranger = await bob.client.request(method, url, json=body_of(method, kind))
        answers["stranger", method, path] = stranger.status_code

    assert len(answers) >= 30
    his = {status for key, status in answers.items() if key[0] != "stranger"}
    strangers = {status for key, status in answers.items() if key[0] == "stranger"}
    assert (his, strangers) == ({403}, {401}), answers
    assert await everything_of(ada) == before


async def test_other_users_ids_in_own_path_return_404(stack: Stack, two: Two) -> None:
    ada, bob, hers = two
    before = await everything_of(ada)

    answers = {}
    for method, path, service in await routes(stack):
        if path.count("{") > 1 and "{view}" not in path:
            url, kind = fill(path, bob.user_id, hers)
            answers[method, path] = await send(bob, method, url, service, body_of(method, kind))

    assert len(answers) >= 8
    undo = answers.pop(("post", "/api/{user_id}/changes/{change_id}/undo"))
    assert undo == 409  # nothing to undo, as for any ID that isn't Bob's
    assert set(answers.values()) == {404}, answers
    assert await everything_of(ada) == before


async def test_other_users_ids_in_own_bodies_return_404(two: Two) -> None:
    ada, bob, hers = two
    before = await everything_of(ada)

    task = await bob.api("POST", "/tasks", json={"title": "x", "list_id": hers["list_id"]})
    requests: dict[str, dict[str, Any]] = {
        "threads.get_by_id": {},
        "threads.update": {"title": "Mine now"},
        "threads.delete": {},
        "items.list": {},
        "items.feedback": {"item_ids": [hers["item_id"]], "kind": "positive"},
        "threads.add_user_message": message("hi", hers["thread_id"])["params"],
        "threads.retry_after_item": {"item_id": hers["item_id"]},
        "threads.add_client_tool_output": {"result": {}},
        "threads.custom_action": {"action": {"type": "run.attach", "payload": {}}},
        "attachments.delete": {"attachment_id": hers["attachment_id"]},
    }
    statuses = {
        kind: (await bob.chatkit(kind, {"thread_id": hers["thread_id"], **params})).status_code
        for kind, params in requests.items()
    }

    assert task.status_code in {404, 422}
    assert set(statuses.values()) == {404}, statuses
    assert (await bob.chatkit("threads.list")).json()["data"] == []
    assert await bob.runs(thread_id=hers["thread_id"], status="active") == []
    assert await everything_of(ada) == before


async def test_simple_form_message_cannot_enter_other_users_thread(two: Two) -> None:
    _, bob, hers = two

    async with bob.stream({"message": "hi", "conversation_id": hers["thread_id"]}) as stream:
        assert stream.response.status_code == 404


async def test_idempotency_keys_are_scoped_to_the_user(stack: Stack, sign_up: SignUp) -> None:
    ada, bob = await sign_up(stack), await sign_up(stack)
    key = {"Idempotency-Key": "the-same"}

    runs = []
    for person in (ada, bob):
        created = await person.api("POST", "/tasks", json={"title": "x"}, headers=key)
        assert created.status_code == 201
        assert "idempotent-replayed" not in created.headers
        async with person.stream(message("add buy milk"), headers=key) as stream:
            await stream.rest()
            runs.append(stream.response.headers["x-run-id"])

    assert runs[0] != runs[1]
    ids = [{task["id"] for task in await person.tasks()} for person in (ada, bob)]
    assert [len(own) for own in ids] == [2, 2]
    assert not set.intersection(*ids)


async def test_token_kinds_are_not_interchangeable(stack: Stack, two: Two) -> None:
    ada, _, hers = two

    answers = {}
    for method, path, service in await routes(stack):
        url, kind = fill(path, ada.user_id, hers)
        token = ada.login_token if service == "chat-gateway" else ada.client_secret
        response = await ada.client.request(
            method,
            url,
            json=body_of(method, kind),
            headers={"Authorization": f"Bearer {token}"},
        )
        answers[method, path] = response.status_code

    assert set(answers.values()) == {401}, answers
