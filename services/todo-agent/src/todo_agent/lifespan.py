"""What an api process opens at start and closes in reverse order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from litestar import Litestar

from todo_agent.chatkit.acceptance import Acceptance
from todo_agent.chatkit.server import AcceptingServer
from todo_agent.chatkit.store import PostgresStore
from todo_agent.events.run_signals import RunSignals
from todo_agent.run_queue import RunQueue
from todo_agent.service import ChatService
from todo_agent.settings import TodoAgentSettings
from todo_agent.storage.run_repository import RunRepository
from todo_agent.storage.user_run_repository import UserRunRepository
from todochat.database import Database, create_engine, refuse_bypassing_role
from todochat.redis_client import create_redis
from todochat.service_tokens import Arrow, ServiceTokens


@asynccontextmanager
async def open_stores(app: Litestar) -> AsyncIterator[None]:
    """Open the database and Redis, and wire the service."""
    settings: TodoAgentSettings = app.state.settings
    async with AsyncExitStack() as stack:
        database = await open_database(
            stack, settings.database_url, "todo-agent-api", settings.database_pool_size
        )
        jobs = await open_database(stack, settings.jobs_database_url, "todo-agent-api-jobs", 1)
        redis = create_redis(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        server = AcceptingServer(PostgresStore(database))
        signals = RunSignals(redis)
        app.state.database = database
        app.state.service_tokens = ServiceTokens.from_settings(settings, Arrow.GATEWAY_TO_AGENT)
        app.state.chat_service = ChatService(
            server,
            Acceptance(database, server, signals, max_active_runs=settings.max_runs_per_user),
            UserRunRepository(database),
            RunQueue(RunRepository(jobs), settings.max_queued_runs),
            signals,
        )
        yield


async def open_database(stack: AsyncExitStack, url: str, name: str, pool_size: int) -> Database:
    """Open a database as a role that row-level security holds; the stack closes it.

    Raises:
        BypassingRoleError: the role would see every user's rows.
    """
    engine = create_engine(url, application_name=name, pool_size=pool_size)
    database = Database(engine)
    stack.push_async_callback(database.aclose)
    await refuse_bypassing_role(engine)
    return database
