"""A ChatKitServer as its author wrote it for openai-chatkit alone, with a store in memory."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from agents import Agent, RunContextWrapper, Runner, StopAtTools, function_tool
from chatkit.actions import Action
from chatkit.agents import (
    AgentContext,
    ClientToolCall,
    ResponseStreamConverter,
    ThreadItemConverter,
    stream_agent_response,
)
from chatkit.errors import CustomStreamError
from chatkit.server import ChatKitServer
from chatkit.store import NotFoundError, Store
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    Attachment,
    AudioInput,
    ClientEffectEvent,
    FeedbackKind,
    HiddenContextItem,
    Page,
    ProgressUpdateEvent,
    SyncCustomActionResponse,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    TranscriptionResult,
    UserMessageItem,
    WidgetItem,
    WidgetRootUpdated,
)
from chatkit.widgets import Card, Text
from pydantic import ConfigDict, Field

from durable_chatkit import idempotency_key

EFFECTS: list[str] = []  # what happened outside of the chat
KEYS: set[str] = set()  # the keys that these effects were requested with
CONTEXTS: list[Any] = []


class MemoryStore(Store[dict[str, Any]]):
    """The store of OpenAI's samples, shortened; a hosted server never uses it."""

    def __init__(self) -> None:
        self.items: dict[str, list[ThreadItem]] = defaultdict(list)

    async def load_thread(self, thread_id: str, context: dict[str, Any]) -> ThreadMetadata:
        raise NotFoundError(thread_id)

    async def save_thread(self, thread: ThreadMetadata, context: dict[str, Any]) -> None:
        raise NotImplementedError

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: dict[str, Any]
    ) -> Page[ThreadMetadata]:
        raise NotImplementedError

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: dict[str, Any]
    ) -> Page[ThreadItem]:
        raise NotImplementedError

    async def add_thread_item(
        self, thread_id: str, item: ThreadItem, context: dict[str, Any]
    ) -> None:
        self.items[thread_id].append(item)

    async def save_item(self, thread_id: str, item: ThreadItem, context: dict[str, Any]) -> None:
        raise NotImplementedError

    async def load_item(self, thread_id: str, item_id: str, context: dict[str, Any]) -> ThreadItem:
        raise NotFoundError(item_id)

    async def delete_thread(self, thread_id: str, context: dict[str, Any]) -> None:
        raise NotImplementedError

    async def delete_thread_item(
        self, thread_id: str, item_id: str, context: dict[str, Any]
    ) -> None:
        raise NotImplementedError

    async def save_attachment(self, attachment: Attachment, context: dict[str, Any]) -> None:
        raise NotImplementedError

    async def load_attachment(self, attachment_id: str, context: dict[str, Any]) -> Attachment:
        raise NotFoundError(attachment_id)

    async def delete_attachment(self, attachment_id: str, context: dict[str, Any]) -> None:
        raise NotImplementedError


class Garden:
    """The author's own state."""

    def __init__(self) -> None:
        self.plants: list[str] = []


class GardenContext(AgentContext[dict[str, Any]]):
    """The context of the author's tools."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    garden: Annotated[Garden, Field(exclude=True)]


def card(text: str) -> Card:
    """A card with one line."""
    return Card(children=[Text(value=text)])


@function_tool
async def plant(ctx: RunContextWrapper[GardenContext], name: str) -> str:
    """Plant something."""
    EFFECTS.append(f"planted {name}")
    KEYS.add(idempotency_key())
    run = ctx.context
    await run.stream(ProgressUpdateEvent(text=f"Planting {name}"))
    await run.stream_widget(card(name), copy_text=name)
    await run.stream(ClientEffectEvent(name="planted", data={"name": name}))
    await run.store.add_thread_item(
        run.thread.id,
        HiddenContextItem(
            id=run.generate_id("message"),
            thread_id=run.thread.id,
            created_at=datetime.now(),  # noqa: DTZ005 - as openai-chatkit does
            content=f"<PLANTED>{name}</PLANTED>",
        ),
        run.request_context,
    )
    return f"{name} is planted"


@function_tool
async def look_around(ctx: RunContextWrapper[GardenContext]) -> str:
    """Ask the page what is selected."""
    ctx.context.client_tool_call = ClientToolCall(name="get_selection", arguments={})
    return "asked"


class GardenConverter(ThreadItemConverter):
    """The author's converter, which knows text in hidden items only."""

    async def hidden_context_to_input(self, item: HiddenContextItem) -> Any:
        assert isinstance(item.content, str)
        return await super().hidden_context_to_input(item)


