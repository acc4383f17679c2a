"""A book shop's ChatKitServer in the form of OpenAI's samples: plain openai-chatkit."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from agents import Agent, RunContextWrapper, Runner, StopAtTools, function_tool
from chatkit.actions import Action
from chatkit.agents import (
    AgentContext,
    ClientToolCall,
    ThreadItemConverter,
    stream_agent_response,
)
from chatkit.server import ChatKitServer
from chatkit.types import (
    HiddenContextItem,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
)
from chatkit.widgets import DynamicWidgetRoot

Context = dict[str, Any]
BOOKS = {"emma": "Emma", "walden": "Walden", "dracula": "Dracula"}


def shelf(thread: ThreadMetadata) -> DynamicWidgetRoot:
    """Return a list of the books; each has a button that puts it into the basket."""
    basket = thread.metadata.get("basket", [])
    rows: list[dict[str, Any]] = []
    for book, title in BOOKS.items():
        action = {"type": "basket.add", "payload": {"book": book}}
        button = {"type": "Button", "label": "Add to basket", "onClickAction": action}
        added = {"type": "Text", "value": "In your basket", "color": "success"}
        row = [{"type": "Text", "value": title, "width": 120}, added if book in basket else button]
        rows.append({"type": "ListViewItem", "children": row})
    return DynamicWidgetRoot.model_validate({"type": "ListView", "children": rows})


@function_tool
async def show_books(ctx: RunContextWrapper[AgentContext[Context]]) -> str:
    """Show the user all books, with buttons that put them into the basket."""
    await ctx.context.stream_widget(shelf(ctx.context.thread))
    return f"The user sees: {', '.join(BOOKS.values())}"


@function_tool
async def get_open_book(ctx: RunContextWrapper[AgentContext[Context]]) -> str:
    """Get the book that is open on the user's page."""
    ctx.context.client_tool_call = ClientToolCall(name="get_open_book", arguments={})
    return "The page will answer."


clerk = Agent[AgentContext[Context]](
    name="Clerk",
    instructions="You sell books. Show them with show_books. One sentence per answer.",
    tools=[show_books, get_open_book],
    tool_use_behavior=StopAtTools(stop_at_tool_names=["get_open_book"]),
)
titler = Agent[Any](name="Titler", instructions="Reply with a title of 2 to 5 words, no more.")


class ShopServer(ChatKitServer[Context]):
    """Answers messages with the clerk; a click on a button fills the thread's basket."""

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: Context,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Stream the clerk's answer, and title a new thread beside it."""
        titling = asyncio.create_task(self._make_title(thread, input_user_message))
        page = await self.store.load_thread_items(thread.id, None, 20, "desc", context)
        items = await ThreadItemConverter().to_agent_input(page.data[::-1])
        run = AgentContext(thread=thread, store=self.store, request_context=context)
        result = Runner.run_streamed(clerk, items, context=run)
        async for event in stream_agent_response(run, result):
            yield event
        await titling

    async def _make_title(self, thread: ThreadMetadata, message: UserMessageItem | None) -> None:
        if message is not None and thread.title is None:
            result = await Runner.run(titler, await ThreadItemConverter().to_agent_input(message))
            thread.title = str(result.final_output)

    async def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: Context,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Put a book into the basket, without a model call."""
        book = action.payload["book"]
        if action.type != "basket.add" or sender is None or book not in BOOKS:
            return
        basket = thread.metadata.setdefault("basket", [])  # ChatKit saves a changed thread
        if book not in basket:
            basket.append(book)
        yield ThreadItemReplacedEvent(item=sender.model_copy(update={"widget": shelf(thread)}))
        note = HiddenContextItem(
            id=self.store.generate_item_id("message", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(),  # noqa: DTZ005 - as openai-chatkit does
            content=f"The user has put {BOOKS[book]} into the basket.",
        )
        await self.store.add_thread_item(thread.id, note, context)
