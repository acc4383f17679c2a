"""What an api process opens at start and closes in reverse order."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from litestar import Litestar
from litestar.datastructures import State

from todo_agent.chatkit.acceptance import Acceptance
from todo_agent.chatkit.server import AcceptingServer
from todo_agent.chatkit.store import PostgresStore
from todo_agent.events.run_signals import RunSignals
from todo_agent.run_queue import RunQueue
from todo_agent.service import ChatService
from todo_agent.settings import TodoAgentSettings
from todo_agent.storage.run_repository import RunRepository
from todo_agent.storage.user_run_repository import UserRunRepository
from todochat.database import Database, create_engine
from todochat.database.checked import CheckedDatabase
from todochat.redis_client import create_redis
from todochat.service_tokens import Arrow, ServiceTokens


@asynccontextmanager
async def open_stores(app: Litestar) -> AsyncIterator[None]:
    """Open the database and Redis, and wire the service."""
    settings: TodoAgentSettings = app.state.settings
    app.state.is_refused = False
    async with AsyncExitStack() as stack:
        database = await _open_database(
            app, stack, settings.database_url, "todo-agent-api", settings.database_pool_size
        )
        jobs = await _open_database(
            app, stack, settings.jobs_database_url, "todo-agent-api-jobs", 1
        )
        redis = create_redis(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        server = AcceptingServer(PostgresStore(database))
        signals = RunSignals(redis)
        app.state.database = database
        app.state.jobs_database = jobs
        app.state.service_tokens = ServiceTokens.from_settings(settings, Arrow.GATEWAY_TO_AGENT)
        app.state.chat_service = ChatService(
            server,
            Acceptance(database, server, signals, max_active_runs=settings.max_runs_per_user),
            UserRunRepository(database),
            RunQueue(RunRepository(jobs), settings.max_queued_runs),
            signals,
        )
        yield


async def check_databases(state: State) -> None:
    """Raise if PostgreSQL can't be reached, or while a role has yet to be checked."""
    await state.jobs_database.check()
    await state.database.ping()


async def _open_database(
    app: Litestar, stack: AsyncExitStack, url: str, name: str, pool_size: int
) -> Database:
    """Open a database as a role that row-level security holds; the stack closes it.

    While PostgreSQL is away the role can't be checked: the api starts all the same and ends
    if the role turns out to be a wrong one.

    Raises:
        BypassingRoleError: the role would see every user's rows.
    """
    database = CheckedDatabase(create_engine(url, application_name=name, pool_size=pool_size))
    stack.push_async_callback(database.aclose)
    await database.check_at_start()
    checking = asyncio.create_task(database.check_when_back(partial(_end_process, app.state)))
    stack.push_async_callback(_stop, checking)
    return database


def _end_process(state: State) -> None:
    """Drain and end; `__main__` tells by the exit code that it was no ordinary end."""
    state.is_refused = True
    signal.raise_signal(signal.SIGTERM)


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait((task,))
