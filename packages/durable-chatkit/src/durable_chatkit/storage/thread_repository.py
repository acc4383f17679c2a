"""Threads of the session's user."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import text

from durable_chatkit.storage.cursor import Cursor, Order, keyset
from durable_chatkit.storage.run import StoppedRun
from durable_chatkit.storage.run_states import STOP_OF_THREAD
from todochat.contracts.agents import DEFAULT_AGENT
from todochat.database.sql_transaction import SqlExecutor

CHANGEABLE: Final = ("title", "status", "metadata", "allowed_image_domains")

_COLUMNS: Final = """
    id, title, CAST(status AS text) AS status, CAST(metadata AS text) AS metadata,
    CAST(allowed_image_domains AS text) AS allowed_image_domains, created_at, conversation_id,
    agent
"""
_OF_AGENT: Final = "agent = coalesce(CAST(:agent AS text), agent)"

_LOAD: Final = text(
    f"SELECT {_COLUMNS} FROM threads WHERE id = :id AND {_OF_AGENT}"  # noqa: S608 - constants
)

_INSERT: Final = text("""
    WITH owner AS (
        INSERT INTO owners (user_id, last_conversation_id) VALUES (:user_id, 1)
        ON CONFLICT (user_id)
        DO UPDATE SET last_conversation_id = owners.last_conversation_id + 1
        RETURNING last_conversation_id)
    INSERT INTO threads (id, user_id, conversation_id, title, status, metadata,
                         allowed_image_domains, created_at, updated_at, agent)
    SELECT :id, :user_id, last_conversation_id, :title, :status, :metadata,
           :allowed_image_domains, :created_at, now(), :agent
      FROM owner
    RETURNING conversation_id
""")

# Only the changed fields: the user may rename a thread while an agent changes another field.
_UPDATE: Final = text(f"""
    UPDATE threads
       SET title = CASE WHEN :has_title THEN :title ELSE title END,
           status = CASE WHEN :has_status THEN CAST(:status AS jsonb) ELSE status END,
           metadata = CASE WHEN :has_metadata THEN CAST(:metadata AS jsonb) ELSE metadata END,
           allowed_image_domains = CASE WHEN :has_allowed_image_domains
               THEN CAST(:allowed_image_domains AS jsonb) ELSE allowed_image_domains END,
           updated_at = now()
     WHERE id = :id AND {_OF_AGENT}
    RETURNING {_COLUMNS}
""")  # noqa: S608 - a constant

# The lock under which requests are accepted: no run can start while the thread is deleted.
_LOCK_OWNER: Final = text("SELECT 1 FROM owners WHERE user_id = :user_id FOR UPDATE")

_DELETE_STEPS: Final = text("""
    DELETE FROM run_steps WHERE run_id IN (
        SELECT run_id FROM runs WHERE thread_id = :id AND status NOT IN ('queued', 'running'))
""")

_DELETE: Final = text(
    f"DELETE FROM threads WHERE id = :id AND {_OF_AGENT} RETURNING 1"  # noqa: S608 - a constant
)


class ThreadRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thread; `status`, `metadata` and `allowed_image_domains` are JSON."""

    id: str
    title: str | None
    status: str
    metadata: str
    allowed_image_domains: str | None
    created_at: datetime
    conversation_id: int = 0
    agent: str = DEFAULT_AGENT


class ThreadRepository:
    """Reads and writes threads inside one transaction.

    Args:
        agent: the threads of other agents count as missing; None: those of all agents.
    """

    def __init__(self, session: SqlExecutor, agent: str | None) -> None:
        self._session = session
        self._agent = agent

    async def load_thread(self, thread_id: str) -> ThreadRow | None:
        """Return a thread, or None."""
        values = {"id": thread_id, "agent": self._agent}
        row = (await self._session.execute(_LOAD, values)).one_or_none()
        return ThreadRow(**row._asdict()) if row is not None else None

    async def list_threads(self, after: Cursor | None, limit: int, order: Order) -> list[ThreadRow]:
        """Return up to `limit` threads after a cursor."""
        key = keyset(after, order)
        statement = text(
            f"SELECT {_COLUMNS} FROM threads WHERE {_OF_AGENT} AND {key.condition}"  # noqa: S608 - constants
            f" ORDER BY {key.order_by} LIMIT :limit"
        )
        values = {"agent": self._agent, "limit": limit, **key.values}
        result = await self._session.execute(statement, values)
        return [ThreadRow(**row._asdict()) for row in result]

    async def insert_thread(self, thread: ThreadRow, user_id: str) -> int:
        """Insert a thread of the agent; returns its conversation ID, the user's next one.

        Raises:
            IntegrityError: the id is taken.
        """
        values = {**msgspec.structs.asdict(thread), "user_id": user_id, "agent": self._agent}
        del values["conversation_id"]
        return int((await self._session.execute(_INSERT, values)).scalar_one())

    async def update_thread(self, thread: ThreadRow, changed: Collection[str]) -> ThreadRow | None:
        """Update some fields of a thread; returns the updated thread, None if there is none.

        Args:
            changed: names of fields, from CHANGEABLE.
        """
        values: dict[str, object] = {"id": thread.id, "agent": self._agent}
        for name in CHANGEABLE:
            values |= {name: getattr(thread, name), f"has_{name}": name in changed}
        row = (await self._session.execute(_UPDATE, values)).one_or_none()
        return ThreadRow(**row._asdict()) if row is not None else None

    async def delete_thread(self, thread_id: str, user_id: str) -> list[StoppedRun] | None:
        """Delete a thread with its content and request cancellation of its active runs.

        Returns:
            The runs that were active; None if there is no such thread.
        """
        await self._session.execute(_LOCK_OWNER, {"user_id": user_id})
        if await self.load_thread(thread_id) is None:
            return None
        stopped = await self._session.execute(STOP_OF_THREAD, {"id": thread_id})
        runs = [StoppedRun(*row) for row in stopped]
        await self._session.execute(_DELETE_STEPS, {"id": thread_id})
        values = {"id": thread_id, "agent": self._agent}
        deleted = await self._session.execute(_DELETE, values)
        return runs if deleted.first() is not None else None
