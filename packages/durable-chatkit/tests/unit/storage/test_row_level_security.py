"""Row-level security: visible and writable rows by role and user."""

import asyncio

import pytest
from chat_kit import Admin, Chat, MakeMessage, MakeUser
from sqlalchemy import CursorResult, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from durable_chatkit.storage.run_repository import RunRepository
from todochat.database import Database, create_engine
from todochat.database.bootstrap import DatabaseUrls

TABLES = (
    "owners",
    "threads",
    "items",
    "attachments",
    "attachment_contents",
    "feedback",
    "runs",
    "run_steps",
    "run_usage",
)


@pytest.fixture
async def two_users(
    chat: Chat, message: MakeMessage, make_user: MakeUser, runs: RunRepository, admin: Admin
) -> tuple[str, str]:
    """Alice and Bob, each with a row in every table."""
    users = (make_user(), make_user())
    for user in users:
        run = await chat.accept(message(f"hello from {user}"), user)
        item = await admin.value("SELECT id FROM items WHERE user_id = $1", user)
        await chat.store.save_feedback(run.thread_id, [item], "positive", chat.context(user))
        await admin.execute(
            "INSERT INTO attachments (user_id, id, payload) VALUES ($1, 'atc_1', '{}')", user
        )
        await admin.execute(
            "INSERT INTO attachment_contents (user_id, id, content) VALUES ($1, 'atc_1', 'x')", user
        )
        await admin.execute(
            "INSERT INTO run_steps (run_id, key, user_id, payload) VALUES ($1, 'input', $2, '')",
            run.run_id,
            user,
        )
        await admin.execute(
            "INSERT INTO run_usage VALUES ($1, 'answer/0000', $2, current_date, 'm', 1, 0, 1, 0, false)",
            run.run_id,
            user,
        )
    return users


async def owners_of(session: AsyncSession, table: str) -> list[str]:
    result = await session.execute(text(f"SELECT user_id FROM {table}"))
    return list(result.scalars())


@pytest.mark.parametrize("table", TABLES)
async def test_unbound_query_returns_no_rows(
    chat_db: Database, two_users: tuple[str, str], table: str
) -> None:
    async with chat_db.transaction() as session:
        assert await owners_of(session, table) == []


@pytest.mark.parametrize("table", TABLES)
async def test_bound_query_returns_own_rows_only(
    chat_db: Database, two_users: tuple[str, str], table: str
) -> None:
    for user in two_users:
        async with chat_db.transaction(user) as session:
            assert await owners_of(session, table) == [user]


async def execute(database: Database, user: str, statement: str, **values: object) -> int:
    """Execute a statement and return the number of affected rows; 0 if the role lacks the privilege."""
    try:
        async with database.transaction(user) as session:
            result = await session.execute(text(statement), values)
            assert isinstance(result, CursorResult)
            return result.rowcount
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501" or "policy" in str(error):
            raise
        return 0


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET user_id = user_id", "DELETE FROM {}"])
async def test_another_users_rows_cannot_be_changed(
    chat_db: Database, two_users: tuple[str, str], admin: Admin, table: str, change: str
) -> None:
    alice, bob = two_users
    statement = change.format(table) + " WHERE user_id = :bob"

    touched = await execute(chat_db, alice, statement, bob=bob)

    assert touched == 0
    assert await admin.value(f"SELECT count(*) FROM {table} WHERE user_id = $1", bob) == 1


async def test_insert_for_another_user_is_rejected(chat_db: Database, make_user: MakeUser) -> None:
    statement = "INSERT INTO owners (user_id, last_conversation_id) VALUES (:other, 0)"

    with pytest.raises(ProgrammingError, match="row-level security policy"):
        await execute(chat_db, make_user(), statement, other=make_user())


async def test_insert_into_another_users_thread_is_rejected(
    chat_db: Database, two_users: tuple[str, str], admin: Admin
) -> None:
    alice, bob = two_users
    thread = await admin.value("SELECT id FROM threads WHERE user_id = $1", bob)
    statement = (
        "INSERT INTO items (thread_id, id, user_id, type, hidden, payload, created_at)"
        " VALUES (:thread, 'msg_x', :alice, 'user_message', false, '{}', now())"
    )

    with pytest.raises(IntegrityError, match="foreign key"):
        await execute(chat_db, alice, statement, thread=thread, alice=alice)


