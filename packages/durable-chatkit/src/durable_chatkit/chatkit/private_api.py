"""The only module that uses private names of openai-chatkit.

It was written against `SUPPORTED_VERSION`. A test fails when another version is installed: compare
`chatkit/server.py` of the two versions before changing the constant.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final

from chatkit.server import ChatKitServer
from chatkit.types import (
    NonStreamingReq,
    StructuredInputItem,
    StructuredInputSubmission,
    ThreadMetadata,
    ThreadStreamEvent,
)

from durable_chatkit.chatkit.context import RequestContext

if TYPE_CHECKING:  # it imports the Agents SDK, which the API doesn't load
    from chatkit.agents import AgentContext

# ruff: noqa: SLF001 - the purpose of this module

SUPPORTED_VERSION: Final = "1.6.5"

Server = ChatKitServer[RequestContext]


def end_of_events() -> type:
    """Return the class of the queue's last entry, after which `stream_agent_response` reads no more."""
    from chatkit.agents import _QueueCompleteSentinel  # noqa: PLC0415 - see above

    return _QueueCompleteSentinel


def events_of(context: "AgentContext[Any]") -> "asyncio.Queue[Any]":
    """Return the queue of events that an agent's tools stream."""
    return context._events


def use_event_queue(make: Callable[[], asyncio.Queue[Any]]) -> None:
    """Make each new AgentContext use a queue made by `make`, subclasses included.

    The queue between tools and `stream_agent_response` is a private attribute with a default, which
    all subclasses share.
    """
    from chatkit.agents import AgentContext  # noqa: PLC0415 - see above

    attribute = AgentContext.__private_attributes__["_events"]
    attribute.default_factory = make


def use_merge(
    merge: Callable[[AsyncIterator[Any], AsyncIterator[Any]], AsyncIterator[Any]],
) -> None:
    """Make `stream_agent_response` merge the events of a run and of its tools with `merge`."""
    from chatkit import agents  # noqa: PLC0415 - see above

    agents._merge_generators = merge  # type: ignore[assignment]


async def process_non_streaming(
    server: ChatKitServer[Any], request: NonStreamingReq, context: Any
) -> bytes:
    """Process a non-streaming request and return the response as JSON.

    The public `process` builds a TypeAdapter for each request (2.8 ms).
    """
    return await server._process_non_streaming(request, context)


def process_events(
    server: ChatKitServer[Any],
    thread: ThreadMetadata,
    context: Any,
    stream: Callable[[], AsyncIterator[ThreadStreamEvent]],
) -> AsyncIterator[ThreadStreamEvent]:
    """Store the events of `stream` and yield them; an Exception becomes an error event.

    This is the part of `process` after parsing the request; the API has already parsed the request
    of an accepted turn.
    """
    return server._process_events(thread, context, stream)


async def apply_structured_input(
    server: Server, item: StructuredInputItem, submission: StructuredInputSubmission
) -> StructuredInputItem:
    """Return a structured input item with its answers filled in.

    Raises:
        ValueError: the item isn't pending.
    """
    return await server._apply_structured_input_submission(item, submission)
