"""Each documented limit, at and beyond its value."""

from collections import defaultdict
from collections.abc import Callable

import pytest
from tasks_kit import Connection, Person, StartService

from tasks_service.domain.limits import (
    MAX_LIST_NAME_CHARS,
    MAX_LISTS,
    MAX_NOTES_CHARS,
    MAX_OPEN_TASKS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_TITLE_CHARS,
)
from tasks_service.http.export_controller import EXPORT_COST
from todochat.testing import free_port


def tags(count: int) -> list[str]:
    return [f"tag {index}" for index in range(count)]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        (lambda over: {"title": "\u00e9" * (MAX_TITLE_CHARS + over)}, "/title"),
        (lambda over: {"notes": "\U0001f95b" * (MAX_NOTES_CHARS + over)}, "/notes"),
        (lambda over: {"tags": tags(MAX_TAGS + over)}, "/tags"),
        (lambda over: {"tags": ["x" * (MAX_TAG_CHARS + over)]}, "/tags/0"),
    ],
)
async def test_task_fields_are_limited(
    ada: Person, fields: Callable[[int], dict[str, object]], pointer: str
) -> None:
    at_limit = await ada.post("tasks", {"title": "x", **fields(0)})
    beyond = await ada.post("tasks", {"title": "x", **fields(1)})
    patched = await ada.patch("tasks/1", fields(0))
    patched_beyond = await ada.patch("tasks/1", fields(1))

    assert (at_limit.status_code, patched.status_code) == (201, 200)
    assert (beyond.status_code, patched_beyond.status_code) == (422, 422)
    assert {key: at_limit.json()[key] for key in fields(0)} == fields(0)
    assert pointer in beyond.json()["detail"]


async def test_list_names_are_limited(ada: Person) -> None:
    longest = "\ufdfa" * MAX_LIST_NAME_CHARS  # one of the characters that grow most when folded

    at_limit = await ada.post("lists", {"name": longest})
    beyond = await ada.post("lists", {"name": longest + "x"})

    assert (at_limit.status_code, beyond.status_code) == (201, 422)


async def add_rows(
    owner: Connection, person: Person, count: int, *, completed: bool = False
) -> None:
    """Insert tasks directly, which saves 10,000 requests."""
    await owner.execute(
        """
        INSERT INTO tasks (id, user_id, number, list_id, title, title_key, notes, search_key,
                           priority, tags, tag_keys, created_at, updated_at, completed_at)
        SELECT 'tsk_' || $1 || n, $1, 1000 + n, (SELECT id FROM lists WHERE user_id = $1),
               'filler', 'filler', '', 'filler', 0, '{}', '{}', now(), now(),
               CASE WHEN $3 THEN now() END
        FROM generate_series(1, $2) AS n
        """,
        person.user_id,
        count,
        completed,
    )


async def test_open_tasks_are_limited(ada: Person, owner: Connection) -> None:
    await ada.make_task("first")
    await add_rows(owner, ada, MAX_OPEN_TASKS - 2)

    at_limit = await ada.post("tasks", {"title": "last"})
    beyond = await ada.post("tasks", {"title": "one too many"})

    assert (at_limit.status_code, beyond.status_code) == (201, 422)
    assert beyond.json()["type"] == "urn:todochat:problem:too-many-open-tasks"


async def test_reopening_and_restoring_count_against_the_limit(
    ada: Person, owner: Connection
) -> None:
    await ada.make_tasks(("done", "gone", "gone when done", "open"))
    await ada.post("tasks/1/complete")
    await ada.delete("tasks/2")
    await ada.post("tasks/3/complete")
    await ada.delete("tasks/3")
    await add_rows(owner, ada, MAX_OPEN_TASKS - 1)

    refused = [
        await ada.post("tasks/1/reopen"),
        await ada.patch("tasks/1", {"completed": False}),
        await ada.post("tasks/2/restore"),
    ]
    taken = [
        await ada.post("tasks/3/restore"),
        await ada.patch("tasks/4", {"title": "still open"}),
        await ada.post("tasks/4/complete"),
        await ada.post("tasks/2/restore"),
    ]

    assert [response.status_code for response in refused] == [422] * 3
    assert [response.status_code for response in taken] == [200] * 4


