"""Fixtures: a real worker on real stores, a scripted model server and a fake tasks service."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import ModuleType
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from redis.asyncio import Redis
from stand_in_kit import TasksStandIn
from worker_kit import Chat, PostgresAdmin, Register, plain_url

from durable_chatkit.agent.hook_check import check_hooks
from durable_chatkit.worker import main as worker_main
from todo_agent.settings import TodoAgentSettings
from todochat.database import Database, create_engine
from todochat.database.bootstrap import DatabaseUrls
from todochat.testing.model_server import ScriptedModelServer
from todochat.testing.servers import PostgresProcess, PostgresServer


@pytest.fixture(scope="session", autouse=True)
def hooks_checked_once() -> Iterator[None]:
    """Check the SDK's hooks at the start of the first worker only: each check runs two agents."""
    is_checked = False

    async def check_once() -> None:
        nonlocal is_checked
        if not is_checked:
            await check_hooks()
            is_checked = True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_main, "check_hooks", check_once)
        yield


@pytest_asyncio.fixture
async def model() -> AsyncIterator[ScriptedModelServer]:
    """A model server with an empty script."""
    async with ScriptedModelServer() as server:
        yield server


@pytest.fixture
def running() -> Callable[[], Counter[str]]:
    """Count the tasks of this event loop by name, without the test's own servers."""

    def count() -> Counter[str]:
        names = (getattr(task.get_coro(), "__qualname__", "?") for task in asyncio.all_tasks())
        return Counter(name for name in names if not name.startswith("RequestHandler"))

    return count


@pytest.fixture(params=["responses", "chat_completions"])
def wire(request: pytest.FixtureRequest) -> str:
    """Each of the two model APIs."""
    return str(request.param)


@pytest.fixture(params=["native", "openai"])
def model_client(request: pytest.FixtureRequest) -> str:
    """Each of the two clients of model servers."""
    return str(request.param)


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Give the module `adopter` names, so that `adopter:name` is an entry point."""
    module = ModuleType("adopter")
    monkeypatch.setitem(sys.modules, "adopter", module)
    return vars(module).update


@pytest.fixture
def postgres_admin(postgres: PostgresServer) -> PostgresAdmin:
    """An administrator of the test's PostgreSQL."""
    return PostgresAdmin(postgres.admin_url)


@asynccontextmanager
async def open_chat(
    app: Database, jobs: Database, redis: Redis, **urls: Any
) -> AsyncIterator[Chat]:
    """Open a chat without a worker; close the workers that tests start."""
    settings = TodoAgentSettings(
        database_url=plain_url(app),
        jobs_database_url=plain_url(jobs),
        todochat_service_secret="s" * 32,
        model="scripted",
        api="responses",
        model_timeout_s=20,
        tasks_retry_budget_s=1,
        **urls,
    )
    async with AsyncExitStack() as stack:
        chat = Chat(app, jobs, redis, settings, stack)
        try:
            yield chat
        finally:
            for worker in chat.workers:
                await worker.aclose(0)


@pytest.fixture
def urls(redis_url: str, model: ScriptedModelServer, tasks: TasksStandIn) -> dict[str, str]:
    """URLs of Redis, tasks and the model server, by setting."""
    return {"redis_url": redis_url, "tasks_url": tasks.url, "openai_base_url": model.url}


@pytest_asyncio.fixture
async def chat(
    chat_db: Database, jobs_db: Database, redis: Redis, urls: dict[str, Any]
) -> AsyncIterator[Chat]:
    """A chat without a worker."""
    async with open_chat(chat_db, jobs_db, redis, **urls) as chat:
        yield chat


@pytest_asyncio.fixture
async def own_chat(
    own_postgres: tuple[PostgresProcess, DatabaseUrls], redis: Redis, urls: dict[str, Any]
) -> AsyncIterator[Chat]:
    """A chat without a worker on a PostgreSQL that the test may stop."""
    _, own = own_postgres
    app = Database(create_engine(own.app, application_name="test-app"))
    jobs = Database(create_engine(own.jobs, application_name="test-jobs"))
    async with open_chat(app, jobs, redis, **urls) as chat:
        yield chat
    await app.aclose()
    await jobs.aclose()


@pytest_asyncio.fixture
async def tasks() -> AsyncIterator[TasksStandIn]:
    """A fake tasks service."""
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
