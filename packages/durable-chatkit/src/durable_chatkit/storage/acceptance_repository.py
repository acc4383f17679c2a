"""The statements of acceptance, which run in one transaction bound to the user."""

from datetime import datetime
from typing import Final, Literal, cast

import msgspec
from sqlalchemy import text

from durable_chatkit.storage.run import AcceptedFields, RunKind
from durable_chatkit.storage.run_states import ACCEPT_SQL
from durable_chatkit.storage.thread_repository import ThreadRow
from todochat.database.sql_transaction import SqlExecutor

# True if the account is being erased or was erased: policies show a user only the own account's row.
# Read after the lock, so that an erasure is either visible or starts later and deletes these writes.
IS_ERASED_SQL: Final = "EXISTS (SELECT 1 FROM erasures)"

# Locks the user's row first: requests of one user are accepted one after the other, so conversation
# IDs, the limit of concurrent runs and repeated keys need no other synchronization.
# The timeout is set for this transaction only.
_LOCK: Final = text("""
    WITH timeout AS (SELECT set_config('lock_timeout', CAST(:wait AS text), true))
    INSERT INTO owners (user_id, last_conversation_id)
    SELECT :user_id, 0 FROM timeout
    ON CONFLICT (user_id) DO UPDATE SET last_conversation_id = owners.last_conversation_id
""")

_READ: Final = text(f"""
    SELECT earlier.run_id, earlier.thread_id, earlier.conversation_id, earlier.body_hash,
           earlier.agent,
           (SELECT count(*) FROM runs
             WHERE user_id = :user_id AND kind = :kind
               AND status IN ('queued', 'running')) AS active_runs,
           (SELECT CAST(coalesce(sum(log_bytes), 0) AS bigint) FROM runs
             WHERE user_id = :user_id AND status IN ('queued', 'running')) AS active_log_bytes,
           thread.id, thread.title, CAST(thread.status AS text), CAST(thread.metadata AS text),
           CAST(thread.allowed_image_domains AS text), thread.created_at, thread.conversation_id,
           (SELECT run_id FROM runs
             WHERE thread_id = thread.id AND kind = 'agent'
               AND status IN ('queued', 'running')) AS busy_run_id,
           (SELECT max(created_at) FROM items WHERE thread_id = thread.id) AS newest_item_at,
           {IS_ERASED_SQL} AS is_erased
      FROM (SELECT 1) AS one
      LEFT JOIN LATERAL (
           SELECT run_id, thread_id, conversation_id, body_hash, agent FROM runs
            WHERE user_id = :user_id AND (idempotency_key = :idempotency_key OR run_id = :run_id)
            ORDER BY idempotency_key = :idempotency_key DESC NULLS LAST
            LIMIT 1) AS earlier ON true
      LEFT JOIN threads AS thread
        ON thread.user_id = :user_id AND thread.agent = :agent
       AND (thread.id = :thread_id OR thread.conversation_id = :conversation_id)
""")  # noqa: S608 - a constant

# All inserts in one round trip: the thread and its number if the turn creates one, the message if
# there is one, and the run.
_WRITE: Final = text(
    """
    WITH owner AS (
        UPDATE owners SET last_conversation_id = last_conversation_id + 1
         WHERE user_id = :user_id AND CAST(:new_thread AS boolean)
        RETURNING last_conversation_id),
    thread AS (
        INSERT INTO threads (id, user_id, conversation_id, status, metadata, created_at, updated_at,
                             agent)
        SELECT :thread_id, :user_id, last_conversation_id, '{"type": "active"}', '{}',
               :created_at, :created_at, :agent
          FROM owner
        RETURNING conversation_id),
    message AS (
        INSERT INTO items (thread_id, id, user_id, run_id, type, hidden, payload, created_at)
        SELECT :thread_id, :user_message_id, :user_id, :run_id, 'user_message', false,
               CAST(:message AS jsonb), :created_at
         WHERE CAST(:message AS jsonb) IS NOT NULL)
"""  # noqa: S608 - a constant
    + ACCEPT_SQL
)

_DELETE_AFTER: Final = text("""
    WITH deleted AS (
        DELETE FROM items
         WHERE thread_id = :thread_id AND (created_at, id) > (:created_at, :id)
        RETURNING id, hidden, created_at)
    SELECT id FROM deleted WHERE NOT hidden ORDER BY created_at, id
""")

_DELETE_PENDING_CALLS: Final = text("""
    DELETE FROM items
     WHERE thread_id = :thread_id AND type = 'client_tool_call' AND id <> :id
       AND payload ->> 'status' = 'pending'
""")

# An attachment of another thread stays there, since it is deleted together with its thread.
_BIND_ATTACHMENTS: Final = text("""
    UPDATE attachments SET thread_id = :thread_id,
           payload = jsonb_set(payload, '{thread_id}', to_jsonb(CAST(:thread_id AS text)))
     WHERE id = ANY (CAST(:ids AS text[])) AND uploaded_at IS NOT NULL
       AND coalesce(thread_id, :thread_id) = :thread_id
    RETURNING id, CAST(payload AS text) AS payload
""")

