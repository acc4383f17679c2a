"""Converts the SDK's input items into the messages of a Chat Completions request.

The SDK's converter does most of it. Here a server gets back what it sent beside its tool calls:
fields that the API doesn't define (Gemini's `extra_content`), and the reasoning, which DeepSeek and
others require. Both are stored with the calls, in `provider_data`, so that they survive the journal.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from agents import TResponseInputItem
from agents.models.chatcmpl_converter import Converter

from model_client.tool_arguments import is_object

SERVER: Final = "server"
CALL_FIELDS: Final = "call"
MESSAGE_FIELDS: Final = "message"
_DATA: Final = "provider_data"


def build_messages(
    items: str | Iterable[TResponseInputItem],
    system_instructions: str | None,
    *,
    model: str,
    server: str,
) -> list[dict[str, Any]]:
    """Return the messages of a request.

    Args:
        server: base URL of the server that gets them.

    Raises:
        UserError: Chat Completions has no form for an item.
    """
    given: Any = items if isinstance(items, str) else list(_prepare(items))
    messages: list[Any] = list(Converter.items_to_messages(given, model=model, base_url=server))
    stored = {
        item["call_id"]: item[_DATA]
        for item in given
        if isinstance(item, Mapping)
        and item.get("type") == "function_call"
        and (item.get(_DATA) or {}).get(SERVER) == server
    }
    for message in messages:
        for call in message.get("tool_calls") or ():
            # Servers that parse the arguments of a history reject a request with malformed ones.
            if not is_object(call["function"]["arguments"]):
                call["function"]["arguments"] = "{}"
            data = stored.get(call["id"], {})
            fields = dict(data.get(CALL_FIELDS) or {})
            call["function"].update(fields.pop("function", {}))
            call.update(fields)
            message.update(data.get(MESSAGE_FIELDS) or {})
    if system_instructions:
        messages.insert(0, {"role": "system", "content": system_instructions})
    return messages


def _prepare(items: Iterable[Any]) -> Iterator[Any]:
    """Yield items in the form that the converter accepts, without our own reasoning items."""
    for item in items:
        if not isinstance(item, Mapping):
            yield item
        elif item.get("type") == "reasoning" and SERVER in (item.get(_DATA) or {}):
            continue  # a server that wants it back gets it with the calls
        elif item.get("role") == "assistant" and "id" not in item:
            # openai-chatkit makes such messages of a thread's answers, and the converter accepts
            # output parts only in messages with an ID.
            parts: Any = item.get("content")
            is_text = isinstance(parts, list) and all(
                part.get("type") == "output_text" for part in parts
            )
            yield {**item, "content": "".join(part["text"] for part in parts)} if is_text else item
        else:
            yield item
