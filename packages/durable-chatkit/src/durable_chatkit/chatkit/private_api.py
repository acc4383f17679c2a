"""The one module that touches names private to openai-chatkit.

They were read in `SUPPORTED_VERSION`; a test fails when another version is installed, so that
someone compares `chatkit/server.py` before this goes on.
"""

from collections.abc import AsyncIterator, Callable
from typing import Final

from chatkit.server import ChatKitServer
from chatkit.types import (
    NonStreamingReq,
    StructuredInputItem,
    StructuredInputSubmission,
    ThreadMetadata,
    ThreadStreamEvent,
)

from durable_chatkit.chatkit.context import RequestContext

# ruff: noqa: SLF001 - what this module is for

SUPPORTED_VERSION: Final = "1.6.5"

Server = ChatKitServer[RequestContext]


async def answer(server: Server, request: NonStreamingReq, context: RequestContext) -> bytes:
    """Answer a request that doesn't stream, as JSON.

    `process` would do it too, but builds a TypeAdapter for each request (2.8 ms).
    """
    return await server._process_non_streaming(request, context)


def process_events(
    server: Server,
    thread: ThreadMetadata,
    context: RequestContext,
    stream: Callable[[], AsyncIterator[ThreadStreamEvent]],
) -> AsyncIterator[ThreadStreamEvent]:
    """Store what `stream` says and pass it on; an Exception in it becomes an error event.

    The part of `process` after the request has been taken apart, which for an accepted turn was
    done by the api.
    """
    return server._process_events(thread, context, stream)


async def apply_structured_input(
    server: Server, item: StructuredInputItem, submission: StructuredInputSubmission
) -> StructuredInputItem:
    """Return the item with a pending input's answers filled in.

    Raises:
        ValueError: the item isn't pending.
    """
    return await server._apply_structured_input_submission(item, submission)
