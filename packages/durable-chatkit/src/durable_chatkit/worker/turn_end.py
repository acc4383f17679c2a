"""Ends a turn: closes open items and titles the thread."""

from collections.abc import Callable, Iterator
from typing import Final

from chatkit.types import (
    Page,
    SDKHiddenContextItem,
    Thread,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    ThreadUpdatedEvent,
    UserMessageItem,
)

from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.worker.fold import OpenItems
from todochat.clock import utc_now

CANCELLED_NOTE: Final = (
    "The user cancelled this answer. Don't continue it unless asked to. Calls that were running "
    "may or may not have taken effect: "
)
THREAD_UPDATED: Final = "thread.updated"


def close_open_items(open_items: OpenItems) -> Iterator[ThreadStreamEvent]:
    """Yield the events that close the items that a stopped agent left open; partial text stays."""
    messages = open_items.partial_messages()
    for message in messages:
        yield ThreadItemDoneEvent(item=message)
    kept = {message.id for message in messages}
    for item_id in open_items.items.keys() - kept:
        yield ThreadItemRemovedEvent(item_id=item_id)


def cancelled_note(run: RunContext) -> ThreadItemDoneEvent:
    """Return the hidden item that tells the model of later turns that this turn was cancelled."""
    calls = ", ".join(sorted(run.scope.open_calls.values())) or "none"
    return ThreadItemDoneEvent(
        item=SDKHiddenContextItem(
            id=run.generate_id("sdk_hidden_context"),
            thread_id=run.thread.id,
            created_at=utc_now(),
            content=CANCELLED_NOTE + calls,
        )
    )


async def set_title(
    run: RunContext,
    message: UserMessageItem | None,
    title_of: Callable[[UserMessageItem], str | None],
) -> None:
    """Title a thread after its first turn; openai-chatkit stores and publishes the title."""
    if run.thread.title is None:
        # The user may have set a title in the meantime.
        stored = await run.store.load_thread(run.thread.id, context=run.request_context)
        run.thread.title = stored.title or (title_of(message) if message is not None else None)


def thread_updated(thread: ThreadMetadata) -> ThreadUpdatedEvent:
    """Return the event for a title whose attempt died after storing and before publishing it."""
    public = thread.model_copy(update={"metadata": {}})  # the agent's, not for clients
    return ThreadUpdatedEvent(thread=Thread(**public.model_dump(), items=Page()))
