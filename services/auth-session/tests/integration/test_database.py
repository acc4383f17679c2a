"""The schema, the roles, and the deletion of expired rows."""

import asyncio

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from auth_kit import Browser, Connection, MovableClock, Service
from sqlalchemy import Connection as SyncConnection
from sqlalchemy.ext.asyncio import create_async_engine

from auth_session.__main__ import MIGRATIONS
from auth_session.service import purge_service
from auth_session.storage.records import METADATA, RECORDS
from todochat.database import asyncpg_url
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.testing.servers import PostgresServer


async def test_the_models_match_the_migrations(auth_urls: DatabaseUrls) -> None:
    engine = create_async_engine(asyncpg_url(auth_urls.owner))

    def differences(connection: SyncConnection) -> object:
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
    await engine.dispose()

    assert found == []
    assert {record.__table__ for record in RECORDS} == set(METADATA.tables.values())


async def test_the_upgrade_makes_every_token_expire_within_366_days(
    postgres: PostgresServer,
) -> None:
    urls = await postgres.create_database("auth")
    await asyncio.to_thread(run_migrations, urls.owner, MIGRATIONS, "0003")
    connection = await asyncpg.connect(urls.owner)
    await connection.execute(
        "INSERT INTO users (id, issuer, subject, created_at, updated_at)"
        " VALUES ('usr_1', 'local', 'usr_1', now(), now())"
    )
    await connection.executemany(
        "INSERT INTO access_tokens"
        " (id, user_id, token_hash, name, scopes, created_at, tokens_until, expires_at)"
        " VALUES ($1, 'usr_1', $2, 'cron', '{chat}', now() - interval '2 years', now(),"
        " now() + $3 * interval '1 day')",
        [("endless", b"1", None), ("too late", b"2", 9999), ("soon", b"3", 7)],
    )

    await asyncio.to_thread(run_migrations, urls.owner, MIGRATIONS)

    days = await connection.fetch(
        "SELECT id, round(extract(epoch FROM expires_at - now()) / 86400)::int AS days"
        " FROM access_tokens"
    )
    await connection.close()
    assert {row["id"]: row["days"] for row in days} == {"endless": 366, "too late": 366, "soon": 7}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM passwords",
        "DELETE FROM signing_keys",
        "DROP TABLE users",
        "CREATE TABLE x (i int)",
    ],
)
async def test_the_app_role_cannot_execute(auth_urls: DatabaseUrls, statement: str) -> None:
    connection = await asyncpg.connect(auth_urls.app)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


async def test_issuer_and_subject_are_unique(
    database: Connection,
) -> None:
    insert = (
        "INSERT INTO users (id, issuer, subject, email_key, created_at, updated_at)"
        " VALUES ($1, $2, 'subject', 'same@example.com', now(), now())"
    )
    await database.execute(insert, "usr_ext_1", "https://issuer.example")
    await database.execute(insert, "usr_ext_2", "https://other.example")

    with pytest.raises(asyncpg.UniqueViolationError):
        await database.execute(insert, "usr_ext_3", "https://issuer.example")


class TestPurge:
    async def count(self, database: Connection, browser: Browser) -> int:
        found: int = await database.fetchval(
            "SELECT count(*) FROM refresh_tokens JOIN sessions ON sessions.id = session_id"
            " JOIN users ON users.id = user_id WHERE email = $1",
            browser.email,
        )
        return found

    async def purge_after(self, service: Service, clock: MovableClock, **by: float) -> None:
        clock.advance(**by)
        await service.services.purge.purge_expired_rows()

    async def test_a_used_refresh_token_is_kept_until_it_expires(
        self, service: Service, browser: Browser, database: Connection, clock: MovableClock
    ) -> None:
        await browser.sign_up()
        await browser.refresh()

        await self.purge_after(service, clock, days=29)
        within = await self.count(database, browser)
        await self.purge_after(service, clock, days=2)
        over = await self.count(database, browser)

        assert (within, over) == (2, 0)

    async def test_a_session_is_kept_until_its_last_token_expires(
        self, service: Service, browser: Browser, database: Connection, clock: MovableClock
    ) -> None:
        user_id = (await browser.sign_up()).json()["user"]["id"]
        sessions = "SELECT count(*) FROM sessions WHERE user_id = $1"
        await database.execute(
            "UPDATE sessions SET tokens_until = expires_at + interval '1 hour' WHERE user_id = $1",
            user_id,
        )

        await self.purge_after(service, clock, days=90, minutes=30)
        within = await database.fetchval(sessions, user_id)
        await self.purge_after(service, clock, minutes=31)
        over = await database.fetchval(sessions, user_id)

        assert (within, over) == (1, 0)

    async def test_expired_failures_and_invitations_are_deleted(
        self, service: Service, browser: Browser, database: Connection, clock: MovableClock
    ) -> None:
        await service.services.accounts.create_invitation(None)
        await browser.sign_in()

        clock.advance(days=8)
        purged = await service.services.purge.purge_expired_rows()

        assert purged["invitations"] >= 1
        assert purged["sign_in_failures"] >= 1
        assert await database.fetchval("SELECT count(*) FROM sign_in_failures") == 0

    async def test_it_deletes_in_batches_until_nothing_is_left(
        self,
        service: Service,
        browser: Browser,
        database: Connection,
        clock: MovableClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(purge_service, "BATCH_SIZE", 2)
        await browser.sign_up()
        for _ in range(5):
            await browser.refresh()

        await self.purge_after(service, clock, days=31)

        assert await self.count(database, browser) == 0
