"""Parts of the OpenAPI document that the routes' signatures don't contain."""

from dataclasses import dataclass
from typing import Final

from litestar.openapi.spec import (
    OpenAPIFormat,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)

from todochat.contracts.uploads import FILE_FIELD
from todochat.http.problems import PROBLEM_JSON
from todochat.http.raw_response import EVENT_STREAM

BEARER: Final = [{"bearer": list[str]()}]

_STRING: Final = Schema(type=OpenAPIType.STRING)
_STREAM_HEADERS: Final = {
    "X-Run-Id": "The run whose events are streamed.",
    "X-Thread-Id": "The run's thread.",
    "X-Conversation-Id": "The thread's number for the simple form.",
    "Idempotent-Replayed": "`true` if the Idempotency-Key was used before.",
    "X-Resumable": "`1` in responses without a stream: the server has runs, which can be listed.",
}
# Checked or forwarded unchanged, so no handler has them as parameters.
_CHAT_REQUEST_HEADERS: Final = {
    "Idempotency-Key": "1 to 128 visible ASCII characters; a request with a used key watches the same run.",
    "X-Timezone": "The user's time zone, as in the IANA database.",
    "Accept-Language": "The user's language.",
}
_STREAM: Final = OpenAPIMediaType(
    schema=Schema(type=OpenAPIType.STRING, description="Server-sent events.")
)
_BINARY: Final = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
_ATTACHMENT: Final = Schema(
    title="Attachment",
    description="ChatKit's attachment; put its ID into a message's `attachments`.",
    type=OpenAPIType.OBJECT,
    required=["id", "name", "mime_type", "type"],
    properties={
        **dict.fromkeys(("id", "name", "mime_type"), _STRING),
        "type": Schema(type=OpenAPIType.STRING, enum=["file", "image"]),
        "preview_url": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.URL),
    },
)
_MESSAGE: Final = Schema(
    title="FoundMessage",
    type=OpenAPIType.OBJECT,
    required=["thread_id", "title", "item_id", "snippet", "created_at"],
    properties={
        **dict.fromkeys(("thread_id", "item_id", "snippet"), _STRING),
        "title": Schema(type=[OpenAPIType.STRING, OpenAPIType.NULL]),
        "created_at": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME),
    },
)
_MESSAGE_PAGE: Final = Schema(
    title="FoundPage",
    type=OpenAPIType.OBJECT,
    required=["items", "next_cursor"],
    properties={
        "items": Schema(type=OpenAPIType.ARRAY, items=_MESSAGE),
        "next_cursor": Schema(type=[OpenAPIType.STRING, OpenAPIType.NULL]),
    },
)
_THREAD: Final = Schema(
    title="FoundThread",
    type=OpenAPIType.OBJECT,
    required=["id", "title", "status", "created_at", "agent", "item_id", "snippet", "found_at"],
    properties={
        **dict.fromkeys(("id", "agent"), _STRING),
        "title": Schema(type=[OpenAPIType.STRING, OpenAPIType.NULL]),
        "status": Schema(type=OpenAPIType.OBJECT, description="ChatKit's status of the thread."),
        "created_at": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME),
        "item_id": Schema(
            type=[OpenAPIType.STRING, OpenAPIType.NULL],
            description="The newest matching message; null if only the title matches.",
        ),
        "snippet": Schema(
            type=OpenAPIType.ARRAY,
            items=Schema(
                type=OpenAPIType.OBJECT,
                required=["text", "hit"],
                properties={"text": _STRING, "hit": Schema(type=OpenAPIType.BOOLEAN)},
            ),
            description="That message around its hits, in parts; empty without a message.",
        ),
        "found_at": Schema(
            type=OpenAPIType.STRING,
            format=OpenAPIFormat.DATE_TIME,
            description="The time of that message, or else of the thread.",
        ),
    },
)
_THREAD_PAGE: Final = Schema(
    title="FoundThreadsPage",
    type=OpenAPIType.OBJECT,
    required=["items", "next_cursor"],
    properties={
        "items": Schema(type=OpenAPIType.ARRAY, items=_THREAD),
        "next_cursor": Schema(type=[OpenAPIType.STRING, OpenAPIType.NULL]),
    },
)
_EXPORT: Final = Schema(
    title="ChatExport",
    type=OpenAPIType.OBJECT,
    required=["threads", "attachments", "feedback"],
    properties={
        name: Schema(type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.OBJECT))
        for name in ("threads", "attachments", "feedback")
    },
)
_CHATKIT_REQUEST: Final = Schema(
    title="ChatKitRequest",
    description="A request of the ChatKit protocol; `params` depends on `type`.",
    type=OpenAPIType.OBJECT,
    required=["type"],
    properties={
        "type": Schema(type=OpenAPIType.STRING, examples=["threads.create", "threads.list"]),
        "params": Schema(type=OpenAPIType.OBJECT),
        "metadata": Schema(type=OpenAPIType.OBJECT),
    },
)
_SIMPLE_MESSAGE: Final = Schema(
    title="SimpleMessage",
    description="The simple form: a message, and the conversation it continues (default: a new one).",
    type=OpenAPIType.OBJECT,
    required=["message"],
    properties={
        "message": Schema(
            type=OpenAPIType.STRING, min_length=1, examples=["add buy milk tomorrow at 5pm"]
        ),
        "conversation_id": Schema(
            type=[OpenAPIType.INTEGER, OpenAPIType.STRING, OpenAPIType.NULL],
            description="The conversation's number or the thread's ID.",
        ),
    },
)


