"""`DELETE /internal/users/{user_id}`: complete, final erasure of one user."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from api_kit import Gateway, OpenGateway
from chat_kit import Admin, MakeMessage, MakeUser
from redis.asyncio import Redis
from sqlalchemy import text

from durable_chatkit import erasure
from durable_chatkit.storage.purges import purge_erasures
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.storage.tables import METADATA
from todochat.bus.errors import RunLostError
from todochat.database import Database
from todochat.identity.service_tokens import Arrow
from todochat.testing import sample_files


@pytest.fixture
def user(make_user: MakeUser) -> str:
    return make_user()


@pytest.fixture
def no_stop_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Don't wait for workers to release runs."""
    monkeypatch.setattr(erasure, "STOP_WAIT_S", 0)


async def erase(gateway: Gateway, user: str, *, path_user: str = "") -> httpx.Response:
    token = gateway.tokens.mint(Arrow.AUTH_TO_AGENT, user)
    return await gateway.client.delete(
        f"/internal/users/{path_user or user}", headers={"Authorization": f"Bearer {token}"}
    )


async def live(gateway: Gateway, message: MakeMessage, user: str) -> dict[str, Any]:
    """Insert a row into every table; return the accepted run."""
    files = {"file": ("a.png", sample_files.PNG)}
    headers = gateway.headers(user)
    added = await gateway.client.post("/internal/attachments", files=files, headers=headers)
    await gateway.client.post("/internal/attachments", files=files, headers=headers)
    body = message(f"remember {user}")
    body["params"]["input"]["attachments"] = [added.json()["id"]]
    accepted: dict[str, Any] = (await gateway.chatkit(body, user, idempotency_key="k")).json()
    thread_id = accepted["thread_id"]
    items = (await gateway.ask("items.list", user, thread_id=thread_id)).json()["data"]
    await gateway.ask(
        "items.feedback",
        user,
        thread_id=thread_id,
        item_ids=[items[0]["id"]],
        kind="positive",
    )
    return accepted


async def tables_with(admin: Admin, needle: str) -> list[str]:
    """Return the tables in which any row contains a text."""
    tables: Sequence[str] = await admin.value(
        "SELECT array_agg(tablename::text) FROM pg_tables WHERE schemaname = 'public'"
    )
    found = [
        table
        for table in tables
        if await admin.value(
            f"SELECT EXISTS (SELECT 1 FROM {table} WHERE strpos({table}::text, $1) > 0)", needle
        )
    ]
    return sorted(found)


def code(response: httpx.Response) -> str:
    problem: str = response.json()["type"]
    return problem.removeprefix("urn:todochat:problem:")


async def test_erasure_deletes_one_user_and_keeps_the_other(
    gateway: Gateway, admin: Admin, message: MakeMessage, make_user: MakeUser, runs: RunRepository
) -> None:
    ada, bob = make_user(), make_user()
    for each in (ada, bob):
        await live(gateway, message, each)
        run = await runs.claim("w1", 60)
        assert run is not None
        await runs.save_step(run.run_id, run.attempt, "input", ada.encode())
        await runs.finish(run.run_id, run.attempt, "completed", None, 0)
        await runs.close(run.run_id, run.attempt)
    everywhere = await tables_with(admin, bob)

    response = await erase(gateway, ada)

    assert len(everywhere) == 8
    assert (response.status_code, response.content) == (204, b"")
    assert await tables_with(admin, ada) == []
    assert await tables_with(admin, bob) == everywhere


async def test_app_role_may_delete_from_every_table_with_a_user(chat_db: Database) -> None:
    """A new table needs the privilege, and a policy that permits deleting a user's rows."""
    tables = [table.name for table in METADATA.tables.values() if "user_id" in table.columns]

    async with chat_db.transaction() as session:
        allowed = {
            table: (
                await session.execute(
                    text("SELECT has_table_privilege(:table, 'DELETE')"), {"table": table}
                )
            ).scalar_one()
            for table in tables
        }

    assert len(tables) >= 8
    assert all(allowed.values()), allowed


async def test_erasure_deletes_run_logs_from_redis(
    gateway: Gateway, redis: Redis, message: MakeMessage, make_user: MakeUser
) -> None:
    ada, bob = make_user(), make_user()
    hers, his = await live(gateway, message, ada), await live(gateway, message, bob)

    await erase(gateway, ada)

    assert await redis.keys(f"chat:{{{hers['run_id']}}}:*") == []
    assert await redis.keys(f"chat:{{{his['run_id']}}}:*") != []


