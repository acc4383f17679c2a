"""Runs of all users, for workers: claim, renew, journal, finish, purge.

The states of a run and the statements that change them: `run_states`.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import TextClause, text

from durable_chatkit.storage.item_repository import ItemRepository, ItemRow
from durable_chatkit.storage.run import EndStatus, RunLease, RunRecord, run_values
from durable_chatkit.storage.run_states import (
    CLAIM,
    CLOSE,
    FINISH,
    PURGE_RUNS,
    PURGE_STEPS,
    RELEASE,
    RENEW,
    SAVE_ANSWER,
    SAVE_SEQ,
    SAVE_STEP,
)
from durable_chatkit.storage.thread_repository import ThreadRepository, ThreadRow
from durable_chatkit.storage.usage_repository import AnswerUsage
from todochat.bus.errors import RunLostError
from todochat.bus.limits import DEFAULT_LIMITS
from todochat.contracts.agents import DEFAULT_AGENT
from todochat.database import Database
from todochat.database.sql_transaction import SqlExecutor

PURGE_BATCH: Final = 500
NO_QUOTA: Final = 2**62
_PURGE_LOCK: Final = 0x70757267  # "purg": one worker purges at a time

_LOAD_STEPS: Final = text("SELECT key, payload FROM run_steps WHERE run_id = :run_id")

_EARLIER_TOOL_STEPS: Final = text("""
    SELECT run_id, key, payload FROM run_steps JOIN runs USING (run_id)
     WHERE runs.thread_id = :thread_id AND runs.user_message_id = :user_message_id
       AND runs.run_id <> :run_id AND run_steps.key LIKE 'tool/%'
     ORDER BY runs.created_at, run_steps.created_at, run_steps.key
""")

# Later turns of the thread, actions included: the retry has removed them from the conversation.
_REMOVED_TOOL_STEPS: Final = text("""
    SELECT run_id, key, payload FROM run_steps JOIN runs USING (run_id)
     WHERE runs.thread_id = :thread_id AND runs.run_id <> :run_id
       AND runs.user_message_id IS DISTINCT FROM :user_message_id
       AND runs.created_at > (
           SELECT min(created_at) FROM runs
            WHERE thread_id = :thread_id AND user_message_id = :user_message_id)
       AND run_steps.key LIKE 'tool/%'
     ORDER BY runs.created_at, run_steps.created_at, run_steps.key
""")

_QUEUE: Final = text("""
    SELECT count(*) AS length,
           coalesce(extract(epoch FROM now() - min(created_at)), 0) AS oldest_s
      FROM runs WHERE agent = :agent AND closed_at IS NULL AND status = 'queued'
""")

OPENING_ITEMS: Final = 51  # the first page of a history, and one that shows whether there are more


class Opening(msgspec.Struct, frozen=True):
    """A run's thread and up to OPENING_ITEMS of its newest items, as the claim has read them."""

    thread: ThreadRow
    items: list[ItemRow]

    def find_item(self, item_id: str) -> ItemRow | None:
        """Return an item if it is among the newest ones."""
        return next((item for item in self.items if item.id == item_id), None)

    def newest_items(self, limit: int) -> list[ItemRow] | None:
        """Return up to `limit` of the thread's newest items; None if they weren't loaded."""
        if limit > len(self.items) == OPENING_ITEMS:
            return None
        return self.items[:limit]


async def load_opening(session: SqlExecutor, agent: str, thread_id: str) -> Opening | None:
    """Load the thread of a run; None if it has been deleted."""
    thread = await ThreadRepository(session, agent).load_thread(thread_id)
    if thread is None:
        return None
    items = ItemRepository(session, agent)
    return Opening(thread, await items.list_items(thread_id, None, OPENING_ITEMS, "desc"))


class LogPosition(NamedTuple):
    """The last seq of a run's log, and its size; None if the size isn't known yet."""

    seq: int
    size_bytes: int | None = None


class QueueLength(NamedTuple):
    """The number of queued runs, and the age of the oldest one in seconds."""

    length: int
    oldest_s: float


