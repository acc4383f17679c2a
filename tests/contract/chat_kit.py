"""A ChatKit client that parses every response with openai-chatkit's own types."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from chatkit.types import (
    AssistantMessageItem,
    ErrorEvent,
    Page,
    Thread,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    ThreadUpdatedEvent,
)
from pydantic import BaseModel, TypeAdapter

from todochat.testing.model_server import Call, Say, ScriptedModelServer
from todochat.testing.person import Person, Stream

ModelT = TypeVar("ModelT", bound=BaseModel)
ItemT = TypeVar("ItemT", bound=BaseModel)

_EVENT: Final[TypeAdapter[ThreadStreamEvent]] = TypeAdapter(ThreadStreamEvent)
UNKNOWN_THREAD: Final = "thr_00000000000000000000000000"
UNKNOWN_ITEM: Final = "msg_00000000000000000000000000"


class ItemPage(Page[ThreadItem]):
    """A page of items."""


class ThreadPage(Page[Thread]):
    """A page of threads."""


class Turn:
    """One streamed response.

    Attributes:
        raw: the JSON of the events, unparsed.
        ended: completed, failed or cancelled.
    """

    def __init__(self, stream: Stream, raw: list[dict[str, Any]]) -> None:
        self.raw = raw
        self.events = [_EVENT.validate_python(event) for event in raw]
        self.ended = stream.ended
        self.run_id = stream.response.headers["x-run-id"]
        self.thread_id = stream.response.headers["x-thread-id"]

    @property
    def outline(self) -> list[str]:
        """The events in order: `done:widget`, `text_delta`; consecutive repetitions count once."""
        names = [_outline(event) for event in self.events]
        return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name]

    @property
    def done(self) -> list[ThreadItem]:
        """The finished items."""
        return [event.item for event in self.events if isinstance(event, ThreadItemDoneEvent)]

    @property
    def item_ids(self) -> list[str]:
        """The IDs of the items, in the order of their first event."""
        told = [event["item"]["id"] for event in self.raw if "item" in event]
        return list(dict.fromkeys(told))

    def item(self, kind: type[ItemT]) -> ItemT:
        """Return the only finished item of a kind."""
        (found,) = [item for item in self.done if isinstance(item, kind)]
        return found

    @property
    def text(self) -> str:
        """The assistant's messages."""
        return " ".join(map(text_of, self.done)).strip()

    @property
    def errors(self) -> list[ErrorEvent]:
        """The error events."""
        return [event for event in self.events if isinstance(event, ErrorEvent)]

    @property
    def removed(self) -> list[str]:
        """The IDs of the removed items."""
        return [event.item_id for event in self.events if isinstance(event, ThreadItemRemovedEvent)]

    @property
    def thread_updates(self) -> list[Thread]:
        """The thread after each of its updates."""
        return [event.thread for event in self.events if isinstance(event, ThreadUpdatedEvent)]


class Chatter(Person):
    """A user with a ChatKit client."""

    async def turn(self, request_type: str, **params: Any) -> Turn:
        """Send a streaming request and read the response to its end."""
        async with self.open(request_type, **params) as stream:
            assert stream.response.status_code == 200, stream.response.text
            return Turn(stream, await stream.rest())

    @asynccontextmanager
    async def open(self, request_type: str, **params: Any) -> AsyncIterator[Stream]:
        """Send a streaming request."""
        async with self.stream({"type": request_type, "params": params}) as stream:
            yield stream

    async def send_message(self, text: str, thread_id: str | None = None, **message: Any) -> Turn:
        """Send a message; `message` replaces parts of it."""
        params: dict[str, Any] = {"input": user_input(text, **message)}
        if thread_id is None:
            return await self.turn("threads.create", **params)
        return await self.turn("threads.add_user_message", thread_id=thread_id, **params)

    async def fetch(self, request_type: str, **params: Any) -> dict[str, Any]:
        """Send a non-streaming request and return its JSON."""
        response = await self.chatkit(request_type, params)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def refusal(self, request_type: str, **params: Any) -> tuple[int, str]:
        """Send a request that the server must refuse; return status and problem code."""
        return await self.refusal_of({"type": request_type, "params": params})

    async def refusal_of(self, body: Mapping[str, Any]) -> tuple[int, str]:
        """Do the same as `refusal`, with any body."""
        async with self.stream(body) as stream:
            response = stream.response
            assert response.headers["content-type"] == "application/problem+json", (
                response.status_code
            )
            problem = response.json()
        assert problem["status"] == response.status_code
        return response.status_code, problem["type"].rsplit(":", 1)[-1]

    async def thread(self, thread_id: str) -> Thread:
        """Fetch a thread."""
        return Thread.model_validate(await self.fetch("threads.get_by_id", thread_id=thread_id))

    async def items(self, thread_id: str, **params: Any) -> ItemPage:
        """Fetch a page of items, oldest first by default."""
        asked = {"thread_id": thread_id, "order": "asc", **params}
        return ItemPage.model_validate(await self.fetch("items.list", **asked))

    async def threads(self, **params: Any) -> ThreadPage:
        """Fetch a page of threads."""
        return ThreadPage.model_validate(await self.fetch("threads.list", **params))


def user_input(text: str, **message: Any) -> dict[str, Any]:
    """Return a message in the official client's form."""
    return {
        "content": [{"type": "input_text", "text": text}],
        "attachments": [],
        "quoted_text": None,
        "inference_options": {},
        **message,
    }


def script(model: ScriptedModelServer, *calls: Call, then: str | None = "Done.") -> None:
    """Script the model: one response for each call, then a text."""
    for call in calls:
        model.answer(call)
    if then is not None:
        model.answer(Say(then))


def emit(*events: Mapping[str, Any]) -> Call:
    """Return the call that makes the agent emit these events."""
    return Call("emit", {"events": list(events)})


def done(item_type: str, item_id: str, **fields: Any) -> dict[str, Any]:
    """Return the event of a finished item."""
    return {"type": "thread.item.done", "item": {"type": item_type, "id": item_id, **fields}}


def text_of(item: ThreadItem) -> str:
    """Return an assistant message's text, "" for other items."""
    if not isinstance(item, AssistantMessageItem):
        return ""
    return "".join(part.text for part in item.content)


def kinds(page: Page[ThreadItem]) -> list[str]:
    """Return the types of a page's items."""
    return [item.type for item in page.data]


def _outline(event: ThreadStreamEvent) -> str:
    match event:
        case ThreadItemUpdatedEvent():
            return event.update.type.rsplit(".", 1)[-1]
        case _ if hasattr(event, "item"):
            return f"{event.type.rsplit('.', 1)[-1]}:{event.item.type}"
        case _:
            return event.type
