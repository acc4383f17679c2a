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
    "The user cancelled this answer. Don't go on with it unless asked to. Calls that were running "
    "may or may not have taken effect: "
)
THREAD_UPDATED: Final = "thread.updated"


def close_open_items(begun: OpenItems) -> Iterator[ThreadStreamEvent]:
    """Yield what closes the things that a stopped agent left open: text stays, as it is."""
    half_said = begun.half_said()
    for message in half_said:
        yield ThreadItemDoneEvent(item=message)
    kept = {message.id for message in half_said}
    for item_id in begun.items.keys() - kept:
        yield ThreadItemRemovedEvent(item_id=item_id)


def cancelled_note(run: RunContext) -> ThreadItemDoneEvent:
    """Return what tells the model of later turns that this one was cut off."""
    calls = ", ".join(sorted(run.open_calls.values())) or "none"
    return ThreadItemDoneEvent(
        item=SDKHiddenContextItem(
            id=run.generate_id("sdk_hidden_context"),
            thread_id=run.thread.id,
            created_at=utc_now(),
            content=CANCELLED_NOTE + calls,
        )
    )


async def name_thread(
    run: RunContext,
    message: UserMessageItem | None,
    title_of: Callable[[UserMessageItem], str | None],
) -> None:
    """Name a thread after its first turn; openai-chatkit stores the name and says it."""
    if run.thread.title is None:
        # The person may have named it meanwhile.
        stored = await run.store.load_thread(run.thread.id, context=run.request_context)
        run.thread.title = stored.title or (title_of(message) if message is not None else None)


def thread_updated(thread: ThreadMetadata) -> ThreadUpdatedEvent:
    """Return the event, for a name that was stored by an attempt that died before saying it."""
    told = thread.model_copy(update={"metadata": {}})  # the agent's, not for clients
    return ThreadUpdatedEvent(thread=Thread(**told.model_dump(), items=Page()))