async def test_completed_tasks_are_unlimited(ada: Person, owner: Connection) -> None:
    await ada.make_task("first")
    await add_rows(owner, ada, MAX_OPEN_TASKS, completed=True)

    assert (await ada.post("tasks", {"title": "one more"})).status_code == 201


async def test_lists_are_limited(ada: Person, owner: Connection) -> None:
    await ada.get("lists")
    await owner.execute(
        """
        INSERT INTO lists (id, user_id, name, name_key, is_default, created_at, updated_at)
        SELECT 'lst_' || $1 || n, $1, 'list ' || n, 'list ' || n, false, now(), now()
        FROM generate_series(1, $2) AS n
        """,
        ada.user_id,
        MAX_LISTS - 2,
    )

    at_limit = await ada.post("lists", {"name": "last"})
    beyond = await ada.post("lists", {"name": "one too many"})

    assert (at_limit.status_code, beyond.status_code) == (201, 422)
    assert beyond.json()["type"] == "urn:todochat:problem:too-many-lists"
    assert len((await ada.get("lists")).json()["items"]) == MAX_LISTS


async def test_body_size_is_limited(ada: Person) -> None:
    padding = "tasks"

    at_limit = await ada.call(
        "POST", padding, content=b'{"title":"x"}'.ljust(256 * 1024), headers=JSON
    )
    beyond = await ada.call(
        "POST", padding, content=b'{"title":"x"}'.ljust(256 * 1024 + 1), headers=JSON
    )

    assert (at_limit.status_code, beyond.status_code) == (201, 413)


async def test_requests_are_limited_per_user_and_minute(
    start_service: StartService,
) -> None:
    service = await start_service(requests_per_minute=3)
    person, other = service.person(), service.person()

    taken = [await person.get("tasks"), await person.get("lists"), await person.get("tasks")]
    beyond = [await person.get("lists"), await person.post("tasks", {"title": "one too many"})]
    others = await other.get("tasks")

    assert [response.status_code for response in taken] == [200] * 3
    assert [response.status_code for response in beyond] == [429] * 2
    assert beyond[0].json()["type"] == "urn:todochat:problem:too-many-requests"
    assert 0 < int(beyond[0].headers["retry-after"]) <= 60
    assert others.status_code == 200


async def test_agent_and_rejected_requests_do_not_count(
    start_service: StartService,
) -> None:
    service = await start_service(requests_per_minute=1)
    person, stranger = service.person(), service.person()
    agent = service.agent(person.user_id)

    by_agent = [await agent.get("tasks") for _ in range(3)]
    by_stranger = await stranger.http.get(person.path("tasks"))
    by_person = await person.get("tasks")

    assert [response.status_code for response in by_agent] == [200] * 3
    assert (by_stranger.status_code, by_person.status_code) == (403, 200)


async def test_every_public_route_counts_against_the_rate_limit(
    start_service: StartService,
) -> None:
    service = await start_service(requests_per_minute=1)
    person = service.person()
    document = (await person.http.get("/openapi.json")).json()
    routes = [
        (method, path)
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith("/api/{user_id}/")  # a calendar feed has a limit of its own
    ]
    assert (await person.get("tasks")).status_code == 200

    statuses = {
        (method, path): (
            await person.http.request(
                method, path.format_map(defaultdict(lambda: "1", user_id=person.user_id))
            )
        ).status_code
        for method, path in routes
    }

    assert len(statuses) >= 14
    assert set(statuses.values()) == {429}, statuses


async def test_export_counts_as_60_requests(start_service: StartService) -> None:
    service = await start_service(requests_per_minute=EXPORT_COST)
    person = service.person()

    before = await person.get("export")
    after = await person.get("tasks")

    assert (before.status_code, after.status_code) == (200, 429)


async def test_rate_limit_is_off_without_redis(start_service: StartService) -> None:
    service = await start_service(
        requests_per_minute=1, redis_url=f"redis://127.0.0.1:{free_port()}/0"
    )
    person = service.person()

    responses = [await person.get("tasks") for _ in range(3)]

    assert [response.status_code for response in responses] == [200] * 3


JSON = {"Content-Type": "application/json"}
