"""Items of a thread, and feedback on them, of the session's user."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, Literal

import msgspec
from sqlalchemy import text

from durable_chatkit.storage.cursor import Cursor, Order, keyset
from durable_chatkit.storage.run_states import FENCE_SQL
from todochat.database.sql_transaction import SqlExecutor

# openai-chatkit and the assistant's server leave an item of this type behind a cancelled response.
CANCEL_NOTE: Final = "sdk_hidden_context"

# The thread of the item is the agent's; a NULL agent stands for all of them.
_OF_AGENT: Final = """
    EXISTS (SELECT 1 FROM threads WHERE threads.id = items.thread_id
               AND threads.agent = coalesce(CAST(:agent AS text), threads.agent))
"""

# An item that is written again keeps its first time and so its position. The thread is selected under
# row-level security: a conflict with another user's row would be a different error.
_UPSERT: Final = """
    thread AS (
        SELECT 1 FROM threads
         WHERE id = :thread_id AND agent = coalesce(CAST(:agent AS text), agent)),
    written AS (
        INSERT INTO items (thread_id, id, user_id, run_id, type, hidden, payload, created_at)
        SELECT :thread_id, :id, :user_id, :run_id, :type, :hidden, {payload}, :created_at
          FROM fence, thread
        ON CONFLICT (thread_id, id) DO UPDATE
           SET type = excluded.type, hidden = excluded.hidden,
               payload = jsonb_set(excluded.payload, '{created_at}', items.payload -> 'created_at')
        RETURNING created_at)
    SELECT EXISTS (SELECT 1 FROM fence), (SELECT created_at FROM written)
"""
# The note that ends a cancelled response keeps the reason; runs are purged after some days.
_NOTE_PAYLOAD: Final = """
    CAST(:payload AS jsonb) || coalesce(
        (SELECT jsonb_build_object('cancel_reason', cancel_reason)
           FROM runs WHERE run_id = :run_id AND cancel_reason IS NOT NULL), '{}')
"""
_UPSERT_FENCED: Final = text(
    f"WITH fence AS ({FENCE_SQL}), {_UPSERT.replace('{payload}', ':payload')}"
)
_UPSERT_FREE: Final = text(f"WITH fence AS (SELECT 1), {_UPSERT.replace('{payload}', ':payload')}")
_UPSERT_NOTE: Final = text(
    f"WITH fence AS ({FENCE_SQL}), {_UPSERT.replace('{payload}', _NOTE_PAYLOAD)}"
)

_DELETE: Final = f"""
    deleted AS (
        DELETE FROM items
         WHERE thread_id = :thread_id AND id = :id AND EXISTS (SELECT 1 FROM fence)
           AND {_OF_AGENT})
    SELECT 1 FROM fence
"""  # noqa: S608 - a constant
_DELETE_FENCED: Final = text(f"WITH fence AS ({FENCE_SQL}), {_DELETE}")
_DELETE_FREE: Final = text(f"WITH fence AS (SELECT 1), {_DELETE}")

_LOAD: Final = text(f"""
    SELECT id, CAST(payload AS text), created_at FROM items
     WHERE thread_id = :thread_id AND id = :id AND {_OF_AGENT}
""")  # noqa: S608 - a constant
_LOCK: Final = text(f"{_LOAD.text} FOR UPDATE")

_LIST_OF_RUN: Final = text(f"""
    SELECT id, type, hidden, created_at FROM items
     WHERE thread_id = :thread_id AND run_id = :run_id AND {_OF_AGENT}
""")  # noqa: S608 - a constant

# The product's own records of finished tool calls, see `durable_chatkit.agent.history`.
_NO_TOOL_CALLS: Final = (
    "NOT (type = 'hidden_context_item' AND payload #>> '{content,kind}' IS NOT DISTINCT FROM"
    " 'tool_call')"
)

_SAVE_FEEDBACK: Final = text("""
    INSERT INTO feedback (thread_id, item_id, user_id, kind)
    SELECT thread_id, id, user_id, :kind FROM items
     WHERE thread_id = :thread_id AND id = ANY (CAST(:item_ids AS text[]))
    ON CONFLICT (thread_id, item_id) DO UPDATE SET kind = excluded.kind, updated_at = now()
    RETURNING 1
