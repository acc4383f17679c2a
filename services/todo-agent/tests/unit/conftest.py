"""Engines and services of a test's own: a PostgreSQL to be stopped, a stand-in of tasks."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from aiohttp import web
from stand_in_kit import TasksStandIn

from durable_chatkit.commands import MIGRATIONS
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.testing.servers import PostgresProcess, PostgresServer


@pytest.fixture
def own_postgres() -> Iterator[tuple[PostgresProcess, DatabaseUrls]]:
    """A PostgreSQL of this test's own, and its migrated chat database."""
    server = PostgresProcess()
    server.start()
    urls = asyncio.run(PostgresServer(server.admin_url).create_database("chat"))
    run_migrations(urls.owner, MIGRATIONS)
    yield server, urls
    server.stop()


@pytest_asyncio.fixture
async def tasks() -> AsyncIterator[TasksStandIn]:
    """A tasks service of its own for the test."""
    stand_in = TasksStandIn()
    app = web.Application()
    app.router.add_route("*", "/api/{tail:.*}", stand_in.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stand_in.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield stand_in
    finally:
        await asyncio.shield(runner.cleanup())
