"""openai-chatkit's `Store` on PostgreSQL.

Row-level security restricts each method to the rows of the context's user, who is bound to the
transaction; ids of other users are unknown. In a worker every write is fenced by the attempt.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from chatkit.store import Store, StoreItemType
from chatkit.types import Attachment, Page, ThreadItem, ThreadMetadata
from pydantic import TypeAdapter
from sqlalchemy.exc import IntegrityError

from durable_chatkit.chatkit.attachment_links import AttachmentLinks
from durable_chatkit.chatkit.attachments import FileContent, load_file
from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.encoding import storable_json
from durable_chatkit.chatkit.paging import (
    check_id,
    next_page_cursor,
    page_order,
    page_size,
    resolve_cursor,
)
from durable_chatkit.chatkit.rows import decode_items, decode_thread, encode_item, encode_thread
from durable_chatkit.errors import ItemExistsError, UnknownResourceError
from durable_chatkit.storage.attachment_repository import AttachmentRepository
from durable_chatkit.storage.erasure_repository import check_account_open
from durable_chatkit.storage.item_repository import ItemRepository, RunItem
from durable_chatkit.storage.run import StoppedRun
from durable_chatkit.storage.run_states import is_fenced
from durable_chatkit.storage.thread_repository import CHANGEABLE, ThreadRepository, ThreadRow
from todochat.bus.errors import RunLostError
from todochat.contracts.agents import DEFAULT_AGENT
from todochat.database import Database
from todochat.database.sql_transaction import SqlExecutor

FOREIGN_KEY_VIOLATION: Final = "23503"
_ATTACHMENT: Final[TypeAdapter[Attachment]] = TypeAdapter(Attachment)


class PostgresStore(Store[RequestContext]):
    """Threads, items, attachments' metadata and feedback in database `chat`.

    Parameters are named as in openai-chatkit, which passes some of them by keyword.

    Args:
        links: signs the links of returned images; None returns them as stored.
        agent: the threads of other agents count as missing.
    """

    def __init__(
        self, db: Database, links: AttachmentLinks | None = None, agent: str = DEFAULT_AGENT
    ) -> None:
        self._db = db
        self._links = links
        self._agent = agent

    def generate_thread_id(self, context: RequestContext) -> str:
        """Return a new thread id; `save_thread` creates threads only with such ids."""
        thread_id = context.ids.next_id("thread")
        context.new_thread_ids.add(thread_id)
        return thread_id

    def generate_item_id(
        self,
        item_type: StoreItemType,
        thread: ThreadMetadata,  # noqa: ARG002 - openai-chatkit's signature
        context: RequestContext,
    ) -> str:
        """Return the next item id, deterministic per run and step."""
        return context.ids.next_id(item_type)

    async def load_thread(self, thread_id: str, context: RequestContext) -> ThreadMetadata:
        """Return a thread without its items."""
        check_id(thread_id, "thread")
        if (opening := context.find_opening(thread_id)) is not None:
            row: ThreadRow | None = opening.thread
        else:
            async with self._db.sql_transaction(context.user_id) as session:
                row = await ThreadRepository(session, self._agent).load_thread(thread_id)
        if row is None:
            raise UnknownResourceError("thread")
        thread = decode_thread(row)
        context.loaded_threads.setdefault(thread_id, thread.model_copy(deep=True))
        return thread

    async def save_thread(self, thread: ThreadMetadata, context: RequestContext) -> None:
        """Write the fields of a thread that changed since it was loaded; never recreate one.

        Concurrent changes by others are copied into `thread`. The first title at the end of a turn
        is left to the transaction that ends the run.
        """
        check_id(thread.id, "thread")
        context.opening = None
        row = encode_thread(thread)
        loaded = context.loaded_threads.get(thread.id)
        changed = [
            name
            for name in CHANGEABLE
            if loaded is None or getattr(thread, name) != getattr(loaded, name)
        ]
        is_first_title = changed == ["title"] and loaded is not None and loaded.title is None
        if is_first_title and context.is_titling:
            return
        async with self._db.sql_transaction(context.user_id) as session:
            await _check_fence(session, context)
            threads = ThreadRepository(session, self._agent)
            stored = await threads.update_thread(row, changed)
            if stored is None:
                if thread.id not in context.new_thread_ids:
                    raise UnknownResourceError("thread")
                await threads.insert_thread(row, context.user_id)
                await check_account_open(session)
        context.new_thread_ids.discard(thread.id)
        if stored is None:
            return
        saved = decode_thread(stored)
        for name in CHANGEABLE:
            setattr(thread, name, getattr(saved, name))
        context.loaded_threads[thread.id] = saved.model_copy(deep=True)

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: RequestContext
    ) -> Page[ThreadMetadata]:
        """Return a page of the user's threads, ordered by creation."""
        size = page_size(limit)
        async with self._db.sql_transaction(context.user_id) as session:
            threads = ThreadRepository(session, self._agent)
            after_cursor = await resolve_cursor(after, "thread", threads.load_thread)
            rows = await threads.list_threads(after_cursor, size + 1, page_order(order))
        data = [decode_thread(row) for row in rows[:size]]
        return Page(data=data, has_more=len(rows) > size, after=next_page_cursor(rows, size))

    async def delete_thread(self, thread_id: str, context: RequestContext) -> None:
        """Delete a thread with its items, and request its active runs to stop."""
        await self.delete_thread_and_runs(thread_id, context)

    async def delete_thread_and_runs(
        self, thread_id: str, context: RequestContext
    ) -> list[StoppedRun]:
        """Delete a thread as `delete_thread` does; return its active runs, to signal their workers."""
        check_id(thread_id, "thread")
        async with self._db.sql_transaction(context.user_id) as session:
            stopped = await ThreadRepository(session, self._agent).delete_thread(
                thread_id, context.user_id
            )
            if stopped is None:
                raise UnknownResourceError("thread")
            return stopped

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: RequestContext
    ) -> Page[ThreadItem]:
        """Return a page of a thread's items, ordered by creation."""
        return await self.load_items(thread_id, after, page_size(limit), order, context)

    async def load_items(
        self,
        thread_id: str,
        after: str | None,
        size: int,
        order: str,
        context: RequestContext,
        *,
        with_tool_calls: bool = True,
    ) -> Page[ThreadItem]:
        """Return a page of up to `size` items, as `load_thread_items` does.

        Args:
            with_tool_calls: include the product's hidden records of tool calls.
        """
        check_id(thread_id, "thread")
        unseen = context.turn_items.unseen if context.turn_items is not None else ()
        rows = None
        opening = context.find_opening(thread_id)
        if opening is not None and with_tool_calls and not (after or unseen):
            rows = opening.newest_items(size + 1) if page_order(order) == "desc" else None
        if rows is None:
            async with self._db.sql_transaction(context.user_id) as session:
                items = ItemRepository(session, self._agent)
                find = partial(items.load_item, thread_id)
                rows = await items.list_items(
                    thread_id,
                    await resolve_cursor(after, "item", find),
                    size + 1,
                    page_order(order),
                    without=unseen,
                    with_tool_calls=with_tool_calls,
                )
                threads = ThreadRepository(session, self._agent)
                if not rows and await threads.load_thread(thread_id) is None:
                    raise UnknownResourceError("thread")
        data = self._decode_signed([row.payload for row in rows[:size]], context)
        return Page(data=data, has_more=len(rows) > size, after=next_page_cursor(rows, size))

    async def load_item(self, thread_id: str, item_id: str, context: RequestContext) -> ThreadItem:
        """Return one item."""
        check_id(thread_id, "thread")
        check_id(item_id, "item")
        opening = context.find_opening(thread_id)
        row = opening.find_item(item_id) if opening is not None else None
        if row is None:
            async with self._db.sql_transaction(context.user_id) as session:
                row = await ItemRepository(session, self._agent).load_item(thread_id, item_id)
        if row is None:
            raise UnknownResourceError("item")
        return self._decode_signed([row.payload], context)[0]

    async def add_thread_item(
        self, thread_id: str, item: ThreadItem, context: RequestContext
    ) -> None:
        """Write a new item; see `save_item`.

        Raises:
            RunLostError: another attempt has the run.
        """
        await self.save_item(thread_id, item, context)

    async def insert_item(self, thread_id: str, item: ThreadItem, context: RequestContext) -> None:
        """Write a new item.

        Raises:
            ItemExistsError: the thread has an item with this id.
            RunLostError: another attempt has the run.
        """
        await self._write_item(thread_id, item, context, must_be_new=True)

    async def load_run_items(self, thread_id: str, context: RequestContext) -> list[RunItem]:
        """Return the items that the context's run has written, in all its attempts."""
        async with self._db.sql_transaction(context.user_id) as session:
            return await ItemRepository(session, self._agent).list_run_items(
                thread_id, context.run_id or ""
            )

    async def save_item(self, thread_id: str, item: ThreadItem, context: RequestContext) -> None:
        """Upsert an item and set `item.created_at` to the stored time.

        An item written again by another attempt keeps its row and its first time; the published
        item must have that time, too.

        Raises:
            RunLostError: another attempt has the run.
        """
        await self._write_item(thread_id, item, context)

    async def _write_item(
        self,
        thread_id: str,
        item: ThreadItem,
        context: RequestContext,
        *,
        must_be_new: bool = False,
    ) -> None:
        check_id(thread_id, "thread")
        check_id(item.id, "item")
        context.opening = None
        row = encode_item(thread_id, item, context)
        async with self._thread_transaction(context) as session:
            items = ItemRepository(session, self._agent)
            if must_be_new and await items.load_item(thread_id, item.id) is not None:
                raise ItemExistsError(item.id)
            outcome = await items.upsert_item(row)
        if outcome == "lost":
            raise RunLostError(context.run_id)
        if outcome == "no-thread":
            raise UnknownResourceError("thread")
        item.created_at = outcome
        if context.turn_items is not None:
            context.turn_items.mark_added(item.id)

    async def update_item(
        self,
        thread_id: str,
        item_id: str,
        change: Callable[[ThreadItem], ThreadItem],
        context: RequestContext,
    ) -> ThreadItem:
        """Replace an item by the result of `change`, with its row locked.

        Raises:
            UnknownResourceError: there is no such item.
            RunLostError: another attempt has the run.
        """
        check_id(thread_id, "thread")
        check_id(item_id, "item")
        context.opening = None
        async with self._db.sql_transaction(context.user_id) as session:
            items = ItemRepository(session, self._agent)
            row = await items.load_item(thread_id, item_id, for_update=True)
            if row is None:
                raise UnknownResourceError("item")
            changed = change(decode_items([row.payload])[0])
            if await items.upsert_item(encode_item(thread_id, changed, context)) == "lost":
                raise RunLostError(context.run_id)
        return changed

    async def delete_thread_item(
        self, thread_id: str, item_id: str, context: RequestContext
    ) -> None:
        """Delete an item; a no-op if it was published but never stored.

        Raises:
            RunLostError: another attempt has the run.
        """
        check_id(thread_id, "thread")
        check_id(item_id, "item")
        context.opening = None
        async with self._db.sql_transaction(context.user_id) as session:
            items = ItemRepository(session, self._agent)
            if not await items.delete_item(thread_id, item_id, context.run_id, context.attempt):
                raise RunLostError(context.run_id)

    async def save_attachment(self, attachment: Attachment, context: RequestContext) -> None:
        """Write an attachment's metadata."""
        check_id(attachment.id, "attachment")
        payload = storable_json(attachment)
        async with self._thread_transaction(context) as session:
            await _check_fence(session, context)
            await AttachmentRepository(session).save_attachment(
                context.user_id, attachment.id, attachment.thread_id, payload
            )

    async def load_attachment(self, attachment_id: str, context: RequestContext) -> Attachment:
        """Return an attachment's metadata."""
        check_id(attachment_id, "attachment")
        async with self._db.sql_transaction(context.user_id) as session:
            payload = await AttachmentRepository(session).load_attachment(attachment_id)
        if payload is None:
            raise UnknownResourceError("attachment")
        return _ATTACHMENT.validate_json(payload)

    async def load_file(self, attachment_id: str, context: RequestContext) -> FileContent:
        """Return an attachment's bytes.

        Raises:
            UnknownResourceError: the file was deleted or never uploaded.
        """
        return await load_file(self._db, context.user_id, attachment_id)

    async def delete_attachment(self, attachment_id: str, context: RequestContext) -> None:
        """Delete an attachment's metadata."""
        check_id(attachment_id, "attachment")
        async with self._db.sql_transaction(context.user_id) as session:
            if not await AttachmentRepository(session).delete_attachment(attachment_id):
                raise UnknownResourceError("attachment")

    async def save_feedback(
        self, thread_id: str, item_ids: list[str], kind: str, context: RequestContext
    ) -> None:
        """Store feedback on items; on none of them if one is unknown."""
        check_id(thread_id, "thread")
        wanted = sorted(set(item_ids))
        for item_id in wanted:
            check_id(item_id, "item")
        async with self._db.sql_transaction(context.user_id) as session:
            if await ThreadRepository(session, self._agent).load_thread(thread_id) is None:
                raise UnknownResourceError("thread")
            if await ItemRepository(session, self._agent).save_feedback(
                thread_id, wanted, kind
            ) != len(wanted):
                raise UnknownResourceError("item")

    def _decode_signed(self, payloads: list[str], context: RequestContext) -> list[ThreadItem]:
        """Decode items and sign the links to their files, which expire."""
        items = decode_items(payloads)
        if self._links is None:
            return items
        return [self._links.sign_item(item, context.user_id) for item in items]

    @asynccontextmanager
    async def _thread_transaction(self, context: RequestContext) -> AsyncIterator[SqlExecutor]:
        """Open a transaction in which a reference to a missing thread raises UnknownResourceError."""
        try:
            async with self._db.sql_transaction(context.user_id) as session:
                yield session
        except IntegrityError as error:
            if getattr(error.orig, "sqlstate", None) != FOREIGN_KEY_VIOLATION:
                raise
            raise UnknownResourceError("thread") from None


async def _check_fence(session: SqlExecutor, context: RequestContext) -> None:
    if context.run_id is None or context.attempt is None:
        return
    if not await is_fenced(session, context.run_id, context.attempt):
        raise RunLostError(context.run_id)
