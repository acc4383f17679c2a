"""Erasure of a user: all rows in every table are deleted, other users keep theirs."""

import asyncio

import pytest
from tasks_kit import Connection, Person, Service, StartService

from tasks_service.service.erasure_service import TaskErasureService
from tasks_service.storage.purge_repository import ERASED
from tasks_service.storage.records import TasksBase
from todochat.identity.service_tokens import Arrow

MARKER = "zanzibar"


async def erase(service: Service, user_id: str, *, named: str | None = None) -> int:
    """Request an erasure as auth-session does; the token names `named`."""
    token = service.service_tokens.mint(Arrow.AUTH_TO_TASKS, named or user_id)
    caller = service.person(user_id, token=token)
    return (await caller.http.delete(f"/internal/users/{user_id}")).status_code


async def use(person: Person) -> None:
    """Write rows to every table."""
    entry = await person.make_list(f"{MARKER} list")
    reminders = [{"at": "2999-01-01T00:00:00Z"}]
    kept = await person.make_task(
        f"{MARKER} kept", list_id=entry["id"], tags=[MARKER], reminders=reminders
    )
    gone = await person.make_task(f"{MARKER} gone", notes=MARKER)
    await person.delete(f"tasks/{gone['id']}")
    await person.patch(f"tasks/{kept['id']}", {"title": f"{MARKER} again"}, Idempotency_Key=MARKER)
    await person.post("sections", {"list_id": entry["id"], "name": MARKER})
    await person.patch("preferences", {"complete_subtasks": "keep"})
    agent = person.service.agent(person.user_id)
    await agent.post("tasks", {"title": MARKER}, X_Run_Id="run_1", X_Run_Attempt=1)
    waiting = {"operations": [{"type": "delete", "task_id": kept["id"]}]}
    await agent.post("changes/pending", waiting, X_Change_Group="msg_1")
    await person.post("calendar")
    await person.service.fill_deliveries(person.user_id, kept["id"], MARKER)
    await person.post("filters", {"name": MARKER, "filter": f"tag = {MARKER}"})
    await person.post("tags", {"name": f"{MARKER} two"})
    await person.call("POST", "import", content=f"title\n{MARKER}\n".encode())


async def traces(owner: Connection, *words: str) -> list[str]:
    """Return the tables that contain one of the words in any column."""
    found = []
    for table in TasksBase.metadata.tables:
        for row in await owner.fetch(f"SELECT t::text FROM {table} t"):
            text = row[0] + _decoded(row[0])
            found += [table for word in words if word in text]
    return sorted(set(found))


def _decoded(row: str) -> str:
    r"""Return the content of a row's bytea columns, which are written as \x and hex digits."""
    parts = [part.split('"')[0].split(",")[0] for part in row.split("\\x")[1:]]
    return "".join(
        bytes.fromhex(part).decode(errors="replace") for part in parts if len(part) % 2 == 0
    )


async def test_erasure_deletes_all_data_of_one_user_only(
    service: Service, ada: Person, bob: Person, owner: Connection
) -> None:
    await use(ada)
    await bob.make_task("stays")
    assert await traces(owner, ada.user_id) == sorted(TasksBase.metadata.tables)

    status = await erase(service, ada.user_id)

    assert status == 204
    assert await traces(owner, ada.user_id, MARKER) == []
    assert await bob.titles() == ["stays"]


async def test_repeated_erasure_is_a_no_op(service: Service, ada: Person) -> None:
    await use(ada)

    statuses = [await erase(service, ada.user_id) for _ in range(3)]

    assert statuses == [204, 204, 204]


async def test_concurrent_erasures_succeed(
    service: Service, ada: Person, owner: Connection
) -> None:
    await use(ada)

    statuses = await asyncio.gather(*(erase(service, ada.user_id) for _ in range(3)))

    assert set(statuses) <= {204, 503}
    assert await erase(service, ada.user_id) == 204
    assert await traces(owner, ada.user_id) == []


async def test_many_rows_are_erased_in_batches(
    service: Service, ada: Person, owner: Connection
) -> None:
    await use(ada)
    erasure: TaskErasureService = service.app.state.services.erasure
    small = TaskErasureService(
        erasure._database, service.app.state.services.notifier.erased, batch_size=1
    )

    await small.erase(ada.user_id)

    assert await traces(owner, ada.user_id) == []


async def test_every_table_is_erased() -> None:
    assert {record.__table__ for record in ERASED} == set(TasksBase.metadata.tables.values())


async def test_erasure_closes_the_users_feeds_in_every_process(
    service: Service, start_service: StartService, ada: Person, bob: Person
) -> None:
    other = await start_service()
    elsewhere = other.person(ada.user_id)

    async with ada.feed() as here, elsewhere.feed() as there, bob.feed() as bobs:
        for feed in (here, there, bobs):
            await feed.event()
        await erase(service, ada.user_id)

        assert await here.block() == ": unauthorized"
        assert await there.block() == ": unauthorized"
        await bob.make_list("still open")
        assert (await bobs.event())[1]["type"] == "list.created.v1"


async def test_token_for_another_user_cannot_erase(
    service: Service, ada: Person, bob: Person
) -> None:
    await ada.make_task("stays")

    status = await erase(service, ada.user_id, named=bob.user_id)

    assert status == 403
    assert await ada.titles() == ["stays"]


@pytest.mark.parametrize("arrow", [arrow for arrow in Arrow if arrow is not Arrow.AUTH_TO_TASKS])
async def test_other_arrows_cannot_erase(service: Service, ada: Person, arrow: Arrow) -> None:
    token = service.service_tokens.mint(arrow, ada.user_id)
    caller = service.person(ada.user_id, token=token)

    response = await caller.http.delete(f"/internal/users/{ada.user_id}")

    assert response.status_code == 401


async def test_users_cannot_erase(service: Service, ada: Person) -> None:
    response = await ada.http.delete(f"/internal/users/{ada.user_id}")

    assert response.status_code == 401


async def test_jobs_role_cannot_read_other_users_live_tasks(
    service: Service, ada: Person, bob: Person
) -> None:
    await ada.make_task("hers")
    erasure: TaskErasureService = service.app.state.services.erasure

    async with erasure._database.transaction(bob.user_id) as session:
        connection = await session.connection()
        seen = (await connection.exec_driver_sql("SELECT title FROM tasks")).all()

    assert ("hers",) not in [tuple(row) for row in seen]
