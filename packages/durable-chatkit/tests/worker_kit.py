"""A real worker on real stores, and the view of its runs' viewers."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec
from chatkit.types import ThreadStreamEvent
from litestar.datastructures import State
from pydantic import TypeAdapter
from redis.asyncio import Redis
from sqlalchemy import text

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
from durable_chatkit.storage.run import CancelReason
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.storage.user_run_repository import UserRunRepository
from durable_chatkit.worker.leases import WorkerTimes
from durable_chatkit.worker.main import open_worker
from durable_chatkit.worker.worker import Worker
from todo_agent.settings import TodoAgentSettings
from todochat.bus.frames import Frame, parse_frames
from todochat.bus.keys import log_key, meta_key
from todochat.contracts.runs import AcceptedRun
from todochat.database import Database
from todochat.ids import new_id
from todochat.testing import wait_until
from todochat.testing.model_server import Gate

USER = "usr_ada"
Register = Callable[..., None]
# Workers poll often to keep tests short; leases are long enough for a busy machine.
TIMES = WorkerTimes(lease_s=30, renew_s=0.2, renew_timeout_s=5, stop_s=20, poll_s=0.2)
EVENT: TypeAdapter[ThreadStreamEvent] = TypeAdapter(ThreadStreamEvent)


def deltas(events: list[Any]) -> list[str]:
    """Return the text deltas of events."""
    return [
        event.update.delta
        for event in events
        if event.type == "thread.item.updated" and event.update.type.endswith("text_delta")
    ]


@dataclass
class Chat:
    """One user's chats from the API's and a viewer's side, and the workers."""

    db: Database
    jobs: Database
    redis: Redis
    settings: TodoAgentSettings
    stack: AsyncExitStack
    workers: list[Worker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = PostgresStore(self.db)
        server = AcceptingServer(self.store)
        signals = RunSignals(self.redis)
        self.acceptance = Acceptance(self.db, server, signals, max_active_runs=20)
        self.user_runs = UserRunRepository(self.db)
        self.signals = signals
        self.context = RequestContext(user_id=USER, ids=IdScope("test"))

    async def start_worker(self, times: WorkerTimes = TIMES, **changes: Any) -> Worker:
        settings = msgspec.structs.replace(self.settings, **changes)
        worker = await open_worker(settings, State(), self.stack, times)
        self.workers.append(worker)
        return worker

    async def say(self, message: str, thread_id: str | None = None, **arrival: Any) -> AcceptedRun:
        """Accept a message."""
        form = SimpleRequest(message, thread_id)
        return await self._accept(simple_submission(form), b"{}", **arrival)

    async def say_until(
        self, gate: Gate, message: str, thread_id: str | None = None
    ) -> AcceptedRun:
        """Accept a message and wait until its run reaches a gate."""
        run = await self.say(message, thread_id)
        await gate.wait_reached()
        return run

    async def request(self, body: dict[str, Any]) -> AcceptedRun:
        """Accept a ChatKit request."""
        raw = msgspec.json.encode(body)
        parsed: Any = parse_request(raw)
        return await self._accept(submission_of(parsed), raw)

    async def _accept(self, submission: Any, body: bytes, **arrival: Any) -> AcceptedRun:
        inbound = InboundRequest(
            user_id=USER,
            run_id=new_id("run"),
            body=body,
            timezone="Europe/Berlin",
            locale="de",
            **arrival,
        )
        return await self.acceptance.accept(submission, inbound)

    async def ask(self, message: str, thread_id: str | None = None) -> AcceptedRun:
        """Accept a message and wait for the end of its run."""
        run = await self.say(message, thread_id)
        await self.wait_for_end(run)
        return run

    async def cancel(self, run: AcceptedRun, reason: CancelReason = "user") -> None:
        outcome = await self.user_runs.request_cancel(run.run_id, USER, reason)
        if outcome is not None and outcome.stopped is not None:
            await self.signals.request_stop([outcome.stopped])

    async def frames(self, run: AcceptedRun) -> list[Frame]:
        entries: Any = await self.redis.xrange(log_key(run.run_id))
        return [
            frame for _, fields in entries for frame in parse_frames(next(iter(fields.values())))
        ]

    async def events(self, run: AcceptedRun) -> list[ThreadStreamEvent]:
        """Return the published events, parsed with openai-chatkit's types."""
        frames = await self.frames(run)
        return [EVENT.validate_json(frame.data) for frame in frames if frame.data is not None]

    async def has_text(self, run: AcceptedRun, text: str) -> bool:
        """Return whether the published deltas of all messages add up to `text`."""
        return "".join(deltas(await self.events(run))) == text

    async def wait_for_end(self, run: AcceptedRun, timeout_s: float = 15.0) -> str:
        """Wait until the run is closed; return the status of its end marker."""
        await wait_until(lambda: self._is_closed(run), timeout_s)
        ends = [frame.end for frame in await self.frames(run) if frame.end is not None]
        assert len(ends) == 1, ends
        return str(ends[0])

    async def _is_closed(self, run: AcceptedRun) -> bool:
        return (await self.row(run))["closed_at"] is not None

    async def row(self, run: AcceptedRun) -> dict[str, Any]:
        async with self.jobs.transaction(None) as session:
            statement = text("SELECT * FROM runs WHERE run_id = :run_id")
            result = await session.execute(statement, {"run_id": run.run_id})
            return dict(result.one()._mapping)

    async def has_steps(self, run: AcceptedRun, *keys: str) -> bool:
        """Return whether the journal has these steps."""
        return set(keys) <= set(await RunRepository(self.jobs).load_steps(run.run_id))

    async def expire_lease(self, run: AcceptedRun) -> None:
        """Expire the lease as if the run's worker had died.

        The worker's id changes, too, so that a renewal in flight can't extend the lease.
        """
        async with self.jobs.transaction(None) as session:
            statement = text(
                "UPDATE runs SET lease_until = now() - interval '1 second', worker_id = 'wrk_dead'"
                " WHERE run_id = :run_id"
            )
            await session.execute(statement, {"run_id": run.run_id})

    async def remove_end_marker(self, run: AcceptedRun) -> None:
        """Restore the state of a worker that died after storing the outcome, before writing the marker."""
        key = log_key(run.run_id)
        entries: Any = await self.redis.xrange(key)
        await self.redis.delete(key)
        for entry_id, fields in entries[:-1]:
            await self.redis.xadd(key, fields, entry_id)
        last_seq = entries[-2][0].split(b"-")[0]
        state: dict[Any, Any] = {"status": "running", "seq": last_seq}
        await self.redis.hset(meta_key(run.run_id), mapping=state)
        async with self.jobs.transaction(None) as session:
            statement = text(
                "UPDATE runs SET closed_at = NULL, worker_id = 'wrk_dead', lease_until = now()"
                " WHERE run_id = :run_id"
            )
            await session.execute(statement, {"run_id": run.run_id})

    async def claim_and_crash(self, run: AcceptedRun) -> bool:
        """Claim the run as a worker that dies immediately."""
        claimed = await RunRepository(self.jobs).claim("wrk_dead", 60)
        await self.expire_lease(run)
        return claimed is not None and claimed.run_id == run.run_id

    async def items(self, run: AcceptedRun) -> list[Any]:
        page = await self.store.load_thread_items(run.thread_id, None, 100, "asc", self.context)
        return page.data

    async def stopped_after(self, run: AcceptedRun) -> list[str]:
        """Return the last items of the responses that the user stopped, as a reload finds them."""
        return (await self.user_runs.list_cancelled_items(run.thread_id, USER)).stopped

    async def interrupted_after(self, run: AcceptedRun) -> list[str]:
        """The same for responses that were cancelled for another reason."""
        return (await self.user_runs.list_cancelled_items(run.thread_id, USER)).interrupted

    async def files(self) -> list[bytes]:
        """Return the contents of the user's files, uploaded or generated."""
        async with self.db.transaction(USER) as session:
            result = await session.execute(text("SELECT content FROM attachment_contents"))
            return list(result.scalars())

    async def journal_text(self, run: AcceptedRun) -> str:
        """Return all steps of a run, as text."""
        steps = await RunRepository(self.jobs).load_steps(run.run_id)
        return b"\n".join(steps.values()).decode()

    async def texts(self, run: AcceptedRun) -> list[str]:
        """Return the stored messages of the thread."""
        return [
            "".join(part.text for part in item.content)
            for item in await self.items(run)
            if item.type in {"user_message", "assistant_message"}
        ]


class PostgresAdmin:
    """Terminates connections of others."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url

    async def cut_waiting(self, statement: str) -> int:
        """Terminate the connections that wait for a lock in a statement; return their number."""
        connection = await asyncpg.connect(self._admin_url)
        try:
            return int(
                await connection.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND strpos(query, $1) > 0",
                    statement,
                )
            )
        finally:
            await connection.close()


def plain_url(db: Database) -> str:
    """Return the URL of a database."""
    url = db.engine.url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)
