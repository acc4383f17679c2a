"""Fixtures of todo-agent: a migrated chat database, emptied before each test."""

import warnings

with warnings.catch_warnings():
    # It warns of its own widget classes when it is imported, and warnings are errors here.
    warnings.filterwarnings("ignore", "Direct usage of named widget", DeprecationWarning)
    import chatkit.widgets  # noqa: F401

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ClientToolCallItem,
    HiddenContextItem,
    StructuredInput,
    StructuredInputFreeform,
    StructuredInputItem,
    ThreadMetadata,
    WidgetItem,
    is_streaming_req,
)
from redis.asyncio import Redis

import todo_agent.migrations
from todo_agent.chatkit.acceptance import Acceptance, AcceptedRun, Arrival
from todo_agent.chatkit.context import IdScope, RequestContext
from todo_agent.chatkit.requests import (
    SimpleForm,
    parse_request,
    simple_submission,
    submission_of,
)
from todo_agent.chatkit.server import AcceptingServer
from todo_agent.chatkit.store import PostgresStore
from todo_agent.events.run_signals import RunSignals
from todo_agent.storage.run_repository import RunRepository
from todochat.clock import utc_now
from todochat.database import Database, create_engine
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.ids import new_id
from todochat.testing.servers import PostgresServer
from todochat.testing.waiting import wait_until


def pytest_configure(config: pytest.Config) -> None:
    """Bear with openai-chatkit, which also warns whenever it reads a stored widget."""
    config.addinivalue_line(
        "filterwarnings", "ignore:Direct usage of named widget classes:DeprecationWarning"
    )


MIGRATIONS = Path(todo_agent.migrations.__file__).parent


@pytest.fixture(scope="session")
def chat_urls(postgres: PostgresServer) -> Iterator[DatabaseUrls]:
    """A migrated database, as its three roles reach it."""
    urls = asyncio.run(postgres.create_database("chat"))
    run_migrations(urls.owner, MIGRATIONS)
    yield urls
    asyncio.run(postgres.drop_database(urls))


@pytest_asyncio.fixture
async def empty_chat(chat_urls: DatabaseUrls) -> DatabaseUrls:
    """The same, without a row."""
    connection = await asyncpg.connect(chat_urls.owner)
    try:
        await connection.execute("TRUNCATE owners, threads, attachments, runs, erasures CASCADE")
    finally:
        await connection.close()
    return chat_urls


@pytest_asyncio.fixture
async def chat_db(empty_chat: DatabaseUrls) -> AsyncIterator[Database]:
    """The database as requests see it: row-level security holds."""
    database = Database(create_engine(empty_chat.app, application_name="test-app"))
    yield database
    await database.aclose()


@pytest_asyncio.fixture
async def jobs_db(empty_chat: DatabaseUrls) -> AsyncIterator[Database]:
    """The database as workers' jobs see it."""
    database = Database(create_engine(empty_chat.jobs, application_name="test-jobs"))
    yield database
    await database.aclose()


@pytest.fixture
def runs(jobs_db: Database) -> RunRepository:
    """The run repository of a worker."""
    return RunRepository(jobs_db)


class Admin:
    """A connection that row-level security doesn't hold, to set a scene and to look behind it."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def value(self, query: str, *arguments: object) -> Any:
        """Return the first column of the first row."""
        return await self._connection.fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: object) -> None:
        """Run a statement."""
        await self._connection.execute(query, *arguments)

    async def expire_lease(self, run_id: str) -> None:
        """Make a run look as if its worker had died."""
        await self.execute(
            "UPDATE runs SET lease_until = now() - interval '1 s' WHERE run_id = $1", run_id
        )


@pytest_asyncio.fixture
async def admin(postgres: PostgresServer, empty_chat: DatabaseUrls) -> AsyncIterator[Admin]:
    """The superuser's view of the chat database."""
    database = empty_chat.owner.rpartition("/")[2]
    connection = await asyncpg.connect(postgres.admin_url, database=database)
    yield Admin(connection)
    await connection.close()