class ShoutingConverter(ResponseStreamConverter):
    """The author's stream converter."""

    async def url_citation_to_annotation(self, url_citation: Any) -> Any:
        annotation = await super().url_citation_to_annotation(url_citation)
        if annotation is not None:
            annotation.source.title = annotation.source.title.upper()
        return annotation


gardener = Agent[GardenContext](
    name="Gardener",
    instructions="You are a gardener.",
    model="garden-large",
    tools=[plant, look_around],
    tool_use_behavior=StopAtTools(stop_at_tool_names=["look_around"]),
)
titler = Agent[Any](name="Titler", instructions="Make a title.", model="garden-small")


def say(
    server: ChatKitServer[Any], thread: ThreadMetadata, text: str, context: Any
) -> ThreadItemDoneEvent:
    """A whole message of the assistant."""
    return ThreadItemDoneEvent(
        item=AssistantMessageItem(
            id=server.store.generate_item_id("message", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(),  # noqa: DTZ005 - as openai-chatkit does
            content=[AssistantMessageContent(text=text)],
        )
    )


class GardenServer(ChatKitServer[dict[str, Any]]):
    """In the form of OpenAI's samples."""

    def __init__(self) -> None:
        self.store: MemoryStore = MemoryStore()
        super().__init__(self.store)
        self.garden = Garden()
        self.converter = GardenConverter()

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: dict[str, Any],
    ) -> AsyncIterator[ThreadStreamEvent]:
        CONTEXTS.append(context)
        titling = asyncio.create_task(self._make_title(thread, input_user_message))
        page = await self.store.load_thread_items(thread.id, None, 20, "desc", context)
        items = await self.converter.to_agent_input(list(reversed(page.data)))
        run = GardenContext(
            thread=thread, store=self.store, request_context=context, garden=self.garden
        )
        yield ProgressUpdateEvent(text="Thinking")
        result = Runner.run_streamed(gardener, items, context=run)
        async for event in stream_agent_response(run, result, converter=ShoutingConverter()):
            yield event
        if run.client_tool_call is None:
            yield say(self, thread, "Anything else?", context)
        yield ClientEffectEvent(name="answered", data={})
        await titling

    async def _make_title(self, thread: ThreadMetadata, message: UserMessageItem | None) -> None:
        if message is None or thread.title is not None:
            return
        result = await Runner.run(titler, await self.converter.to_agent_input(message))
        thread.title = str(result.final_output)

    async def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: dict[str, Any],
    ) -> AsyncIterator[ThreadStreamEvent]:
        if action.type == "refuse":
            raise CustomStreamError("Not in winter.", allow_retry=False)
        if action.type == "water":
            assert sender is not None
            yield ThreadItemUpdatedEvent(
                item_id=sender.id, update=WidgetRootUpdated(widget=card("watered"))
            )
            return
        if sender is not None:
            yield ThreadItemReplacedEvent(item=sender.model_copy(update={"widget": card("picked")}))
        thread.metadata["picked"] = thread.metadata.get("picked", 0) + 1
        yield say(self, thread, "Asking the gardener.", context)
        result = await Runner.run(gardener, f"pick {thread.metadata['picked']}")
        yield say(self, thread, str(result.final_output), context)

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: dict[str, Any],
    ) -> SyncCustomActionResponse:
        if sender is None:
            raise CustomStreamError("Which plant?", allow_retry=False)
        EFFECTS.append(f"{action.type} by {context['user_id']}")
        return SyncCustomActionResponse(
            updated_item=sender.model_copy(update={"widget": card(action.type)})
        )

    async def add_feedback(
        self,
        thread_id: str,
        item_ids: list[str],
        feedback: FeedbackKind,
        context: dict[str, Any],
    ) -> None:
        EFFECTS.append(f"{feedback} feedback on {len(item_ids)}")

    async def transcribe(
        self, audio_input: AudioInput, context: dict[str, Any]
    ) -> TranscriptionResult:
        return TranscriptionResult(
            text=f"{len(audio_input.data)} bytes of {audio_input.media_type}"
        )


def create_chatkit_server() -> GardenServer | None:
    """As OpenAI's samples create their server."""
    return GardenServer()


@asynccontextmanager
async def open_live_widgets(settings: Any) -> AsyncIterator[Any]:
    async def refresh(widgets: Sequence[WidgetItem], context: Any) -> dict[str, Card]:
        text = f"{settings.service_name}: now, for {context.user_id}"
        return {item.id: Card(children=[Text(value=text)]) for item in widgets}

    yield refresh
