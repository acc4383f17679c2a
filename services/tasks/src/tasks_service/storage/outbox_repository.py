"""Queries on a user's counters and outbox; the counters number the outbox."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.change import Change
from tasks_service.storage.records import CounterRecord, EventRecord


class StoredChange(msgspec.Struct, frozen=True):
    """A change in the outbox; `seq` grows by one with each change of a user."""

    seq: int
    payload: dict[str, object]


class OutboxRepository:
    """The counters and outbox of one user, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def lock_counters(self) -> CounterRecord:
        """Lock the user's counters until the commit, waiting for the user's other changes."""
        statement = (
            select(CounterRecord).where(CounterRecord.user_id == self._user_id).with_for_update()
        )
        counters = await self._session.scalar(statement)
        if counters is None:
            new = upsert(CounterRecord).values(user_id=self._user_id).on_conflict_do_nothing()
            await self._session.execute(new)
            counters = (await self._session.scalars(statement)).one()
        return counters

    async def append(self, changes: Sequence[tuple[int, Change]]) -> None:
        """Write changes with their sequence numbers."""
        await self._session.execute(
            insert(EventRecord),
            [
                {
                    "user_id": self._user_id,
                    "seq": seq,
                    "type": change.type,
                    "task_id": change.task.id if change.task else None,
                    "list_id": change.list.id if change.list else None,
                    "actor": change.actor,
                    "run_id": change.run_id,
                    "payload": msgspec.to_builtins(change),
                    "occurred_at": change.occurred_at,
                }
                for seq, change in changes
            ],
        )

    async def read(self, *, after: int, limit: int) -> list[StoredChange]:
        """Return at most `limit` changes after `after`."""
        statement = (
            select(EventRecord.seq, EventRecord.payload)
            .where(EventRecord.user_id == self._user_id, EventRecord.seq > after)
            .order_by(EventRecord.seq)
            .limit(limit)
        )
        return [
            StoredChange(seq, payload) for seq, payload in await self._session.execute(statement)
        ]

    async def last_seq(self) -> int:
        """Return the sequence number of the last change; 0 if there is none."""
        statement = select(CounterRecord.last_event_seq).where(
            CounterRecord.user_id == self._user_id
        )
        return await self._session.scalar(statement) or 0