@dataclass
class ChatOperation(Operation):
    """Chat: a raw body of two forms; the response is a stream or JSON."""

    def __post_init__(self) -> None:
        self.parameters = [
            *(self.parameters or []),
            *(
                Parameter(name=name, param_in="header", schema=_STRING, description=description)
                for name, description in _CHAT_REQUEST_HEADERS.items()
            ),
        ]
        body = Schema(any_of=[_CHATKIT_REQUEST, _SIMPLE_MESSAGE])
        self.request_body = RequestBody(
            content={"application/json": OpenAPIMediaType(schema=body)}, required=True
        )
        response = _document_stream(self)
        response.description = "The run's events, or the result of a request that needs no model."
        response.content = {EVENT_STREAM: _STREAM, "application/json": OpenAPIMediaType(Schema())}


@dataclass
class AttachOperation(Operation):
    """Attach: the response is a stream."""

    def __post_init__(self) -> None:
        response = _document_stream(self)
        response.description = "The run's events after Last-Event-ID, first stored ones, then live."
        response.content = {EVENT_STREAM: _STREAM}


@dataclass
class UploadOperation(Operation):
    """Upload: multipart with one file, or its bare bytes; returns ChatKit's attachment."""

    def __post_init__(self) -> None:
        form = Schema(
            type=OpenAPIType.OBJECT, required=[FILE_FIELD], properties={FILE_FIELD: _BINARY}
        )
        self.request_body = RequestBody(
            content={"multipart/form-data": OpenAPIMediaType(schema=form)}, required=True
        )
        for response in (self.responses or {}).values():
            if isinstance(response, OpenAPIResponse) and PROBLEM_JSON not in (
                response.content or {}
            ):
                response.content = {"application/json": OpenAPIMediaType(schema=_ATTACHMENT)}


@dataclass
class DownloadOperation(Operation):
    """Download: the bytes of a file."""

    def __post_init__(self) -> None:
        _document_content(self, "The file.", "*/*", _BINARY)


@dataclass
class SearchOperation(Operation):
    """Search: a page of messages."""

    def __post_init__(self) -> None:
        description = "Messages that contain all words, newest first."
        _document_content(self, description, "application/json", _MESSAGE_PAGE)


@dataclass
class ThreadSearchOperation(Operation):
    """Search: a page of threads."""

    def __post_init__(self) -> None:
        description = "Threads with the words in their title or in a message, by newest match."
        _document_content(self, description, "application/json", _THREAD_PAGE)


@dataclass
class ExportOperation(Operation):
    """Export: one large JSON object."""

    def __post_init__(self) -> None:
        _document_content(self, "All of the user's chats.", "application/json", _EXPORT)


def _document_content(
    operation: Operation, description: str, media_type: str, schema: Schema
) -> None:
    response = _success_response(operation)
    response.description = description
    response.headers = None
    response.content = {media_type: OpenAPIMediaType(schema=schema)}


def _document_stream(operation: Operation) -> OpenAPIResponse:
    response = _success_response(operation)
    response.headers = {
        name: OpenAPIHeader(schema=_STRING, description=description)
        for name, description in _STREAM_HEADERS.items()
    }
    return response


def _success_response(operation: Operation) -> OpenAPIResponse:
    response = (operation.responses or {})["200"]
    if not isinstance(response, OpenAPIResponse):  # pragma: no cover - Litestar uses no references
        raise TypeError
    return response
