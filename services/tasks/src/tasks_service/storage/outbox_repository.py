"""Queries on a user's counters and outbox; the counters number the outbox."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import text

from tasks_service.domain.change import Change
from todochat.database.sql_transaction import SqlTransaction

_LOCK_COUNTERS: Final = text(
    "SELECT last_number, last_event_seq FROM user_counters WHERE user_id = :user_id FOR UPDATE"
)
_CREATE_COUNTERS: Final = text(
    "INSERT INTO user_counters (user_id) VALUES (:user_id) ON CONFLICT DO NOTHING"
)
_APPEND: Final = text("""
    WITH counted AS (
        UPDATE user_counters SET last_number = :last_number, last_event_seq = :last_event_seq
         WHERE user_id = :user_id)
    INSERT INTO task_events
           (user_id, seq, type, task_id, list_id, actor, run_id, payload, occurred_at)
    SELECT :user_id, seq, type, task_id, list_id, actor, run_id, payload, occurred_at
      FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS event
           (seq bigint, type text, task_id text, list_id text, actor text, run_id text,
            payload jsonb, occurred_at timestamptz)
""")


_READ: Final = text("""
    SELECT counters.last_event_seq AS newest, event.seq, event.payload
      FROM user_counters AS counters LEFT JOIN LATERAL (
           SELECT seq, CAST(payload AS text) AS payload FROM task_events
            WHERE user_id = counters.user_id AND seq > CAST(:after AS bigint)
            ORDER BY seq LIMIT :limit) AS event ON true
     WHERE counters.user_id = :user_id
     ORDER BY event.seq
""")


class StoredChange(msgspec.Struct, frozen=True):
    """A change in the outbox, as JSON; `seq` grows by one with each change of a user."""

    seq: int
    payload: str


class Counters(msgspec.Struct):
    """The numbers that a user's newest task and change have."""

    last_number: int
    last_event_seq: int


class OutboxWriter:
    """Locks and writes the counters and outbox of one user, in one transaction."""

    def __init__(self, transaction: SqlTransaction, user_id: str) -> None:
        self._transaction = transaction
        self._user_id = user_id

    async def lock_counters(self) -> Counters:
        """Lock the user's counters until the commit, waiting for the user's other changes."""
        user = {"user_id": self._user_id}
        row = (await self._transaction.execute(_LOCK_COUNTERS, user)).first()
        if row is None:
            await self._transaction.execute(_CREATE_COUNTERS, user)
            row = (await self._transaction.execute(_LOCK_COUNTERS, user)).one()
        return Counters(*row)

    async def append(self, changes: Sequence[tuple[int, Change]], counters: Counters) -> None:
        """Write changes with their sequence numbers, and the counters."""
        rows = [
            {
                "seq": seq,
                "type": change.type,
                "task_id": change.task.id if change.task else None,
                "list_id": change.list.id if change.list else None,
                "actor": change.actor,
                "run_id": change.run_id,
                "payload": change,
                "occurred_at": change.occurred_at,
            }
            for seq, change in changes
        ]
        values = {
            "user_id": self._user_id,
            "events": msgspec.json.encode(rows).decode(),
            "last_number": counters.last_number,
            "last_event_seq": counters.last_event_seq,
        }
        await self._transaction.execute(_APPEND, values)


async def read_outbox(
    transaction: SqlTransaction, user_id: str, *, after: int | None, limit: int
) -> tuple[int, list[StoredChange]]:
    """Return the number of a user's last change, 0 if there is none, and changes after `after`.

    Both are of one moment. There are at most `limit` changes, none if `after` is None.
    """
    values = {"user_id": user_id, "after": after, "limit": limit}
    rows = (await transaction.execute(_READ, values)).all()
    newest: int = rows[0].newest if rows else 0
    return newest, [StoredChange(row.seq, row.payload) for row in rows if row.seq is not None]
