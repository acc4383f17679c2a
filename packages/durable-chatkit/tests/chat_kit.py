"""An API process without HTTP, items to store, and a superuser's connection."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ClientToolCallItem,
    HiddenContextItem,
    StructuredInput,
    StructuredInputFreeform,
    StructuredInputItem,
    ThreadItem,
    ThreadMetadata,
    WidgetItem,
    is_streaming_req,
)
from redis.asyncio import Redis

from durable_chatkit.chatkit.acceptance import Acceptance, InboundRequest
from durable_chatkit.chatkit.context import IdScope, RequestContext
from durable_chatkit.chatkit.requests import (
    SimpleRequest,
    parse_request,
    simple_submission,
    submission_of,
)
from durable_chatkit.chatkit.server import AcceptingServer
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.events.run_signals import RunSignals
from durable_chatkit.storage.run import RunRecord
from durable_chatkit.storage.run_repository import NO_QUOTA, RunRepository
from todochat.clock import utc_now
from todochat.contracts.agents import DEFAULT_AGENT
from todochat.contracts.runs import AcceptedRun
from todochat.database import Database
from todochat.ids import new_id


class Admin:
    """A connection that bypasses row-level security, to prepare and inspect rows."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def value(self, query: str, *arguments: object) -> Any:
        """Return the first column of the first row."""
        return await self._connection.fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: object) -> None:
        """Run a statement."""
        await self._connection.execute(query, *arguments)

    async def expire_lease(self, run_id: str) -> None:
        """Expire a run's lease as if its worker had died."""
        await self.execute(
            "UPDATE runs SET lease_until = now() - interval '1 s' WHERE run_id = $1", run_id
        )


class Chat:
    """Calls one API process like the gateway, without HTTP."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        max_active_runs: int = 5,
        log_quota_bytes: int = NO_QUOTA,
        agent: str = DEFAULT_AGENT,
    ) -> None:
        self.store = PostgresStore(database, agent=agent)
        self.server = AcceptingServer(self.store)
        self.acceptance = Acceptance(
            database,
            self.server,
            RunSignals(redis),
            max_active_runs=max_active_runs,
            log_quota_bytes=log_quota_bytes,
            agent=agent,
        )

    async def accept(self, request: Any, user_id: str, **arrival: Any) -> AcceptedRun:
        """Accept a request, given as an object or as the bytes of its body."""
        body = request if isinstance(request, bytes) else msgspec.json.encode(request)
        parsed = parse_request(body)
        if isinstance(parsed, SimpleRequest):
            submission = simple_submission(parsed)
        else:
            assert is_streaming_req(parsed)
            submission = submission_of(parsed)
        arrival.setdefault("run_id", new_id("run"))
        return await self.acceptance.accept(
            submission, InboundRequest(user_id=user_id, body=body, **arrival)
        )

    def context(
        self, user_id: str, run_id: str | None = None, attempt: int | None = None
    ) -> RequestContext:
        """Make the context of a request, or of a run if `run_id` is given."""
        return RequestContext(
            user_id=user_id, ids=IdScope(run_id or new_id("run")), run_id=run_id, attempt=attempt
        )

    async def new_thread(self, user_id: str) -> ThreadMetadata:
        """Store an empty thread, without a run."""
        context = self.context(user_id)
        thread = ThreadMetadata(id=self.store.generate_thread_id(context), created_at=utc_now())
        await self.store.save_thread(thread, context)
        return thread

    async def add_items(self, user_id: str, *items: ThreadItem) -> None:
        """Store items in their threads."""
        for item in items:
            await self.store.add_thread_item(item.thread_id, item, self.context(user_id))

    async def load_items(self, user_id: str, thread_id: str) -> list[Any]:
        """Return the stored items of a short thread, the oldest first."""
        context = self.context(user_id)
        page = await self.store.load_thread_items(thread_id, None, 100, "asc", context)
        return page.data


class Items:
    """Makes items for one thread, each later than the one before."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id
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


async def claim(runs: RunRepository, worker_id: str = "w1") -> RunRecord:
    """Claim the queued run for a minute."""
    run = await runs.claim(worker_id, 60)
    assert run is not None
    return run


MakeItems = Callable[[str], Items]
MakeMessage = Callable[..., dict[str, Any]]
MakeUser = Callable[[], str]
