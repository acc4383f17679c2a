"""Builds the SDK's events and items from decoded JSON, by their `type`.

The `openai` package tries each event against the union of all events, and each item against the
union of all items. Here the `type` selects the class (4 us in place of 60). A field that a server
omits, or sends as something else, doesn't fail an answer: then the model is built without
validation, with defaults for the fields that the SDK and ChatKit read.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, get_args, get_origin

import structlog
from agents.items import TResponseStreamEvent
from agents.models.fake_id import FAKE_RESPONSES_ID
from openai import BaseModel
from openai.types.responses import (
    Response,
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseReasoningItem,
    ResponseStreamEvent,
)
from openai.types.responses.response import IncompleteDetails
from pydantic import ValidationError

from model_client.usage import clean_usage
from todochat.surrogates import replace_surrogates

log = structlog.get_logger(__name__)


def _classes_by_type(union: Any) -> Mapping[str, type[Any]]:
    members = get_args(get_args(union)[0] if get_origin(union) is Annotated else union)
    return {
        name: member
        for member in members
        for name in get_args(member.model_fields["type"].annotation)
    }


EVENTS: Final[Mapping[str, type[Any]]] = _classes_by_type(ResponseStreamEvent)
ITEMS: Final[Mapping[str, type[Any]]] = _classes_by_type(ResponseOutputItem)

_ITEM_DEFAULTS: Final[Mapping[type[BaseModel], Mapping[str, Any]]] = {
    ResponseOutputMessage: {"role": "assistant", "status": "completed", "content": []},
    ResponseReasoningItem: {"summary": []},
    ResponseFunctionToolCall: {"name": "", "arguments": "", "call_id": ""},
}
# Of a response, besides what `build_response` builds. The echo of the request (its tools and
# instructions), most of the bytes of an event, is read by nobody and not kept.
_RESPONSE_FIELDS: Final = ("completed_at", "metadata", "previous_response_id", "service_tier")

_RESPONSE: Final = Response(
    id="",
    object="response",
    created_at=0,
    model="",
    output=[],
    parallel_tool_calls=True,
    tool_choice="auto",
    tools=[],
)

_unknown: set[str] = set()
_MAX_UNKNOWN: Final = 100


def note_unknown(kind: str, name: str) -> None:
    """Log an unknown type, once per process."""
    if name not in _unknown and len(_unknown) < _MAX_UNKNOWN:
        _unknown.add(name)
        log.info("model.unknown_type", kind=kind, type=replace_surrogates(name[:100]))


def build_event(kind: str, fields: Mapping[str, Any]) -> TResponseStreamEvent:
    """Return the event of a known type."""
    event: TResponseStreamEvent = build_model(EVENTS[kind], {**fields, "type": kind})
    return event


def build_item(fields: Mapping[str, Any]) -> ResponseOutputItem | None:
    """Return an output item, None if its type is unknown."""
    kind = str(fields.get("type"))
    item_class = ITEMS.get(kind)
    if item_class is None:
        note_unknown("item", kind)
        return None
    defaults = _ITEM_DEFAULTS.get(item_class, {})
    given = {name: value for name, value in fields.items() if value is not None}
    if item_class is not ResponseFunctionToolCall:
        given["id"] = given.get("id") or FAKE_RESPONSES_ID
    item: ResponseOutputItem = build_model(item_class, {**defaults, **given})
    return item


def build_response(
    fields: Mapping[str, Any], output: list[ResponseOutputItem], *, model: str, status: str
) -> Response:
    """Return a response with the given output and a cleaned usage.

    Args:
        model: used if the server's response names none.
    """
    kept = {name: fields[name] for name in _RESPONSE_FIELDS if fields.get(name) is not None}
    details = fields.get("incomplete_details")
    reason: IncompleteDetails | None = None
    if status == "incomplete" and isinstance(details, Mapping):
        reason = build_model(IncompleteDetails, details)
    return _RESPONSE.model_copy(
        update={
            **kept,
            "id": str(fields.get("id") or ""),
            "created_at": fields.get("created_at") or 0,
            "model": str(fields.get("model") or model),
            "status": status,
            "output": output,
            "usage": clean_usage(fields.get("usage")),
            "incomplete_details": reason,
        }
    )


def build_model(model_class: type[Any], fields: Mapping[str, Any]) -> Any:
    """Return a model of a class; invalid fields are kept as they are."""
    try:
        return model_class.model_validate(fields)
    except ValidationError:
        return model_class.construct(None, **fields)