@pytest.fixture
def make_user() -> Callable[[], str]:
    """Make a new user's id."""
    return lambda: new_id("usr")


class Chat:
    """What the gateway does with one api process, without HTTP in between."""

    def __init__(self, database: Database, redis: Redis, max_active_runs: int = 5) -> None:
        self.store = PostgresStore(database)
        self.server = AcceptingServer(self.store)
        self.acceptance = Acceptance(
            database, self.server, RunSignals(redis), max_active_runs=max_active_runs
        )

    async def accept(self, request: Any, user_id: str, **arrival: Any) -> AcceptedRun:
        """Accept a request, given as an object or as the bytes of its body."""
        body = request if isinstance(request, bytes) else msgspec.json.encode(request)
        parsed = parse_request(body)
        if isinstance(parsed, SimpleForm):
            submission = simple_submission(parsed)
        else:
            assert is_streaming_req(parsed)
            submission = submission_of(parsed)
        arrival.setdefault("run_id", new_id("run"))
        return await self.acceptance.accept(
            submission, Arrival(user_id=user_id, body=body, **arrival)
        )

    def context(
        self, user_id: str, run_id: str | None = None, attempt: int | None = None
    ) -> RequestContext:
        """Make a request's context, or a run's if it is given one."""
        return RequestContext(
            user_id=user_id, ids=IdScope(run_id or new_id("run")), run_id=run_id, attempt=attempt
        )

    async def new_thread(self, user_id: str) -> ThreadMetadata:
        """Store an empty thread, without a run."""
        context = self.context(user_id)
        thread = ThreadMetadata(id=self.store.generate_thread_id(context), created_at=utc_now())
        await self.store.save_thread(thread, context)
        return thread


@pytest.fixture
def chat(chat_db: Database, redis: Redis) -> Chat:
    """An api process's parts on the empty database."""
    return Chat(chat_db, redis)


@pytest.fixture
def message() -> Callable[..., dict[str, Any]]:
    """Make a ChatKit request with a user message, for a new thread or a given one."""

    def make(text: str = "add milk", thread_id: str | None = None) -> dict[str, Any]:
        params: dict[str, Any] = {
            "input": {
                "content": [{"type": "input_text", "text": text}],
                "attachments": [],
                "quoted_text": "",
                "inference_options": {},
            }
        }
        if thread_id is None:
            return {"type": "threads.create", "params": params}
        return {
            "type": "threads.add_user_message",
            "params": {**params, "thread_id": thread_id},
        }

    return make


@pytest.fixture
def wait() -> Callable[..., Any]:
    """Wait for a state; see `todochat.testing.waiting`."""
    return wait_until


class Items:
    """Makes items for one thread, each later than the one before."""

    def __init__(self, thread_id: str) -> None:
        self._base: dict[str, Any] = {"thread_id": thread_id}
        self._now = utc_now()

    def answer(self, text: str = "done", **fields: Any) -> AssistantMessageItem:
        content = [AssistantMessageContent(text=text)]
        return AssistantMessageItem(content=content, **self._fields(fields))

    def hidden(self, **fields: Any) -> HiddenContextItem:
        return HiddenContextItem(content={"note": "n"}, **self._fields(fields))

    def tool_call(self, **fields: Any) -> ClientToolCallItem:
        made = self._fields(fields)
        return ClientToolCallItem(call_id=made["id"], name="ask", arguments={}, **made)

    def widget(self, **fields: Any) -> WidgetItem:
        card = {"type": "Card", "children": [{"type": "Text", "value": "hi"}]}
        return WidgetItem.model_validate({"widget": card, **self._fields(fields)})

    def question(self, **fields: Any) -> StructuredInputItem:
        inputs: list[StructuredInput] = [StructuredInputFreeform(id="q1", question="Which list?")]
        return StructuredInputItem(inputs=inputs, **self._fields(fields))

    def _fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        self._now += timedelta(seconds=1)
        return {"id": new_id("msg"), "created_at": self._now, **self._base, **fields}


@pytest.fixture
def items() -> Callable[[str], Items]:
    """Make items for a thread."""
    return Items
