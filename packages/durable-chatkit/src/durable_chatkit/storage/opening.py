"""A run's thread as its claim read it: what the run needs to start, in the claim's transaction."""

from typing import Final

import msgspec

from durable_chatkit.storage.item_repository import ItemRepository, ItemRow
from durable_chatkit.storage.thread_repository import ThreadRepository, ThreadRow
from todochat.database.sql_transaction import SqlExecutor

OPENING_ITEMS: Final = 51  # the first page of a history, and one that shows whether there are more


class Opening(msgspec.Struct, frozen=True):
    """A thread and up to OPENING_ITEMS of its newest items, newest first."""

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
