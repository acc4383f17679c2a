"""The migrations make exactly the tables that the code declares."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from todo_agent.storage.tables import METADATA
from todochat.database import asyncpg_url


@pytest.fixture
async def connection(empty_chat):
    engine = create_async_engine(asyncpg_url(empty_chat.owner), poolclass=NullPool)
    async with engine.connect() as opened:
        yield opened
    await engine.dispose()


async def test_tables_are_as_declared(connection):
    def compare(sync_connection):
        options = {"compare_server_default": False}
        context = MigrationContext.configure(sync_connection, opts=options)
        return compare_metadata(context, METADATA)

    assert await connection.run_sync(compare) == []
