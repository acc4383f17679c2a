"""What the routes' signatures can't tell the OpenAPI document."""

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
    "X-Thread-Id": "Its thread.",
    "X-Conversation-Id": "The thread's number for the simple form.",
    "Idempotent-Replayed": "`true` if the Idempotency-Key was used before.",
}
# Checked or passed on as they are, so no handler takes them as arguments.
_CHAT_REQUEST_HEADERS: Final = {
    "Idempotency-Key": "1 to 128 visible ASCII characters; the same key again watches the same run.",
    "X-Timezone": "The person's time zone, as in the IANA database.",
    "Accept-Language": "The person's language.",
}
_STREAM: Final = OpenAPIMediaType(
    schema=Schema(type=OpenAPIType.STRING, description="Server-sent events.")
)
_BINARY: Final = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
_ATTACHMENT: Final = Schema(
    title="Attachment",
    description="ChatKit's attachment; its id goes into a message's `attachments`.",
    type=OpenAPIType.OBJECT,
    required=["id", "name", "mime_type", "type"],
    properties={
        **dict.fromkeys(("id", "name", "mime_type"), _STRING),
        "type": Schema(type=OpenAPIType.STRING, enum=["file", "image"]),
        "preview_url": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.URL),
    },
)
_FOUND: Final = Schema(
    title="FoundMessage",
    type=OpenAPIType.OBJECT,
    required=["thread_id", "title", "item_id", "snippet", "created_at"],
    properties={
        **dict.fromkeys(("thread_id", "item_id", "snippet"), _STRING),
        "title": Schema(type=[OpenAPIType.STRING, OpenAPIType.NULL]),
        "created_at": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME),
    },
)
_FOUND_PAGE: Final = Schema(
    title="FoundPage",
    type=OpenAPIType.OBJECT,
    required=["items", "next_cursor"],
    properties={
        "items": Schema(type=OpenAPIType.ARRAY, items=_FOUND),
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
    description="A request of the ChatKit protocol; `type` decides what `params` holds.",
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
    description="The simple form: a message, and the conversation it continues (none: a new one).",
    type=OpenAPIType.OBJECT,
    required=["message"],
    properties={
        "message": Schema(
            type=OpenAPIType.STRING, min_length=1, examples=["add buy milk tomorrow at 5pm"]
        ),
        "conversation_id": Schema(
            type=[OpenAPIType.INTEGER, OpenAPIType.STRING, OpenAPIType.NULL],
            description="The conversation's number or the thread's id.",
        ),
    },
)


@dataclass
class ChatOperation(Operation):
    """Chat: a raw body of two forms, answered with a stream or with JSON."""

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
        answer = _stream_answer(self)
        answer.description = "The run's events, or the result of a request that needs no model."
        answer.content = {EVENT_STREAM: _STREAM, "application/json": OpenAPIMediaType(Schema())}


@dataclass
class AttachOperation(Operation):
    """Attach: answered with a stream."""

    def __post_init__(self) -> None:
        answer = _stream_answer(self)
        answer.description = "The run's events after Last-Event-ID, stored ones first, then live."
        answer.content = {EVENT_STREAM: _STREAM}


@dataclass
class UploadOperation(Operation):
    """Upload: multipart with one file, or its bare bytes; answered with ChatKit's attachment."""

    def __post_init__(self) -> None:
        form = Schema(
            type=OpenAPIType.OBJECT, required=[FILE_FIELD], properties={FILE_FIELD: _BINARY}
        )
        self.request_body = RequestBody(
            content={"multipart/form-data": OpenAPIMediaType(schema=form)}, required=True
        )
        for answer in (self.responses or {}).values():
            if isinstance(answer, OpenAPIResponse) and PROBLEM_JSON not in (answer.content or {}):
                answer.content = {"application/json": OpenAPIMediaType(schema=_ATTACHMENT)}


@dataclass
class DownloadOperation(Operation):
    """Download: the bytes of a file."""

    def __post_init__(self) -> None:
        answer = _stream_answer(self)
        answer.description = "The file."
        answer.headers = None
        answer.content = {"*/*": OpenAPIMediaType(schema=_BINARY)}


@dataclass
class SearchOperation(Operation):
    """Search: a page of what was found."""

    def __post_init__(self) -> None:
        _document_json(self, "Messages that hold all words, the newest first.", _FOUND_PAGE)


@dataclass
class ExportOperation(Operation):
    """Export: one large JSON object."""

    def __post_init__(self) -> None:
        _document_json(self, "Everything of the user's chats.", _EXPORT)


def _document_json(operation: Operation, description: str, schema: Schema) -> None:
    answer = _stream_answer(operation)
    answer.description = description
    answer.headers = None
    answer.content = {"application/json": OpenAPIMediaType(schema=schema)}


def _stream_answer(operation: Operation) -> OpenAPIResponse:
    answer = (operation.responses or {})["200"]
    if not isinstance(answer, OpenAPIResponse):  # pragma: no cover - Litestar refers to no response
        raise TypeError
    answer.headers = {
        name: OpenAPIHeader(schema=_STRING, description=description)
        for name, description in _STREAM_HEADERS.items()
    }
    return answer
