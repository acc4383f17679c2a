"""Shows the output of an agent with an `output_type` as text; its JSON never reaches a viewer.

Such a model streams JSON. The message is held back until it is complete, parsed with the agent's
schema and published as the text that a renderer returns.
"""

import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import asdict, is_dataclass, replace
from enum import Enum
from typing import Any, Final

from agents import Agent, AgentOutputSchema, AgentOutputSchemaBase, RunResultStreaming, StreamEvent
from chatkit.types import ThreadStreamEvent
from openai.types.responses import (
    ResponseOutputItemAddedEvent,
    ResponseOutputMessage,
    ResponseOutputText,
)
from pydantic import BaseModel

OutputRenderer = Callable[[Any], str | Awaitable[str | None] | None]

_INDENT: Final = "  "
_HELD_BACK: Final = (
    "response.content_part.",
    "response.output_text.",
    "response.refusal.",
)


def readable_text(value: Any) -> str:
    """Return a structured value as Markdown: the text itself, or a list with the names of its fields.

    A value with a single field is shown without its name; None and empty fields are left out.
    """
    plain = _plain(value)
    while isinstance(plain, Mapping) and len(plain) == 1:
        (plain,) = plain.values()
    return "\n".join(_lines(plain, 0))


def parse_output(schema: AgentOutputSchemaBase, text: str) -> tuple[bool, Any]:
    """Return (True, value) if a text is valid output of the schema, else (False, None)."""
    try:
        return True, schema.validate_json(text)
    except Exception:  # noqa: BLE001 - an adopter's schema may raise anything; the SDK reports it
        return False, None


def is_json_document(text: str) -> bool:
    """Return whether a text is a JSON object or array, complete or cut off."""
    return text.lstrip()[:1] in {"{", "["}


def output_schema_of(agent: Agent[Any]) -> AgentOutputSchemaBase | None:
    """Return the schema of an agent's structured output, None if it answers in plain text."""
    kind = agent.output_type
    if kind is None or kind is str:
        return None
    schema = kind if isinstance(kind, AgentOutputSchemaBase) else AgentOutputSchema(kind)
    return None if schema.is_plain_text() else schema


def is_of_item(event: ThreadStreamEvent, item_ids: Set[str]) -> bool:
    """Return whether an event is about one of these items."""
    item = getattr(event, "item", None)
    item_id = getattr(event, "item_id", None) if item is None else item.id
    return item_id in item_ids


class RenderedRun:
    """A streamed run whose structured messages are replaced by rendered text.

    It has the part of a `RunResultStreaming` that openai-chatkit reads. Messages of agents without
    an `output_type` pass unchanged.

    Args:
        render: returns the text of a parsed value; None shows nothing.

    Attributes:
        hidden_ids: ids of messages that are not shown; the reader drops openai-chatkit's events of
            them.
    """

    def __init__(self, result: RunResultStreaming, render: OutputRenderer) -> None:
        self.hidden_ids: set[str] = set()
        self._result = result
        self._render = render

    async def stream_events(self) -> AsyncIterator[StreamEvent]:
        """Yield the run's events."""
        schema = output_schema_of(self._result.current_agent)
        async for event in self._result.stream_events():
            if event.type == "agent_updated_stream_event":
                schema = output_schema_of(event.new_agent)
            if event.type != "raw_response_event" or schema is None:
                yield event
                continue
            data: Any = event.data
            if data.type.startswith(_HELD_BACK):
                continue
            if not isinstance(getattr(data, "item", None), ResponseOutputMessage):
                yield event
            elif data.type == "response.output_item.done":
                message = await self._render_message(schema, data.item)
                if message is None:
                    self.hidden_ids.add(data.item.id)
                # Without this event openai-chatkit would leave the reasoning before it open.
                added = ResponseOutputItemAddedEvent.model_construct(
                    type="response.output_item.added",
                    item=data.item.model_copy(update={"content": []}),
                    output_index=data.output_index,
                    sequence_number=data.sequence_number,
                )
                yield replace(event, data=added)
                if message is not None:
                    yield replace(event, data=data.model_copy(update={"item": message}))

    async def _render_message(
        self, schema: AgentOutputSchemaBase, message: ResponseOutputMessage
    ) -> ResponseOutputMessage | None:
        texts = [part.text for part in message.content if isinstance(part, ResponseOutputText)]
        if not texts:
            return message  # a refusal
        is_valid, value = parse_output(schema, "".join(texts))
        if is_valid:
            rendered = self._render(value)
            text = await rendered if inspect.isawaitable(rendered) else rendered
        else:
            # A remark beside tool calls is plain text; a cut-off document is shown to nobody.
            text = "".join(texts)
            text = None if is_json_document(text) else text
        if not text:
            return None
        part = ResponseOutputText(type="output_text", text=text, annotations=[])
        return message.model_copy(update={"content": [part]})


def _plain(value: Any) -> Any:  # noqa: PLR0911 - a table
    """Return a value as mappings, lists and scalars."""
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case Enum():
            return value.value
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case str() | bytes():
            return value
        case Sequence() | set() | frozenset():
            return [_plain(each) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _plain(asdict(value))
        case _:
            return value


def _lines(value: Any, depth: int) -> list[str]:
    """Return the lines of a value; nested values become indented lists."""
    pad = _INDENT * depth
    match value:
        case Mapping():
            lines: list[str] = []
            for name, each in value.items():
                if each is None or each in ("", [], {}):
                    continue
                words = name.replace("_", " ").replace("-", " ").strip()
                label = f"{pad}- **{words[:1].upper()}{words[1:]}:**"
                if isinstance(each, Mapping | list):
                    lines += [label, *_lines(each, depth + 1)]
                else:
                    lines.append(f"{label} {_scalar(each)}")
            return lines
        case list():
            lines = []
            for each in value:
                if isinstance(each, Mapping | list):
                    nested = _lines(each, depth + 1)
                    first = nested[0].strip().removeprefix("- ") if nested else ""
                    lines += [f"{pad}- {first}", *nested[1:]] if nested else []
                else:
                    lines.append(f"{pad}- {_scalar(each)}")
            return lines
        case None:
            return []
        case _:
            return [f"{pad}{_scalar(value)}"]


def _scalar(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case int() | float():
            return json.dumps(value)
        case _:
            return str(value)
