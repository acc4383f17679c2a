"""Widgets that show the current state of what they are about whenever a client loads them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module

from chatkit.types import Page, ThreadItem, WidgetItem
from chatkit.widgets import WidgetRoot
from typing_extensions import override

from durable_chatkit.chatkit.attachment_links import AttachmentLinks
from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.settings import ChatSettings
from todochat.database import Database

# Receives the widgets of a page of items; returns the ones to show instead, by the items' IDs. It
# limits its own time and raises nothing: a widget that it can't refresh is missing from the result.
RefreshWidgets = Callable[
    [Sequence[WidgetItem], RequestContext], Awaitable[Mapping[str, WidgetRoot]]
]


class LiveStore(PostgresStore):
    """A store for reading: items are returned with refreshed widgets, and stay as they are stored.

    Nothing is written, so a process that dies meanwhile leaves nothing behind, and the journal of a
    run still describes the items that the run has written.
    """

    def __init__(
        self,
        database: Database,
        links: AttachmentLinks | None,
        agent: str,
        refresh: RefreshWidgets,
    ) -> None:
        super().__init__(database, links, agent)
        self._refresh = refresh

    @override
    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: RequestContext
    ) -> Page[ThreadItem]:
        page = await super().load_thread_items(thread_id, after, limit, order, context)
        page.data = await with_current_widgets(page.data, self._refresh, context)
        return page


async def with_current_widgets(
    items: list[ThreadItem], refresh: RefreshWidgets, context: RequestContext
) -> list[ThreadItem]:
    """Return items with refreshed widgets; the given ones stay as they are."""
    widgets = [item for item in items if isinstance(item, WidgetItem)]
    current = await refresh(widgets, context) if widgets else {}
    return [
        item.model_copy(update={"widget": current[item.id]})
        if isinstance(item, WidgetItem) and item.id in current
        else item
        for item in items
    ]


@asynccontextmanager
async def open_refresh(settings: ChatSettings) -> AsyncIterator[RefreshWidgets | None]:
    """Open the `RefreshWidgets` of the agent; None if it has none."""
    own = settings.own_live_widgets if settings.factory == settings.own_factory else ""
    module, _, name = (settings.live_widgets or own).partition(":")
    if not module:
        yield None
        return
    opened: AbstractAsyncContextManager[RefreshWidgets | None] = getattr(
        import_module(module), name
    )(settings)
    async with opened as refresh:
        yield refresh