""")


# The item's time; `lost`: a later attempt has the run that writes.
UpsertOutcome = datetime | Literal["lost", "no-thread"]


class ItemRow(msgspec.Struct, frozen=True):
    """One item; `payload` is its JSON."""

    id: str
    payload: str
    created_at: datetime


class RunItem(msgspec.Struct, frozen=True):
    """An item that a run has written."""

    id: str
    type: str
    hidden: bool
    created_at: datetime


class NewItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item to write; without `run_id` and `attempt` the write is unfenced."""

    thread_id: str
    id: str
    user_id: str
    type: str
    hidden: bool
    payload: str
    created_at: datetime
    run_id: str | None
    attempt: int | None


class ItemRepository:
    """Reads and writes items inside one transaction.

    Args:
        agent: items of other agents' threads count as missing; None: those of all agents.
    """

    def __init__(self, session: SqlExecutor, agent: str | None) -> None:
        self._session = session
        self._agent = agent

    async def load_item(
        self, thread_id: str, item_id: str, *, for_update: bool = False
    ) -> ItemRow | None:
        """Return an item, or None.

        Args:
            for_update: lock it until the transaction ends.
        """
        values = {"thread_id": thread_id, "id": item_id, "agent": self._agent}
        statement = _LOCK if for_update else _LOAD
        row = (await self._session.execute(statement, values)).one_or_none()
        return ItemRow(*row) if row is not None else None

    async def list_items(
        self,
        thread_id: str,
        after: Cursor | None,
        limit: int,
        order: Order,
        *,
        without: Collection[str] = (),
        with_tool_calls: bool = True,
    ) -> list[ItemRow]:
        """Return up to `limit` items after a cursor.

        Args:
            without: ids of items to leave out.
            with_tool_calls: include the hidden records of tool calls.
        """
        key = keyset(after, order)
        conditions = ["thread_id = :thread_id", _OF_AGENT, key.condition]
        values: dict[str, object] = {
            "thread_id": thread_id,
            "agent": self._agent,
            "limit": limit,
            **key.values,
        }
        if without:
            conditions.append("id <> ALL (CAST(:without AS text[]))")
            values["without"] = list(without)
        if not with_tool_calls:
            conditions.append(_NO_TOOL_CALLS)
        statement = text(
            "SELECT id, CAST(payload AS text), created_at FROM items"  # noqa: S608 - constants
            f" WHERE {' AND '.join(conditions)} ORDER BY {key.order_by} LIMIT :limit"
        )
        return [ItemRow(*row) for row in await self._session.execute(statement, values)]

    async def list_run_items(self, thread_id: str, run_id: str) -> list[RunItem]:
        """Return the items of a thread that a run has written, in no particular order."""
        values = {"thread_id": thread_id, "run_id": run_id, "agent": self._agent}
        return [RunItem(*row) for row in await self._session.execute(_LIST_OF_RUN, values)]

    async def upsert_item(self, item: NewItem) -> UpsertOutcome:
        """Insert or replace an item.

        Raises:
            IntegrityError: the thread was deleted concurrently.
        """
        values = {**msgspec.structs.asdict(item), "agent": self._agent}
        if item.attempt is None:
            del values["attempt"]
            statement = _UPSERT_FREE
        else:
            statement = _UPSERT_NOTE if item.type == CANCEL_NOTE else _UPSERT_FENCED
        is_fenced, created_at = (await self._session.execute(statement, values)).one()
        if not is_fenced:
            return "lost"
        return created_at if isinstance(created_at, datetime) else "no-thread"

    async def delete_item(
        self, thread_id: str, item_id: str, run_id: str | None, attempt: int | None
    ) -> bool:
        """Delete an item if it exists; False if a later attempt has the run."""
        values: dict[str, object] = {
            "thread_id": thread_id,
            "id": item_id,
            "agent": self._agent,
        }
        if attempt is None:
            statement = _DELETE_FREE
        else:
            statement = _DELETE_FENCED
            values |= {"run_id": run_id, "attempt": attempt}
        return (await self._session.execute(statement, values)).first() is not None

    async def save_feedback(self, thread_id: str, item_ids: list[str], kind: str) -> int:
        """Upsert the user's feedback on items; returns how many of them exist."""
        values = {"thread_id": thread_id, "item_ids": item_ids, "kind": kind}
        return len((await self._session.execute(_SAVE_FEEDBACK, values)).all())
