"""Ends a turn: closes open items and titles the thread."""

import asyncio
import inspect
from collections.abc import Awaitable, Iterator
from typing import Final, cast

import structlog
from chatkit.types import (
    AssistantMessageItem,
    DurationSummary,
    Page,
    Thread,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    ThreadUpdatedEvent,
    UserMessageItem,
    WorkflowItem,
)

from durable_chatkit.agent.assistant import TitleMaker, title_of
from durable_chatkit.agent.call_scope import current_scope
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.tool_replay import load_step
from durable_chatkit.agent.turn_api import step
from durable_chatkit.chatkit.rows import as_utc
from durable_chatkit.worker.fold import OpenItems, partial_messages
from todochat.background import run_cancellable
from todochat.clock import utc_now

THREAD_UPDATED: Final = "thread.updated"
TITLE_STEP: Final = "title"
TITLE_TIMEOUT_S: Final = 5.0  # after the end of the answer

log = structlog.get_logger(__name__)


def close_open_items(
    open_items: OpenItems, *, keep_text: bool = True
) -> Iterator[ThreadStreamEvent]:
    """Yield the events that close what a stopped server left open; thoughts so far stay.

    Args:
        keep_text: messages stay, too, with the text so far.
    """
    partial: list[AssistantMessageItem | WorkflowItem] = []
    if keep_text:
        partial += partial_messages(open_items.items.values())
    for thoughts in open_items.partial_thoughts():
        duration = round((utc_now() - as_utc(thoughts.created_at)).total_seconds())
        thoughts.workflow.summary = DurationSummary(duration=max(0, duration))
        partial.append(thoughts)
    for item in partial:
        yield ThreadItemDoneEvent(item=item)
    kept = {item.id for item in partial}
    for item_id in open_items.items.keys() - kept:
        yield ThreadItemRemovedEvent(item_id=item_id)


class ThreadTitle:
    """Titles a thread after its first turn; the driver stores and publishes the title.

    An async `title_of` is a step that starts with the answer: the end of the turn rarely waits for
    it, and a later attempt doesn't make it again.
    """

    def __init__(
        self, run: RunContext, message: UserMessageItem | None, title_of: TitleMaker
    ) -> None:
        self._run = run
        self._message = message
        self._title_of = title_of
        self._making: asyncio.Task[str | None] | None = None

    def start(self) -> None:
        """Start an async `title_of` beside the answer."""
        message, scope = self._message, current_scope()
        if message is None or not inspect.iscoroutinefunction(self._title_of):
            return
        if self._run.thread.title is None:
            self._making = asyncio.create_task(run_cancellable(self._make(message), "title"))
        elif scope is not None:
            # An earlier attempt has stored the title; its step belongs to this attempt, too.
            load_step(scope.open_step(TITLE_STEP))

    async def set(self, *, is_stopping: bool) -> None:
        """Set the thread's title if it has none; waits at most TITLE_TIMEOUT_S for it.

        Args:
            is_stopping: don't wait; the title is then derived from the message.
        """
        thread, message, making = self._run.thread, self._message, self._making
        if thread.title is None and message is not None:
            if making is None:
                title = self._title_of(message)
                thread.title = await title if inspect.isawaitable(title) else title
            else:
                await asyncio.wait([making], timeout=0 if is_stopping else TITLE_TIMEOUT_S)
                is_made = making.done() and not making.cancelled() and making.exception() is None
                thread.title = making.result() if is_made else title_of(message)
        await self.aclose()

    async def aclose(self) -> None:
        """Cancel a title that is still being made."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.wait([self._making])
            if not self._making.cancelled():
                self._making.exception()  # the turn notices a lost run, too

    async def _make(self, message: UserMessageItem) -> str | None:
        """Return the title; derived from the message if `title_of` fails."""

        async def make() -> str | None:
            return await cast("Awaitable[str | None]", self._title_of(message))

        try:
            return await step(TITLE_STEP, make)
        except Exception as error:  # noqa: BLE001 - a title isn't worth a failed answer
            log.warning("run.title_failed", run_id=self._run.scope.run_id, error=error)
            return title_of(message)


def thread_updated(thread: ThreadMetadata) -> ThreadUpdatedEvent:
    """Return the event for a title that openai-chatkit has not published."""
    public = thread.model_copy(update={"metadata": {}})  # the agent's, not for clients
    return ThreadUpdatedEvent(thread=Thread(**public.model_dump(), items=Page()))