_UNUSABLE_ATTACHMENT: Final = text("""
    SELECT CASE WHEN uploaded_at IS NULL THEN 'not-uploaded' ELSE 'taken' END
      FROM attachments WHERE id = ANY (CAST(:ids AS text[])) LIMIT 1
""")


class EarlierRun(msgspec.Struct, frozen=True):
    """The run of an earlier request with this key or run ID."""

    run_id: str
    thread_id: str
    conversation_id: int
    body_hash: str
    agent: str


class AcceptanceState(msgspec.Struct, frozen=True):
    """The state that acceptance decides on.

    Args:
        active_runs: the user's, of the requested kind.
        active_log_bytes: the size of the logs of the user's active runs, at most 2 s old.
        thread: None if the request creates one, or names one that the user doesn't have.
        busy_run_id: the thread's active run that calls the agent.
    """

    earlier: EarlierRun | None
    active_runs: int
    active_log_bytes: int
    thread: ThreadRow | None
    busy_run_id: str | None
    newest_item_at: datetime | None
    is_erased: bool = False


class NewRun(AcceptedFields, frozen=True, kw_only=True):
    """A run to write.

    Args:
        conversation_id: the thread's; a new thread gets the user's next one instead.
    """

    idempotency_key: str | None


class AcceptanceRepository:
    """Reads and writes inside one transaction; `lock_user` comes first."""

    def __init__(self, session: SqlExecutor, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def lock_user(self, wait_s: float) -> None:
        """Lock the user's row; waits for the user's concurrent acceptances.

        Raises:
            DBAPIError: LockNotAvailable, after `wait_s`.
        """
        values = {"user_id": self._user_id, "wait": f"{int(wait_s * 1000)}ms"}
        await self._session.execute(_LOCK, values)

    async def load_state(
        self,
        *,
        run_id: str,
        idempotency_key: str | None,
        thread_id: str | None,
        conversation_id: int | None,
        agent: str,
        kind: RunKind,
    ) -> AcceptanceState:
        """Load the state in one round trip; another agent's thread counts as missing."""
        values = {
            "user_id": self._user_id,
            "run_id": run_id,
            "idempotency_key": idempotency_key,
            "thread_id": thread_id,
            "conversation_id": conversation_id,
            "agent": agent,
            "kind": kind,
        }
        row = (await self._session.execute(_READ, values)).one()
        return AcceptanceState(
            earlier=EarlierRun(*row[:5]) if row[0] is not None else None,
            active_runs=row.active_runs,
            active_log_bytes=row.active_log_bytes,
            thread=None
            if row[7] is None
            else ThreadRow(
                id=row[7],
                title=row[8],
                status=row[9],
                metadata=row[10],
                allowed_image_domains=row[11],
                created_at=row[12],
                conversation_id=row[13],
                agent=agent,
            ),
            busy_run_id=row.busy_run_id,
            newest_item_at=row.newest_item_at,
            is_erased=row.is_erased,
        )

    async def insert_run(self, run: NewRun, message: str | None) -> int | None:
        """Insert the run, with its thread if that is new and the user's message if there is one.

        Args:
            message: the JSON of the item `run.user_message_id`, if it isn't stored yet.

        Returns:
            The thread's conversation ID; None if another user's run has the run ID.
        """
        values = msgspec.structs.asdict(run)
        values |= {
            "turn": msgspec.json.encode(run.turn).decode(),
            "headers": msgspec.json.encode(run.headers).decode(),
            "new_thread": run.turn.new_thread,
            "message": message,
        }
        result = await self._session.execute(_WRITE, values)
        return cast("int | None", result.scalar_one_or_none())

    async def delete_items_after(
        self, thread_id: str, item_id: str, created_at: datetime
    ) -> list[str]:
        """Delete the items after one; returns the IDs of the visible ones, oldest first."""
        values = {"thread_id": thread_id, "id": item_id, "created_at": created_at}
        return [row.id for row in await self._session.execute(_DELETE_AFTER, values)]

    async def delete_other_pending_calls(self, thread_id: str, item_id: str) -> None:
        """Delete the thread's other client tool calls that still wait for their output."""
        values = {"thread_id": thread_id, "id": item_id}
        await self._session.execute(_DELETE_PENDING_CALLS, values)

    async def bind_attachments(self, thread_id: str, ids: list[str]) -> dict[str, str]:
        """Bind attachments to a thread; returns the JSON of the bound ones, by ID."""
        values = {"thread_id": thread_id, "ids": ids}
        result = await self._session.execute(_BIND_ATTACHMENTS, values)
        return {row.id: row.payload for row in result}

    async def find_unusable_reason(self, ids: list[str]) -> Literal["not-uploaded", "taken"] | None:
        """Return why one of several attachments can't be bound; None if none of them exists."""
        result = await self._session.execute(_UNUSABLE_ATTACHMENT, {"ids": ids})
        return cast('Literal["not-uploaded", "taken"] | None', result.scalar_one_or_none())
