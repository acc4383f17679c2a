"""The migrations create exactly the declared tables."""

from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection as SyncConnection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from durable_chatkit.storage.tables import METADATA
from todochat.database import asyncpg_url
from todochat.database.bootstrap import DatabaseUrls


@pytest.fixture
async def connection(empty_chat: DatabaseUrls) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(asyncpg_url(empty_chat.owner), poolclass=NullPool)
    async with engine.connect() as opened:
        yield opened
    await engine.dispose()


async def test_migrations_create_declared_tables(connection: AsyncConnection) -> None:
    def compare(sync_connection: SyncConnection) -> object:
        options = {"compare_server_default": False}
        context = MigrationContext.configure(sync_connection, opts=options)
        return compare_metadata(context, METADATA)

    assert await connection.run_sync(compare) == []
