"""Access control: 401 without a valid token, 403 on another user's path, 404 for their data."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio
from push_kit import Browser
from redis.asyncio import Redis
from tasks_kit import Person, Service, StartService

from todochat.identity.revocation import REVOKED_KEY
from todochat.identity.service_tokens import Arrow
from todochat.identity.tokens import SigningKey, TokenIssuer
from todochat.ids import new_id
from todochat.testing import wait_until

Route = tuple[str, str, dict[str, Any] | None]
Belongings = tuple[dict[str, Any], dict[str, Any]]


def routes(
    task: str,
    entry: str,
    pending: str = "pch_1",
    *,
    section: str = "sec_1",
    change: str = "999999999",
    item: str | None = None,
    reminder: str = "rem_1",
    device: str = "dev_1",
    saved: str = "flt_1",
    tag: str = "tag_cHJpdmF0ZQ",
    view: str = "today",
) -> list[Route]:
    """Every route of a user, with bodies that would make a change."""
    item = item or task  # in the trash
    return [
        ("GET", "tasks", None),
        ("POST", "tasks", {"title": "mine now"}),
        ("GET", f"tasks/{task}", None),
        ("PATCH", f"tasks/{task}", {"title": "mine now"}),
        ("DELETE", f"tasks/{task}", None),
        ("POST", f"tasks/{task}/restore", None),
        ("POST", f"tasks/{task}/complete", None),
        ("PATCH", f"tasks/{task}/complete", None),
        ("POST", f"tasks/{task}/reopen", None),
        ("GET", "lists", None),
        ("POST", "lists", {"name": "mine now"}),
        ("GET", f"lists/{entry}", None),
        ("PATCH", f"lists/{entry}", {"name": "mine now"}),
        ("DELETE", f"lists/{entry}", None),
        ("POST", "tasks/bulk", {"task_ids": [task], "action": {"type": "delete"}}),
        ("POST", "tasks/quick", {"text": "mine now"}),
        ("POST", "tasks/quick/read", {"text": "mine now"}),
        ("POST", f"tasks/{task}/skip", None),
        ("GET", f"tasks/{task}/history", None),
        ("GET", f"lists/{entry}/history", None),
        ("GET", "sections", None),
        ("POST", "sections", {"list_id": entry, "name": "mine now"}),
        ("PATCH", f"sections/{section}", {"name": "mine now"}),
        ("DELETE", f"sections/{section}", None),
        ("GET", "preferences", None),
        ("PATCH", "preferences", {}),
        ("GET", "changes", None),
        ("POST", f"changes/{change}/undo", None),
        ("GET", "trash", None),
        ("DELETE", "trash", None),
        ("DELETE", f"trash/{item}", None),
        ("POST", f"trash/{item}/restore", None),
        ("GET", "reminders", None),
        ("POST", f"reminders/{reminder}/snooze", {"minutes": 5}),
        ("GET", "tags", None),
        ("POST", "tags", {"name": "mine now"}),
        ("PATCH", f"tags/{tag}", {"name": "mine now"}),
        ("POST", f"tags/{tag}/merge", {"into": "tag_eA"}),
        ("DELETE", f"tags/{tag}", None),
        ("GET", "reminders/email", None),
        ("PATCH", "reminders/email", {"on": False}),
        ("POST", "reminders/email/confirm", {"code": "12345678"}),
        ("GET", "reminders/devices", None),
        ("POST", "reminders/devices", Browser("https://1.1.1.1/x").subscription()),
        ("DELETE", f"reminders/devices/{device}", None),
        ("GET", "filters", None),
        ("POST", "filters", {"name": "mine now", "filter": "overdue"}),
        ("GET", f"filters/{saved}", None),
        ("PATCH", f"filters/{saved}", {"name": "mine now"}),
        ("DELETE", f"filters/{saved}", None),
        ("GET", "views/counts", None),
        ("GET", f"views/{view}", None),
        ("GET", "calendar", None),
        ("POST", "calendar", None),
        ("DELETE", "calendar", None),
        ("GET", "entities", None),
        ("GET", "export", None),
        ("GET", "export/tasks.csv", None),
        ("POST", "import", None),
        ("POST", "changes/undo", {"group_id": "msg_1"}),
        ("POST", "changes/pending", {"operations": [{"type": "delete", "task_id": task}]}),
        ("GET", "changes/pending", None),
        ("GET", f"changes/pending/{pending}", None),
        ("POST", f"changes/pending/{pending}/confirm", {"revision": 1}),
        ("POST", f"changes/pending/{pending}/discard", None),
    ]


async def statuses(person: Person, path: Callable[[str], str], paths: list[Route]) -> list[int]:
    """Call every route; `path` turns the part after the user into a path."""
    return [
        (await person.http.request(method, path(rest), json=body)).status_code
        for method, rest, body in paths
    ]


async def state(person: Person) -> tuple[Any, Any]:
    return (
        (await person.get("tasks", status="all")).json(),
        (await person.get("lists")).json(),
    )


@pytest_asyncio.fixture(loop_scope="module")
async def belongings(ada: Person) -> Belongings:
    task = await ada.make_task("private")
    entry = await ada.make_list("Private")
    return task, entry


def test_table_of_routes_is_complete(service: Service) -> None:
    documented = {
        (method.upper(), path)
        for path, item in service.app.openapi_schema.to_schema()["paths"].items()
        for method in item
        if method in ("get", "post", "patch", "delete", "put")
        and path.startswith("/api/{user_id}/")
    }
    tested = {
        (method, f"/api/{{user_id}}/{rest}")
        for method, rest, _ in [
            *routes(
                "{task_ref}",
                "{list_id}",
                "{pending_id}",
                section="{section_id}",
                change="{change_id}",
                item="{item_id}",
                reminder="{reminder_id}",
                device="{device_id}",
                saved="{filter_id}",
                tag="{tag_id}",
                view="{view}",
            ),
            ("GET", "tasks/events", None),
        ]
    }

    assert tested == documented


async def test_missing_token_gets_401(
    service: Service, ada: Person, belongings: Belongings
) -> None:
    nobody = service.person(ada.user_id)
    del nobody.http.headers["Authorization"]
    task, entry = belongings
    paths = [*routes(task["id"], entry["id"]), ("GET", "tasks/events", None)]

    assert await statuses(nobody, ada.path, paths) == [401] * len(paths)


@pytest.mark.parametrize(
    "make_token",
    [
        lambda service, user: "garbage",
        lambda service, user: "a.b.c",
        lambda service, user: "",
        lambda service, user: service.issuer.client_secret(user, "ses_1", int(time.time()))[0],
        lambda service, user: service.issuer.login_token(user, "ses_1", int(time.time()) - 3600)[0],
        lambda service, user: TokenIssuer("https://elsewhere.test", SigningKey.generate())
        .login_token(user, "ses_1", int(time.time()))[0],
        lambda service, user: service.service_tokens.mint(Arrow.GATEWAY_TO_AGENT, user),
        lambda service, user: service.service_tokens.mint(Arrow.AUTH_TO_TASKS, user),
        lambda service, user: service.service_tokens.mint(
            Arrow.AGENT_TO_TASKS, user, int(time.time()) - 600
        ),
    ],
    ids=["garbage", "jwt-like", "empty", "client secret", "expired", "foreign key", "other arrow",
         "closed arrow", "expired service token"],
)  # fmt: skip
async def test_token_for_another_purpose_gets_401(
    service: Service, make_token: Callable[[Service, str], str]
) -> None:
    user_id = new_id("usr")
    person = service.person(user_id, token=make_token(service, user_id) or "x")

    responses = [await person.get("tasks"), await person.get("tasks/events")]

    assert [response.status_code for response in responses] == [401, 401]
    assert responses[0].headers["www-authenticate"] == "Bearer"
    assert responses[0].json()["type"] == "urn:todochat:problem:unauthorized"


async def test_another_users_paths_get_403_without_effect(
    ada: Person, bob: Person, belongings: Belongings
) -> None:
    task, entry = belongings
    paths = [*routes(task["id"], entry["id"]), ("GET", "tasks/events", None)]
    before = await state(ada)

    seen = await statuses(bob, ada.path, paths)

    assert seen == [403] * len(paths)
    assert await state(ada) == before


async def test_another_users_tasks_and_lists_get_404(
    ada: Person, bob: Person, belongings: Belongings
) -> None:
    task, entry = belongings
    paths = [route for route in routes(task["id"], entry["id"]) if "_" in route[1]]
    before = await state(ada)

    seen = await statuses(bob, bob.path, paths)

    assert seen == [404] * len(paths)
    assert await state(ada) == before


async def test_another_users_list_in_body_or_filter_gets_404(
    ada: Person, bob: Person, belongings: Belongings
) -> None:
    _, entry = belongings
    await bob.make_task("own")

    responses = [
        await bob.post("tasks", {"title": "x", "list_id": entry["id"]}),
        await bob.patch("tasks/1", {"list_id": entry["id"]}),
        await bob.get("tasks", list_id=entry["id"]),
    ]

    assert [response.status_code for response in responses] == [404] * 3


async def test_agent_can_only_act_for_the_tokens_user(
    service: Service, ada: Person, bob: Person, belongings: Belongings
) -> None:
    agent = service.agent(ada.user_id)

    own = await agent.make_task("from the chat")
    others = await agent.http.get(bob.path("tasks"))

    assert own["number"] == 2
    assert others.status_code == 403


async def test_revoked_session_gets_401_within_seconds(
    service: Service, ada: Person, redis: Redis
) -> None:
    assert (await ada.get("tasks")).status_code == 200

    await redis.zadd(REVOKED_KEY, {ada.sid: time.time() + 900})

    async def is_refused() -> bool:
        return (await ada.get("tasks")).status_code == 401

    await wait_until(is_refused, timeout_s=10)


async def test_session_revoked_before_the_start_gets_401_immediately(
    start_service: StartService, redis: Redis
) -> None:
    sid = new_id("ses")
    await redis.zadd(REVOKED_KEY, {sid: time.time() + 900})
    service = await start_service()
    user_id = new_id("usr")
    token, _ = service.issuer.login_token(user_id, sid, int(time.time()))

    response = await service.person(user_id, token=token).get("tasks")

    assert response.status_code == 401


async def test_authentication_is_checked_before_validation(service: Service, ada: Person) -> None:
    nobody = service.person(ada.user_id, token="garbage")

    response = await nobody.post("tasks", {"nonsense": True})

    assert response.status_code == 401
