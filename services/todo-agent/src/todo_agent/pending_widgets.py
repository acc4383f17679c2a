"""Where the card of a pending change stands in its thread."""

from contextlib import suppress
from typing import Any, Final

from chatkit.types import WidgetItem

from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.errors import UnknownResourceError
from todo_agent.task_cards import titles_in
from todo_agent.widgets import widget

NEWEST: Final = 50  # the card is the last thing of the turn before


async def redraw_card(run: RunContext, pending_id: str, root: dict[str, Any]) -> None:
    """Draw the card of a pending change anew, if it is among the thread's newest items."""
    page = await run.store.load_thread_items(
        run.thread.id, after=None, limit=NEWEST, order="desc", context=run.request_context
    )
    changed = {"widget": widget(root), "copy_text": titles_in(root)}
    cards = (item for item in page.data if isinstance(item, WidgetItem))
    card = next((item for item in cards if _pending_id(item) == pending_id), None)
    if card is not None:
        with suppress(UnknownResourceError):  # it was deleted at this moment
            await run.update_widget(card.id, lambda old: old.model_copy(update=changed))


def _pending_id(item: WidgetItem) -> str | None:
    confirm = item.widget.model_dump(mode="json").get("confirm") or {}
    payload = (confirm.get("action") or {}).get("payload") or {}
    return payload.get("pending_id")
