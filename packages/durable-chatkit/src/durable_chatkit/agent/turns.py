"""Which turn a tool call belongs to, and the person's own words in it.

A turn begins with a message of the person. Retrying it, or going on after a browser's output, is
the same turn, so no such run gets around the limit of what a turn may change.
"""

from collections.abc import AsyncIterator
from typing import Final

from chatkit.types import UserMessageItem, UserMessageTextContent

from durable_chatkit.agent.run_context import RunContext

MAX_PAGES: Final = 10
PAGE: Final = 50


async def find_turn_id(run: RunContext) -> str:
    """Return the id of the turn that a run of the agent belongs to: its message's."""
    if run.message is not None:
        return run.message.id
    async for message in _messages(run):
        return message.id
    return run.scope.run_id


async def find_previous_turn_id(run: RunContext) -> str | None:
    """Return the id of the turn before the one that the person's message began."""
    seen = False
    async for message in _messages(run):
        if seen:
            return message.id
        seen = run.message is not None and message.id == run.message.id
    return None


def plain_text_of(run: RunContext) -> str:
    """Return what the person wrote to begin this run; empty if it is not words alone."""
    message = run.message
    if message is None or message.quoted_text or message.attachments:
        return ""
    texts = [part.text for part in message.content if isinstance(part, UserMessageTextContent)]
    return "".join(texts) if len(texts) == len(message.content) else ""


async def _messages(run: RunContext) -> AsyncIterator[UserMessageItem]:
    after: str | None = None
    for _ in range(MAX_PAGES):
        page = await run.store.load_thread_items(
            run.thread.id, after=after, limit=PAGE, order="desc", context=run.request_context
        )
        for item in page.data:
            if isinstance(item, UserMessageItem):
                yield item
        if not page.has_more:
            return
        after = page.after
