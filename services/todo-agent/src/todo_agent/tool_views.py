"""Shows what a tool returned: lists, forms, and the cards of its changes."""

from contextlib import suppress
from typing import Any, Final

from chatkit.types import WidgetItem

from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.errors import UnknownResourceError
from task_tools.answering import NOTHING_CHANGED
from task_tools.tool_spec import AnsweredPending, FoundTasks, NewTask, ShownTask, View
from task_tools.tool_tasks import ToolTasks
from todo_agent.cards import message_card, titles_in, widget
from todo_agent.pending_cards import confirmed_card, pending_id_of
from todo_agent.search_pages import first_page
from todo_agent.task_form import add_card, task_card
from todo_agent.task_list_widget import PAGE_SIZE, as_text, task_list

MAX_CARD_SEARCH: Final = 50  # items; the card is the last item of the previous turn


async def show(run: RunContext, tasks: ToolTasks, view: View) -> None:
    """Show a result in the thread: as a new widget, or on the card that the user answered."""
    timezone = tasks.zone.key
    match view:
        case FoundTasks():
            pages = first_page(view)
            shown = view.tasks if pages is None else view.tasks[:PAGE_SIZE]
            drawn = task_list(shown, await tasks.get_list_names(), timezone, pages=pages)
            await run.stream_widget(drawn, copy_text=as_text(view.tasks))
        case ShownTask():
            form = task_card(view.task, view.lists, timezone)
            await run.stream_widget(widget(form), copy_text=view.task.title)
        case NewTask():
            await run.stream_widget(widget(add_card(view.lists)), copy_text="")
        case AnsweredPending():
            card = message_card(NOTHING_CHANGED)
            if view.confirmed is not None:
                names = await tasks.get_list_names()
                card = confirmed_card(view.confirmed, tasks.zone, tasks.today, names)
            await _redraw_card(run, view.pending_id, card)


async def _redraw_card(run: RunContext, pending_id: str, root: dict[str, Any]) -> None:
    """Redraw the card of a pending change, if it is among the thread's newest items."""
    page = await run.store.load_thread_items(
        run.thread.id, after=None, limit=MAX_CARD_SEARCH, order="desc", context=run.request_context
    )
    changed = {"widget": widget(root), "copy_text": titles_in(root)}
    for item in page.data:
        if not isinstance(item, WidgetItem):
            continue
        if pending_id_of(item.widget.model_dump(mode="json")) == pending_id:
            with suppress(UnknownResourceError):  # it was deleted concurrently
                await run.update_widget(item.id, lambda old: old.model_copy(update=changed))
            return
