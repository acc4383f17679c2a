"""Repairs a model's output before the SDKs parse it: one bad field must not fail a run.

Tool calls: names and arguments are repaired where their meaning is certain. The SDK parses and hashes
arguments outside of the tool's error handling, so text that overflows its recursion or can't be
encoded would fail the run. After the repair the tool reports any other error in them, and the model
can correct it.

Citations: openai parses the annotation of `response.output_text.annotation.added` into its own
classes, while openai-chatkit accepts only those of `response_output_text` and raises for anything
else: another class, an unknown type, a missing field. Each citation is validated here first; an
invalid one is dropped and logged.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from agents import FunctionTool, Handoff, Tool
from openai import BaseModel
from openai.types.responses import (
    Response,
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseOutputText,
)
from openai.types.responses.response_output_text import Annotation
from pydantic import TypeAdapter, ValidationError

from model_client.tool_arguments import (
    CUT_OFF,
    Schema,
    clean_tool_name,
    is_object,
    split_arguments,
)
from todochat.surrogates import replace_surrogates

MAX_DEPTH: Final = 64  # the SDK recurses twice per level

_CITATION: Final = TypeAdapter[Annotation](Annotation)

log = structlog.get_logger(__name__)


def tool_schemas(tools: Iterable[Tool], handoffs: Iterable[Handoff[Any, Any]]) -> dict[str, Schema]:
    """Return the schemas of the arguments of all functions that a model may call, by name."""
    schemas: dict[str, Schema] = {
        tool.name: tool.params_json_schema for tool in tools if isinstance(tool, FunctionTool)
    }
    return schemas | {each.tool_name: each.input_json_schema for each in handoffs}


def repair_calls(response: Response, schemas: Mapping[str, Schema]) -> list[ResponseOutputItem]:
    """Return an answer's items with calls that the SDK can carry out or report to the model.

    A call whose arguments are several objects becomes several calls, the further ones without an
    ID. The last call of an answer that was cut off stays incomplete.
    """
    is_cut = response.status == "incomplete"
    repaired: list[ResponseOutputItem] = []
    for item in response.output:
        if not isinstance(item, ResponseFunctionToolCall):
            repaired.append(item)
            continue
        name = clean_tool_name(item.name, schemas)
        if is_cut and item is response.output[-1] and not is_object(item.arguments):
            texts = [item.arguments or CUT_OFF]
        else:
            texts = split_arguments(item.arguments, schemas.get(name))
        for index, text in enumerate(texts):
            update: dict[str, Any] = {"name": name, "arguments": make_parseable(text)}
            if index:
                update |= {"id": None, "call_id": ""}
            repaired.append(item.model_copy(update=update))
    return repaired


def make_parseable(arguments: str) -> str:
    """Return arguments that the SDK can parse without failing the run.

    Arguments nested deeper than `MAX_DEPTH` are cut there; the result is malformed JSON, so that no
    tool mistakes it for a complete call. Escaped lone surrogates become U+FFFD.
    """
    arguments = arguments[: _depth_limit(arguments)]
    if "\\u" not in arguments:
        return arguments
    try:
        parsed = json.loads(arguments)
    except ValueError:
        return arguments  # the tool reports the error
    clean = replace_surrogates(parsed)
    return arguments if clean == parsed else json.dumps(clean, ensure_ascii=False)


def describe_arguments_fault(arguments: str) -> str | None:
    """Return what is wrong with the form of a call's arguments, for the model; None if nothing is."""
    try:
        parsed = json.loads(arguments or "{}")
    except (ValueError, RecursionError) as error:
        return f"The arguments aren't valid JSON: {error}. Please call the tool again."
    if isinstance(parsed, dict):
        return None
    return "The arguments aren't a JSON object. Please call the tool again."


def _depth_limit(arguments: str) -> int:
    """Return the number of characters before the nesting exceeds `MAX_DEPTH`."""
    if arguments.count("[") + arguments.count("{") <= MAX_DEPTH:
        return len(arguments)
    depth = 0
    in_string = escaped = False
    for position, char in enumerate(arguments):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = in_string
        elif char == '"':
            in_string = not in_string
        elif not in_string and char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return position
        elif not in_string and char in "]}":
            depth -= 1
    return len(arguments)


def parse_citation(raw: object) -> Annotation | None:
    """Return a citation as the class that openai-chatkit accepts, None if it is invalid."""
    fields = raw.to_dict() if isinstance(raw, BaseModel) else raw
    if isinstance(fields, dict) and fields.get("type") == "url_citation":
        # Some compatible servers omit the title or send null; the converter requires one.
        fields = {**fields, "title": fields.get("title") or fields.get("url")}
    try:
        return _CITATION.validate_python(fields)
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in error.errors()]
        log.warning("model.citation_dropped", reasons=reasons)
        return None


def parse_part_citations(part: Any) -> Any:
    """Return a content part with parsed citations; a part without citations is unchanged."""
    if not isinstance(part, ResponseOutputText) or not part.annotations:
        return part
    parsed = (parse_citation(raw) for raw in part.annotations)
    citations = [citation for citation in parsed if citation is not None]
    return part.model_copy(update={"annotations": citations})


def parse_message_citations(message: ResponseOutputMessage) -> list[Any]:
    """Return the content parts of a message with parsed citations."""
    return [parse_part_citations(part) for part in message.content]
