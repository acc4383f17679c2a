"""Finds the turn of a run, and the user's own words in it.

A turn starts with a user message. A retry, or a run that continues after the output of a client
tool, belongs to the same turn, so that it can't bypass the limit on a turn's changes.
"""

from typing import Final

from chatkit.types import UserMessageItem, UserMessageTextContent

from durable_chatkit.agent.history import newest_items
from durable_chatkit.agent.run_context import RunContext

MAX_PAGES: Final = 10


async def find_turn_id(run: RunContext) -> str:
    """Return the id of an agent run's turn, which is the id of its user message."""
    if run.message is not None:
        return run.message.id
    async for item in newest_items(
        run.store, run.thread.id, run.request_context, max_pages=MAX_PAGES
    ):
        if isinstance(item, UserMessageItem):
            return item.id
    return run.scope.run_id


async def find_previous_turn_id(run: RunContext) -> str | None:
    """Return the id of the turn before the turn of the run's message."""
    is_current_seen = False
    async for item in newest_items(
        run.store, run.thread.id, run.request_context, max_pages=MAX_PAGES
    ):
        if isinstance(item, UserMessageItem):
            if is_current_seen:
                return item.id
            is_current_seen = run.message is not None and item.id == run.message.id
    return None


def plain_text_of(run: RunContext) -> str:
    """Return the text of the run's message, "" if it contains anything besides text."""
    message = run.message
    if message is None or message.quoted_text or message.attachments:
        return ""
    texts = [part.text for part in message.content if isinstance(part, UserMessageTextContent)]
    return "".join(texts) if len(texts) == len(message.content) else ""
