"""The official pattern: one FastAPI process, openai-chatkit's server, threads in memory.

Follows its documentation and samples, with the settings that make it cheap: uvloop and httptools,
no access log, no tracing. Run by `bench_peers.py` with PEER_MODEL_URL; with PEER_TOOL=1 the agent
has a tool, which keeps tasks in memory.
"""

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from agents import Agent, OpenAIResponsesModel, Runner, Tool, function_tool, set_tracing_disabled
from chatkit.agents import AgentContext, simple_to_agent_input, stream_agent_response
from chatkit.server import ChatKitServer, StreamingResult
from chatkit.store import NotFoundError, Store
from chatkit.types import (
    Attachment,
    Page,
    ThreadItem,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI
from typing_extensions import override

Context = dict[str, Any]


class MemoryStore(Store[Context]):
    """Keeps threads and items in dicts; they are lost with the process."""

    def __init__(self) -> None:
        self._threads: dict[str, ThreadMetadata] = {}
        self._items: dict[str, dict[str, ThreadItem]] = {}

    @override
    async def load_thread(self, thread_id: str, context: Context) -> ThreadMetadata:
        if thread_id not in self._threads:
            raise NotFoundError(thread_id)
        return self._threads[thread_id].model_copy(deep=True)

    @override
    async def save_thread(self, thread: ThreadMetadata, context: Context) -> None:
        self._threads[thread.id] = thread.model_copy(deep=True)

    @override
    async def load_threads(
        self, limit: int, after: str | None, order: str, context: Context
    ) -> Page[ThreadMetadata]:
        return _page(list(self._threads.values()), limit, after, order)

    @override
    async def delete_thread(self, thread_id: str, context: Context) -> None:
        self._threads.pop(thread_id, None)
        self._items.pop(thread_id, None)

    @override
    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: Context
    ) -> Page[ThreadItem]:
        return _page(list(self._items.get(thread_id, {}).values()), limit, after, order)

    @override
    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Context) -> None:
        self._items.setdefault(thread_id, {})[item.id] = item

    @override
    async def save_item(self, thread_id: str, item: ThreadItem, context: Context) -> None:
        self._items.setdefault(thread_id, {})[item.id] = item

    @override
    async def load_item(self, thread_id: str, item_id: str, context: Context) -> ThreadItem:
        try:
            return self._items[thread_id][item_id]
        except KeyError:
            raise NotFoundError(item_id) from None

    @override
    async def delete_thread_item(self, thread_id: str, item_id: str, context: Context) -> None:
        self._items.get(thread_id, {}).pop(item_id, None)

    @override
    async def save_attachment(self, attachment: Attachment, context: Context) -> None:
        raise NotImplementedError

    @override
    async def load_attachment(self, attachment_id: str, context: Context) -> Attachment:
        raise NotImplementedError

    @override
    async def delete_attachment(self, attachment_id: str, context: Context) -> None:
        raise NotImplementedError


def _page(rows: list[Any], limit: int, after: str | None, order: str) -> Page[Any]:
    def created(row: Any) -> datetime:
        moment: datetime = row.created_at
        return moment

    rows.sort(key=created, reverse=order == "desc")
    ids = [row.id for row in rows]
    start = ids.index(after) + 1 if after else 0
    page = rows[start : start + limit]
    has_more = start + limit < len(rows)
    return Page(data=page, has_more=has_more, after=page[-1].id if has_more else None)


TASKS: list[str] = []


@function_tool
async def add_task(title: str) -> str:
    """Add a task to the user's list."""
    TASKS.append(title)
    return f"Added {title}."


class OfficialServer(ChatKitServer[Context]):
    """Responds to each message with an agent."""

    def __init__(self, agent: Agent[Any]) -> None:
        super().__init__(MemoryStore())
        self._agent = agent

    @override
    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: Context
    ) -> AsyncIterator[ThreadStreamEvent]:
        items = await self.store.load_thread_items(thread.id, None, 20, "asc", context)
        agent_context = AgentContext(thread=thread, store=self.store, request_context=context)
        agent_input = await simple_to_agent_input(items.data)
        result = Runner.run_streamed(self._agent, agent_input, context=agent_context)
        async for event in stream_agent_response(agent_context, result):
            yield event


def create_app() -> FastAPI:
    """Create the app; uvicorn's factory."""
    set_tracing_disabled(disabled=True)
    client = AsyncOpenAI(api_key="sk-scripted", base_url=os.environ["PEER_MODEL_URL"])
    model = OpenAIResponsesModel(model="scripted", openai_client=client)
    tools: list[Tool] = [add_task] if "PEER_TOOL" in os.environ else []
    server = OfficialServer(Agent(name="peer", model=model, instructions="Answer.", tools=tools))
    app = FastAPI()

    @app.post("/chatkit")
    async def chatkit(request: Request) -> Response:
        result = await server.process(await request.body(), {})
        if isinstance(result, StreamingResult):
            return StreamingResponse(result, media_type="text/event-stream")
        return Response(result.json, media_type="application/json")

    return app
