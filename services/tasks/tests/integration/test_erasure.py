"""Erasing a person: nothing of hers is left in any table, others keep theirs."""

import asyncio

import pytest
from tasks_kit import Connection, Person, Service, StartService

from tasks_service.service.erasure_service import TaskErasureService
from tasks_service.storage.purge_repository import ERASED
from tasks_service.storage.records import TasksBase
from todochat.identity.service_tokens import Arrow

MARKER = "zanzibar"


async def erase(service: Service, user_id: str, *, named: str | None = None) -> int:
    """Ask as auth-session does; the token names `named`."""
    token = service.service_tokens.mint(Arrow.AUTH_TO_TASKS, named or user_id)
    caller = service.person(user_id, token=token)
    return (await caller.http.delete(f"/internal/users/{user_id}")).status_code


async def use(person: Person) -> None:
    """Leave traces in every table."""
    entry = await person.make_list(f"{MARKER} list")
    kept = await person.make_task(f"{MARKER} kept", list_id=entry["id"], tags=[MARKER])
    gone = await person.make_task(f"{MARKER} gone", notes=MARKER)
    await person.delete(f"tasks/{gone['id']}")
    await person.patch(f"tasks/{kept['id']}", {"title": f"{MARKER} again"}, Idempotency_Key=MARKER)
    agent = person.service.agent(person.user_id)
    await agent.post("tasks", {"title": MARKER}, X_Run_Id="run_1", X_Run_Attempt=1)
    waiting = {"operations": [{"type": "delete", "task_id": kept["id"]}]}
    await agent.post("changes/pending", waiting, X_Change_Group="msg_1")


async def traces(owner: Connection, *words: str) -> list[str]:
    """Return the tables in which one of the words occurs in any column."""
    found = []
    for table in TasksBase.metadata.tables:
        for row in await owner.fetch(f"SELECT t::text FROM {table} t"):
            text = row[0] + _decoded(row[0])
            found += [table for word in words if word in text]
    return sorted(set(found))


def _decoded(row: str) -> str:
    r"""Return what is in a row's bytea columns, which are written as \x and hex digits."""
    parts = [part.split('"')[0].split(",")[0] for part in row.split("\\x")[1:]]
    return "".join(
        bytes.fromhex(part).decode(errors="replace") for part in parts if len(part) % 2 == 0
    )


async def test_nothing_is_left_of_a_person_and_everything_of_others(
    service: Service, ada: Person, bob: Person, owner: Connection
) -> None:
    await use(ada)
    await bob.make_task("stays")
    assert await traces(owner, ada.user_id) == sorted(TasksBase.metadata.tables)

    status = await erase(service, ada.user_id)

    assert status == 204
    assert await traces(owner, ada.user_id, MARKER) == []
    assert await bob.titles() == ["stays"]


async def test_erasing_again_does_nothing(service: Service, ada: Person) -> None:
    await use(ada)

    answers = [await erase(service, ada.user_id) for _ in range(3)]

    assert answers == [204, 204, 204]


async def test_several_erasures_at_once_are_fine(
    service: Service, ada: Person, owner: Connection
) -> None:
    await use(ada)

    answers = await asyncio.gather(*(erase(service, ada.user_id) for _ in range(3)))

    assert set(answers) <= {204, 503}
    assert await erase(service, ada.user_id) == 204
    assert await traces(owner, ada.user_id) == []


async def test_a_person_with_many_rows_is_erased_in_batches(
    service: Service, ada: Person, owner: Connection
) -> None:
    await use(ada)
    erasure: TaskErasureService = service.app.state.services.erasure
    small = TaskErasureService(erasure._database, service.app.state.services.notifier, batch_size=1)

    await small.erase(ada.user_id)

    assert await traces(owner, ada.user_id) == []


async def test_every_table_is_erased() -> None:
    assert {record.__table__ for record in ERASED} == set(TasksBase.metadata.tables.values())


async def test_the_persons_feeds_end_in_every_process(
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
        await bob.make_list("goes on")
        assert (await bobs.event())[1]["type"] == "list.created.v1"


async def test_a_token_for_another_person_erases_nobody(
    service: Service, ada: Person, bob: Person
) -> None:
    await ada.make_task("stays")

    status = await erase(service, ada.user_id, named=bob.user_id)

    assert status == 403
    assert await ada.titles() == ["stays"]


@pytest.mark.parametrize("arrow", [arrow for arrow in Arrow if arrow is not Arrow.AUTH_TO_TASKS])
async def test_no_other_arrow_erases(service: Service, ada: Person, arrow: Arrow) -> None:
    token = service.service_tokens.mint(arrow, ada.user_id)
    caller = service.person(ada.user_id, token=token)

    answer = await caller.http.delete(f"/internal/users/{ada.user_id}")

    assert answer.status_code == 401


async def test_people_erase_nobody(service: Service, ada: Person) -> None:
    answer = await ada.http.delete(f"/internal/users/{ada.user_id}")

    assert answer.status_code == 401


async def test_the_jobs_role_still_sees_nobody_elses_live_tasks(
    service: Service, ada: Person, bob: Person
) -> None:
    await ada.make_task("hers")
    erasure: TaskErasureService = service.app.state.services.erasure

    async with erasure._database.transaction(bob.user_id) as session:
        connection = await session.connection()
        seen = (await connection.exec_driver_sql("SELECT title FROM tasks")).all()

    assert ("hers",) not in [tuple(row) for row in seen]