async def test_users_on_one_connection_are_isolated(
    empty_chat: DatabaseUrls, two_users: tuple[str, str]
) -> None:
    database = Database(create_engine(empty_chat.app, application_name="one", pool_size=1))
    try:
        for user in two_users * 3:
            async with database.transaction(user) as session:
                assert await owners_of(session, "threads") == [user]
            async with database.transaction() as session:
                assert await owners_of(session, "threads") == []
    finally:
        await database.aclose()


async def test_cancelled_request_unbinds_user_and_rolls_back(
    empty_chat: DatabaseUrls, two_users: tuple[str, str], admin: Admin
) -> None:
    alice, _ = two_users
    database = Database(create_engine(empty_chat.app, application_name="one", pool_size=1))
    in_transaction = asyncio.Event()

    async def request() -> None:
        async with database.transaction(alice) as session:
            await session.execute(text("UPDATE threads SET title = 'half done'"))
            in_transaction.set()
            await asyncio.Event().wait()

    try:
        task = asyncio.create_task(request())
        await in_transaction.wait()
        task.cancel()
        await asyncio.wait({task})

        async with database.transaction() as session:
            assert await owners_of(session, "threads") == []
        assert await admin.value("SELECT count(*) FROM threads WHERE title IS NOT NULL") == 0
    finally:
        await database.aclose()


async def test_jobs_role_reads_runs_and_journals_of_all_users(
    jobs_db: Database, two_users: tuple[str, str]
) -> None:
    async with jobs_db.transaction() as session:
        assert sorted(await owners_of(session, "runs")) == sorted(two_users)
        assert sorted(await owners_of(session, "run_steps")) == sorted(two_users)


@pytest.mark.parametrize("table", ["threads", "items"])
async def test_jobs_role_reads_threads_of_the_bound_user_only(
    jobs_db: Database, two_users: tuple[str, str], table: str
) -> None:
    async with jobs_db.transaction() as session:
        assert await owners_of(session, table) == []
    for user in two_users:
        async with jobs_db.transaction(user) as session:
            assert await owners_of(session, table) == [user]


@pytest.mark.parametrize("table", ["threads", "items"])
@pytest.mark.parametrize("change", ["UPDATE {} SET user_id = user_id", "DELETE FROM {}"])
async def test_jobs_role_changes_no_threads(
    jobs_db: Database, two_users: tuple[str, str], table: str, change: str
) -> None:
    async with jobs_db.transaction(two_users[0]) as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text(change.format(table)))


async def test_claim_loads_only_its_own_users_thread(
    runs: RunRepository, two_users: tuple[str, str]
) -> None:
    claims = [await runs.claim(f"w{number}", 60) for number in range(2)]

    assert [claim.user_id for claim in claims if claim is not None] == list(two_users)
    for claim in claims:
        assert claim is not None
        assert claim.opening is not None
        assert claim.opening.thread.id == claim.thread_id
        assert [claim.user_id in item.payload for item in claim.opening.items] == [True]


@pytest.mark.parametrize("table", ["owners", "attachments", "attachment_contents", "feedback"])
async def test_jobs_role_reads_no_other_content(
    jobs_db: Database, two_users: tuple[str, str], table: str
) -> None:
    async with jobs_db.transaction() as session:
        # The role reads owner and thread of attachments, to purge unattached ones.
        column = "payload" if table == "attachments" else "user_id"
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text(f"SELECT {column} FROM {table}"))


async def test_jobs_role_cannot_delete_open_runs(
    jobs_db: Database, two_users: tuple[str, str], admin: Admin
) -> None:
    async with jobs_db.transaction() as session:
        await session.execute(text("DELETE FROM runs"))

    assert await admin.value("SELECT count(*) FROM runs") == 2


async def test_every_table_forces_row_level_security(admin: Admin) -> None:
    forced = await admin.value(
        "SELECT array_agg(relname::text ORDER BY relname::text) FROM pg_class"
        " WHERE relrowsecurity AND relforcerowsecurity AND relkind = 'r'"
    )

    assert forced == sorted((*TABLES, "erasures"))
