"""The store of a hosted server: ours, with openai-chatkit's habits."""

from datetime import datetime
from typing import Any, Final, TypeVar

from chatkit.store import Store, StoreItemType
from chatkit.types import (
    Attachment,
    Page,
    ThreadItem,
    ThreadMetadata,
    WorkflowItem,
)

from durable_chatkit.chatkit.context import note_written_item
from durable_chatkit.chatkit.live_widgets import RefreshWidgets, with_current_widgets
from durable_chatkit.chatkit.rows import as_local
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.hosting.context import ContextLink, find_link

MAX_HOSTED_PAGE: Final = 1000  # a server may load a whole thread at once
CHANGED_BY_SAVING: Final = ("title", "status", "metadata", "allowed_image_domains")

ModelT = TypeVar("ModelT", bound=ThreadMetadata | ThreadItem)


class HostedStore(Store[Any]):
    """Wraps `PostgresStore` for a server that was written for another store.

    Contexts may be of any type. Times are naive and local, as openai-chatkit makes them; arguments
    are never changed in place, except that `save_thread` copies other users' changes into the
    thread. Pages don't contain the product's own records of tool calls.

    Args:
        refresh: refreshes the widgets of pages for clients.
    """

    def __init__(self, store: PostgresStore, refresh: RefreshWidgets | None = None) -> None:
        self._store = store
        self._refresh = refresh

    def generate_thread_id(self, context: Any) -> str:
        """Return a new thread id."""
        return self._store.generate_thread_id(find_link(context).request)

    def generate_item_id(
        self, item_type: StoreItemType, thread: ThreadMetadata, context: Any
    ) -> str:
        """Return the next item id, the same in each attempt at the run."""
        return self._store.generate_item_id(item_type, thread, find_link(context).request)

    async def load_thread(self, thread_id: str, context: Any) -> ThreadMetadata:
        """Return a thread without its items."""
        link = find_link(context)
        return _outward(await self._store.load_thread(thread_id, link.request), link)

    async def save_thread(self, thread: ThreadMetadata, context: Any) -> None:
        """Write the fields that changed since the thread was loaded."""
        copy = ThreadMetadata(**thread.model_dump(include=set(ThreadMetadata.model_fields)))
        await self._store.save_thread(copy, find_link(context).request)
        for name in CHANGED_BY_SAVING:
            if getattr(thread, name) != getattr(copy, name):
                setattr(thread, name, getattr(copy, name))

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: Any
    ) -> Page[ThreadMetadata]:
        """Return a page of the user's threads."""
        link = find_link(context)
        page = await self._store.load_threads(limit, after, order, link.request)
        data = [_outward(thread, link) for thread in page.data]
        return Page(data=data, has_more=page.has_more, after=page.after)

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: Any
    ) -> Page[ThreadItem]:
        """Return a page of up to MAX_HOSTED_PAGE items.

        Items of the current run that another attempt stored are in it once this one has added them.
        """
        link = find_link(context)
        size = min(max(limit, 1), MAX_HOSTED_PAGE)
        page = await self._store.load_items(
            thread_id, after, size, order, link.request, with_tool_calls=False
        )
        items = page.data
        if self._refresh is not None and link.for_client:
            items = await with_current_widgets(items, self._refresh, link.request)
        data = [_outward(item, link) for item in items]
        return Page(data=data, has_more=page.has_more, after=page.after)

    async def load_item(self, thread_id: str, item_id: str, context: Any) -> ThreadItem:
        """Return one item."""
        link = find_link(context)
        return _outward(await self._store.load_item(thread_id, item_id, link.request), link)

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        """Write a new item; an item of a finished step is already stored and stays as it is.

        openai-chatkit adds a workflow again when a later answer continues it.

        Raises:
            ItemExistsError: the thread has an item with this id.
            RunLostError: another attempt has the run.
        """
        request = find_link(context).request
        turn = request.turn_items
        if turn is None:
            await self._store.insert_item(thread_id, item.model_copy(), request)
            return
        copy = item.model_copy()
        note_written_item(item.id)
        if item.id in turn.stored and not turn.is_closing:
            copy.created_at = turn.stored[item.id]
            turn.mark_added(item.id)
        elif turn.is_closing or isinstance(item, WorkflowItem):
            await self._store.save_item(thread_id, copy, request)
        else:
            await self._store.insert_item(thread_id, copy, request)
        _keep_time(item, copy.created_at)

    async def save_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        """Write an item that may exist."""
        request = find_link(context).request
        copy = item.model_copy()
        note_written_item(item.id)
        await self._store.save_item(thread_id, copy, request)
        _keep_time(item, copy.created_at)

    async def delete_thread(self, thread_id: str, context: Any) -> None:
        """Delete a thread with its items, and request its active runs to stop."""
        await self._store.delete_thread(thread_id, find_link(context).request)

    async def delete_thread_item(self, thread_id: str, item_id: str, context: Any) -> None:
        """Delete an item."""
        await self._store.delete_thread_item(thread_id, item_id, find_link(context).request)

    async def save_attachment(self, attachment: Attachment, context: Any) -> None:
        """Write an attachment's metadata."""
        await self._store.save_attachment(attachment, find_link(context).request)

    async def load_attachment(self, attachment_id: str, context: Any) -> Attachment:
        """Return an attachment's metadata."""
        return await self._store.load_attachment(attachment_id, find_link(context).request)

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        """Delete an attachment's metadata."""
        await self._store.delete_attachment(attachment_id, find_link(context).request)


def _keep_time(item: ThreadItem, stored: datetime) -> None:
    """Set the time of an item that is published after it is stored: events carry aware times."""
    if item.created_at.tzinfo is not None:
        item.created_at = stored


def _outward(model: ModelT, link: ContextLink) -> ModelT:
    if not link.for_client:
        model.created_at = as_local(model.created_at)
    return model
