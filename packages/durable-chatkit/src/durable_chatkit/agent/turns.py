"""Finds the turn of a run, and the user's own words in it.

A turn starts with a user message. A retry, or a run that continues after the output of a client
tool, belongs to the same turn, so that it can't bypass the limit on a turn's changes.
"""

from collections.abc import AsyncIterator
from typing import Final

from chatkit.types import UserMessageItem, UserMessageTextContent

from durable_chatkit.agent.run_context import RunContext

MAX_PAGES: Final = 10
PAGE: Final = 50


async def find_turn_id(run: RunContext) -> str:
    """Return the id of an agent run's turn, which is the id of its user message."""
    if run.message is not None:
        return run.message.id
    async for message in _user_messages(run):
        return message.id
    return run.scope.run_id


async def find_previous_turn_id(run: RunContext) -> str | None:
    """Return the id of the turn before the turn of the run's message."""
    is_current_seen = False
    async for message in _user_messages(run):
        if is_current_seen:
            return message.id
        is_current_seen = run.message is not None and message.id == run.message.id
    return None


def plain_text_of(run: RunContext) -> str:
    """Return the text of the run's message, "" if it contains anything besides text."""
    message = run.message
    if message is None or message.quoted_text or message.attachments:
        return ""
    texts = [part.text for part in message.content if isinstance(part, UserMessageTextContent)]
    return "".join(texts) if len(texts) == len(message.content) else ""


async def _user_messages(run: RunContext) -> AsyncIterator[UserMessageItem]:
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