async def test_erasure_is_idempotent_and_accepts_unknown_users(
    gateway: Gateway, message: MakeMessage, user: str, make_user: MakeUser
) -> None:
    await live(gateway, message, user)

    answers = [await erase(gateway, user), await erase(gateway, user)]
    unknown = await erase(gateway, make_user())

    assert [answer.status_code for answer in (*answers, unknown)] == [204] * 3


async def test_erased_account_is_locked(
    gateway: Gateway, admin: Admin, message: MakeMessage, user: str
) -> None:
    accepted = await live(gateway, message, user)
    await erase(gateway, user)
    files = {"file": ("a.txt", b"x")}

    answers = [
        await gateway.chatkit(message("hello again"), user),
        await gateway.chatkit({"message": "hello again"}, user),
        await gateway.chatkit(message(f"remember {user}"), user, idempotency_key="k"),
        await gateway.ask("threads.list", user),
        await gateway.ask("threads.get_by_id", user, thread_id=accepted["thread_id"]),
        await gateway.ask("attachments.create", user, name="a", size=1, mime_type="text/plain"),
        await gateway.client.post(
            "/internal/attachments", files=files, headers=gateway.headers(user)
        ),
    ]

    assert {(answer.status_code, code(answer)) for answer in answers} == {(409, "account-locked")}
    assert await tables_with(admin, user) == []


@pytest.mark.usefixtures("no_stop_wait")
async def test_erasure_waits_for_held_runs_with_the_account_locked(
    gateway: Gateway, admin: Admin, message: MakeMessage, user: str, runs: RunRepository
) -> None:
    accepted = await live(gateway, message, user)
    run = await runs.claim("w1", 60)
    assert run is not None

    response = await erase(gateway, user)

    refused = await gateway.chatkit(message("more"), user)
    status = await admin.value("SELECT status FROM threads")
    (lease,) = await runs.renew("w1", 60)
    assert (response.status_code, code(response)) == (409, "erasure-in-progress")
    assert int(response.headers["Retry-After"]) > 0
    assert code(refused) == "account-locked"
    assert '"locked"' in status
    assert (lease.run_id, lease.cancel_requested) == (accepted["run_id"], True)


async def test_writes_of_stalled_worker_after_erasure_are_fenced(
    gateway: Gateway, admin: Admin, message: MakeMessage, user: str, runs: RunRepository
) -> None:
    await live(gateway, message, user)
    run = await runs.claim("w1", 60)
    assert run is not None
    await admin.expire_lease(run.run_id)

    response = await erase(gateway, user)

    with pytest.raises(RunLostError):
        await runs.save_step(run.run_id, run.attempt, "answer/1", b"late")
    assert not await runs.finish(run.run_id, run.attempt, "completed", None, 1)
    assert await runs.claim("w2", 60) is None
    assert response.status_code == 204
    assert await tables_with(admin, user) == []


async def test_erasure_without_redis_deletes_nothing_and_can_be_retried(
    gateway: Gateway, open_gateway: OpenGateway, admin: Admin, message: MakeMessage, user: str
) -> None:
    await live(gateway, message, user)
    cut_off = await open_gateway(redis="redis://127.0.0.1:1/0")

    failed = await erase(cut_off, user)
    left = await tables_with(admin, user)
    done = await erase(gateway, user)

    assert (failed.status_code, done.status_code) == (503, 204)
    assert "runs" in left
    assert await tables_with(admin, user) == []


@pytest.mark.parametrize("arrow", [Arrow.GATEWAY_TO_AGENT, Arrow.AUTH_TO_TASKS])
async def test_erasure_rejects_other_callers(
    gateway: Gateway, admin: Admin, message: MakeMessage, user: str, arrow: Arrow
) -> None:
    await live(gateway, message, user)
    token = gateway.tokens.mint(arrow, user)

    response = await gateway.client.delete(
        f"/internal/users/{user}", headers={"Authorization": f"Bearer {token}"}
    )

    assert response.status_code == 401
    assert "runs" in await tables_with(admin, user)


async def test_erasure_rejects_token_of_another_user(
    gateway: Gateway, admin: Admin, message: MakeMessage, user: str, make_user: MakeUser
) -> None:
    await live(gateway, message, user)

    response = await erase(gateway, make_user(), path_user=user)

    assert response.status_code == 403
    assert "runs" in await tables_with(admin, user)


async def test_purge_deletes_erasure_record_after_a_day(
    gateway: Gateway, admin: Admin, jobs_db: Database, user: str, make_user: MakeUser
) -> None:
    await erase(gateway, user)
    await admin.execute("UPDATE erasures SET erased_at = now() - interval '25 hours'")
    await erase(gateway, make_user())

    purged = await purge_erasures(jobs_db, 24 * 3600)

    assert (purged, await admin.value("SELECT count(*) FROM erasures")) == (1, 1)
