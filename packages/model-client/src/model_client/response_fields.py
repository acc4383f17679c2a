"""Reads the fields of a Responses server's messages, in every known spelling."""

from collections.abc import Mapping
from typing import Any

from model_client.json_codec import encode_json
from model_client.surrogates import join_surrogates
from todochat.surrogates import replace_surrogates

Fields = Mapping[str, Any]


def filled_fields(fields: Fields) -> dict[str, Any]:
    """Return the fields that say something, with valid Unicode."""
    return {
        name: replace_surrogates(value)
        for name, value in fields.items()
        if value not in (None, "", [], {})
    }


def read_item_id(data: Fields, fields: Fields) -> str:
    """Return the server's ID of an event's item, "" without one.

    Args:
        fields: the item, as far as the event contains it.
    """
    return str(data.get("item_id") or fields.get("id") or "")


def read_index(data: Fields, name: str) -> int:
    """Return an index, 0 without one."""
    value = data.get(name)
    return value if isinstance(value, int) else 0


def read_text(data: Fields, name: str) -> str:
    """Return a text; some servers send it as an object with `text`."""
    value = data.get(name)
    if isinstance(value, dict):
        value = value.get("text")
    return value if isinstance(value, str) else ""


def read_arguments(fields: Fields) -> str:
    """Return the arguments of a call as JSON; some servers send an object."""
    arguments = fields.get("arguments")
    if isinstance(arguments, str):
        return join_surrogates(arguments)
    return encode_json(arguments).decode() if isinstance(arguments, Mapping) else ""


def read_parts(fields: Fields, name: str) -> list[Fields]:
    """Return the parts of an item's content or summary; some servers send its text."""
    parts = fields.get(name)
    if isinstance(parts, str):
        parts = [{"type": "output_text", "text": parts}]
    if not isinstance(parts, list):
        return []
    return [part for part in parts if isinstance(part, Mapping)]


def read_part_text(part: Fields) -> str:
    """Return the text or the refusal of a part, as valid Unicode."""
    text = part.get("text") or part.get("refusal")
    return join_surrogates(text) if isinstance(text, str) else ""


def complete_part_fields(fields: Fields, streamed: str) -> dict[str, Any]:
    """Return a part with all its fields; the server's text counts if it sent a complete one."""
    text = read_part_text(fields) or streamed
    if fields.get("type") == "refusal":
        return {"type": "refusal", "refusal": text}
    lists = {name: fields.get(name) for name in ("annotations", "logprobs")}
    return {
        **fields,
        "type": "output_text",
        "text": text,
        **{name: value if isinstance(value, list) else [] for name, value in lists.items()},
    }
