"""Parses request bodies: ChatKit requests, or the simple form `{"message", "conversation_id"}`."""

from typing import Annotated, Any, Final

import msgspec
from chatkit.actions import Action
from chatkit.types import (
    ChatKitReq,
    InferenceOptions,
    StreamingReq,
    ThreadAddUserMessageParams,
    ThreadCreateParams,
    ThreadsAddUserMessageReq,
    ThreadsCreateReq,
    ThreadsCustomActionReq,
    ThreadsSyncCustomActionReq,
    UserMessageInput,
    UserMessageTextContent,
)
from msgspec import Meta
from pydantic import TypeAdapter, ValidationError

from durable_chatkit.chatkit.limits import MAX_MESSAGE_CHARS
from durable_chatkit.errors import UnknownRequestTypeError
from durable_chatkit.storage.run import RunKind
from todochat.errors import BadRequestError, FieldError, InvalidInputError

MAX_FIELD_ERRORS: Final = 20
ATTACH_ACTION: Final = "run.attach"

# Built once: building it takes 3 ms, more than the rest of an acceptance.
_REQUEST: Final[TypeAdapter[ChatKitReq]] = TypeAdapter(ChatKitReq)
_ACTION_REQUEST: Final[TypeAdapter[ThreadsCustomActionReq | ThreadsSyncCustomActionReq]] = (
    TypeAdapter(ThreadsCustomActionReq | ThreadsSyncCustomActionReq)
)
_MAX_CONVERSATION_ID: Final = 2**31 - 1
_NOT_AN_OBJECT: Final = frozenset({"dict_type", "model_type", "model_attributes_type"})


class SimpleRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A request in the simple form.

    Attributes:
        conversation_id: number of a conversation or id of a thread; null starts a new one.
    """

    message: Annotated[str, Meta(min_length=1, max_length=MAX_MESSAGE_CHARS)]
    conversation_id: int | str | None = None


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A streaming request and the reference to its thread.

    Args:
        thread_id: None for a new thread or if `conversation_id` is set.
        simple_form: the response is converted to the lines of the simple form.
    """

    request: StreamingReq
    thread_id: str | None
    conversation_id: int | None = None
    simple_form: bool = False

    @property
    def kind(self) -> RunKind:
        """`agent` if the run calls a model, which is exclusive per thread; else `action`."""
        return "action" if isinstance(self.request, ThreadsCustomActionReq) else "agent"

    @property
    def is_new_thread(self) -> bool:
        """True if the request starts a thread."""
        return self.thread_id is None and self.conversation_id is None


def parse_request(body: bytes) -> ChatKitReq | SimpleRequest:
    """Parse a request body of either form.

    Raises:
        BadRequestError: it isn't a JSON object.
        UnknownRequestTypeError: its `type` is unknown.
        InvalidInputError: a field is missing or invalid.
    """
    try:
        return _REQUEST.validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        # Only the outermost union is the request type: parts of a message have a `type`, too.
        kind = faults[0]["type"] if not faults[0]["loc"] else "field"
        if kind == "union_tag_not_found":
            return _parse_simple_form(body)
        if kind == "json_invalid":
            msg = f"The body is not valid JSON: {faults[0]['msg']}."
            raise BadRequestError(msg) from None
        if kind == "union_tag_invalid":
            msg = "This server does not support this request type."
            raise UnknownRequestTypeError(msg) from None
        if kind in _NOT_AN_OBJECT:
            raise BadRequestError("The body must be a JSON object.") from None
        errors = [
            # The first part of `loc` is the request type, by which pydantic chose the model.
            FieldError("/" + "/".join(str(part) for part in fault["loc"][1:]), fault["msg"])
            for fault in faults[:MAX_FIELD_ERRORS]
        ]
        detail = "; ".join(f"{each.pointer}: {each.detail}" for each in errors[:3])
        raise InvalidInputError(detail, errors=errors) from None


def parse_stored_action(body: bytes) -> Action[str, Any]:
    """Parse the action of a stored request, which acceptance has validated."""
    return _ACTION_REQUEST.validate_json(body).params.action


def submission_of(request: StreamingReq) -> Submission:
    """Return the submission of a ChatKit request."""
    thread_id = None if isinstance(request, ThreadsCreateReq) else request.params.thread_id
    return Submission(request=request, thread_id=thread_id)


def sync_submission(request: ThreadsSyncCustomActionReq) -> Submission:
    """Return the submission of an action with a JSON response, which runs as a streaming one."""
    return submission_of(ThreadsCustomActionReq(params=request.params))


def simple_submission(form: SimpleRequest) -> Submission:
    """Return the submission of a request in the simple form, converted to a ChatKit request."""
    message = UserMessageInput(
        content=[UserMessageTextContent(text=form.message)],
        attachments=[],
        inference_options=InferenceOptions(),
    )
    thread_id, conversation_id = None, form.conversation_id
    if isinstance(conversation_id, str):
        if conversation_id.isascii() and conversation_id.isdigit() and len(conversation_id) < 10:
            conversation_id = int(conversation_id)
        else:
            thread_id, conversation_id = conversation_id, None
    if conversation_id is not None and not 0 < conversation_id <= _MAX_CONVERSATION_ID:
        conversation_id = 0  # no conversation has this number
    request: StreamingReq
    if form.conversation_id is None:
        request = ThreadsCreateReq(params=ThreadCreateParams(input=message))
    else:
        params = ThreadAddUserMessageParams(input=message, thread_id=thread_id or "")
        request = ThreadsAddUserMessageReq(params=params)
    return Submission(
        request=request,
        thread_id=thread_id,
        conversation_id=conversation_id,
        simple_form=True,
    )


def _parse_simple_form(body: bytes) -> SimpleRequest:
    try:
        form = msgspec.json.decode(body, type=SimpleRequest)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        pointer = path.strip("`").removeprefix("$").replace(".", "/")
        detail = f"The request has neither a ChatKit `type` nor the simple form: {reason}."
        errors = [FieldError(pointer=pointer or "/", detail=reason)]
        raise InvalidInputError(detail, errors=errors) from None
    except msgspec.DecodeError:
        raise BadRequestError("The body is not JSON.") from None
    if not form.message.strip():
        raise InvalidInputError(
            "The message is empty.", errors=[FieldError("/message", "must not be blank")]
        )
    return form