class RunClaim(RunRecord, frozen=True, kw_only=True):
    """A run that was just claimed.

    Args:
        taken_over: the run was taken over after its lease had expired.
        has_more: more runs wait to be claimed.
        opening: None if the thread has been deleted.
    """

    taken_over: bool
    has_more: bool
    opening: Opening | None


class RunRepository:
    """Reads and writes runs of all users.

    Args:
        db: bound to the role `chat_jobs`, whose policies permit exactly this.
        agent: only its runs are claimed and counted.
    """

    def __init__(self, db: Database, agent: str = DEFAULT_AGENT) -> None:
        self._db = db
        self._agent = agent

    async def claim(self, worker_id: str, lease_s: float) -> RunClaim | None:
        """Claim the agent's oldest unclaimed run and load its thread, or None.

        This may be a run that has ended but whose end marker may be missing; the caller then only
        writes the marker and calls `close`. See `RunRecord.is_poisoned`.
        """
        async with self._db.sql_transaction(None) as session:
            result = await session.execute(
                CLAIM,
                {
                    "agent": self._agent,
                    "worker_id": worker_id,
                    "lease": timedelta(seconds=lease_s),
                },
            )
            row = result.one_or_none()
            if row is None:
                return None
            opening = await load_opening(session, self._agent, row.thread_id)
        values = run_values(row)
        del values["bound_user"]
        return RunClaim(**values, opening=opening)

    async def renew(
        self,
        worker_id: str,
        lease_s: float,
        positions: Mapping[str, LogPosition] | None = None,
    ) -> list[RunLease]:
        """Renew leases of a worker in one statement; a run missing from the result is lost.

        Args:
            positions: the runs to renew (None: all), each with its last published seq, which is
                stored in case the log is lost, and the size of its log. A run that its worker has
                released must not be among them, or it would never be taken over.
        """
        renewed = positions or {}
        values = {
            "worker_id": worker_id,
            "lease": timedelta(seconds=lease_s),
            "all": positions is None,
            "run_ids": list(renewed),
            "seqs": [position.seq for position in renewed.values()],
            "log_bytes": [position.size_bytes for position in renewed.values()],
        }
        return [RunLease(*row) for row in await self._db.execute(RENEW, values)]

    async def release(self, run_id: str, worker_id: str, attempt: int) -> bool:
        """Return a run to the queue immediately; this doesn't count as a crash."""
        return await self._changed(RELEASE, run_id=run_id, worker_id=worker_id, attempt=attempt)

    async def finish(
        self,
        run_id: str,
        attempt: int,
        status: EndStatus,
        error: str | None,
        seq_high: int,
        log_bytes: int | None = None,
    ) -> bool:
        """Store a run's outcome, before its end marker is written; False if the run is lost.

        From here on the thread accepts the next message. The lease stays until `close`, so that
        another worker writes the marker if this one dies first.

        Args:
            error: a short code for operators, None unless the run failed.
            log_bytes: the size of its log; None keeps the value of the last renewal.
        """
        return await self._changed(
            FINISH,
            run_id=run_id,
            attempt=attempt,
            status=status,
            error=error,
            seq_high=seq_high,
            log_bytes=log_bytes,
        )

    async def close(
        self, run_id: str, attempt: int, *, log_quota_bytes: int = NO_QUOTA
    ) -> list[str] | None:
        """Close a run whose end marker is in the log; it is never claimed again.

        Returns:
            The user's other ended runs whose logs exceed the quota, to be dropped from Redis; None
            if the run is lost.
        """
        values = {
            "run_id": run_id,
            "attempt": attempt,
            "quota": log_quota_bytes,
            "log_ttl": timedelta(seconds=DEFAULT_LIMITS.ended_ttl_s),
        }
        row = (await self._db.execute(CLOSE, values)).one_or_none()
        return list(row.dropped) if row is not None else None

    async def save_seq_high(self, run_id: str, attempt: int, seq: int) -> None:
        """Store the last published seq, in case the log is lost.

        Raises:
            RunLostError: another attempt has the run.
        """
        if not await self._changed(SAVE_SEQ, run_id=run_id, attempt=attempt, seq_high=seq):
            raise RunLostError(run_id)

    async def load_steps(self, run_id: str) -> dict[str, bytes]:
        """Return the run's journal."""
        result = await self._db.execute(_LOAD_STEPS, {"run_id": run_id})
        return {row.key: row.payload for row in result}

    async def save_step(
        self,
        run_id: str,
        attempt: int,
        key: str,
        payload: bytes,
        usage: AnswerUsage | None = None,
        earlier: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """Insert a step of the journal; a step is never written twice.

        Args:
            usage: of the model call that the step records; inserted in the same statement.
            earlier: steps that wait for this one; inserted in the same statement, too.

        Raises:
            RunLostError: another attempt has the run.
            IntegrityError: the step exists already, which only a bug can cause.
        """
        values = {
            "run_id": run_id,
            "attempt": attempt,
            "key": key,
            "payload": payload,
            "earlier_keys": list(earlier),
            "earlier_payloads": list(earlier.values()),
        }
        statement = SAVE_STEP
        if usage is not None:
            statement = SAVE_ANSWER
            values |= msgspec.structs.asdict(usage)
        if not await self._changed(statement, **values):
            raise RunLostError(run_id)

    async def load_earlier_tool_steps(self, run: RunRecord) -> list[tuple[str, str, bytes]]:
        """Return the tool steps of earlier runs of the same user message, oldest first.

        A retry doesn't undo their effects, so the model needs to know of them.

        Returns:
            Run id, key and payload of each.
        """
        return await self._tool_steps(_EARLIER_TOOL_STEPS, run)

    async def load_removed_tool_steps(self, run: RunRecord) -> list[tuple[str, str, bytes]]:
        """Return the tool steps of the turns after a retried message, oldest first.

        Returns:
            Run id, key and payload of each.
        """
        return await self._tool_steps(_REMOVED_TOOL_STEPS, run)

    async def _tool_steps(
        self, statement: TextClause, run: RunRecord
    ) -> list[tuple[str, str, bytes]]:
        values = {
            "thread_id": run.thread_id,
            "user_message_id": run.user_message_id,
            "run_id": run.run_id,
        }
        result = await self._db.execute(statement, values)
        return [(row.run_id, row.key, row.payload) for row in result]

    async def purge(self, *, keep_runs_s: float, keep_steps_s: float) -> tuple[int, int] | None:
        """Delete one batch of expired runs and steps; None if another worker is purging.

        Args:
            keep_runs_s: age since closing; not under 7 days, how long idempotency keys live.
            keep_steps_s: age since closing.

        Returns:
            The numbers of deleted runs and steps; call again while either is a full batch.
        """
        async with self._db.sql_transaction(None) as session:
            lock = text("SELECT pg_try_advisory_xact_lock(:key)")
            if not (await session.execute(lock, {"key": _PURGE_LOCK})).scalar_one():
                return None
            steps = await session.execute(
                PURGE_STEPS, {"keep": timedelta(seconds=keep_steps_s), "batch": PURGE_BATCH}
            )
            runs = await session.execute(
                PURGE_RUNS, {"keep": timedelta(seconds=keep_runs_s), "batch": PURGE_BATCH}
            )
            return len(runs.all()), len(steps.all())

    async def count_queued(self) -> int:
        """Return the number of the agent's queued runs, of all users."""
        return (await self.read_queue()).length

    async def read_queue(self) -> QueueLength:
        """Return the number of the agent's queued runs, of all users, and the age of the oldest."""
        row = (await self._db.execute(_QUEUE, {"agent": self._agent})).one()
        return QueueLength(int(row.length), max(0.0, float(row.oldest_s)))

    async def _changed(self, statement: TextClause, **values: object) -> bool:
        return (await self._db.execute(statement, values)).first() is not None
