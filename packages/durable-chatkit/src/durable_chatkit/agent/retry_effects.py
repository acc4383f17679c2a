"""Side effects that survive a retry: the model has to know of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from agents import TResponseInputItem

from durable_chatkit.agent.history import TOOL_CALL, call_items
from durable_chatkit.agent.run_scope import is_tool_step
from durable_chatkit.agent.tool_replay import ToolStep

Steps = Iterable[tuple[str, str, bytes]]

MAX_NOTE_CHARS: Final = 8_000
# Begins as every hidden context does, so that the offline assistant takes no orders from it.
NOTE: Final = (
    "Hidden context for the agent (not shown to the user): the user went back to the message above"
    " and took everything after it out of the conversation. What it did stays done:\n"
)


def earlier_call_items(steps: Steps) -> Iterator[TResponseInputItem]:
    """Yield finished calls of earlier runs of the same message, as input for the model.

    Args:
        steps: run id, journal key and payload of each tool step.
    """
    for record in _records(steps):
        yield from call_items(record)


def removed_effects_note(steps: Steps) -> Iterator[TResponseInputItem]:
    """Yield a note of what later turns did, if they did anything; the newest if it is a lot.

    They are not told as calls: as such they would look like answers to the message.

    Args:
        steps: as for `earlier_call_items`.
    """
    lines: list[str] = []
    room = MAX_NOTE_CHARS
    for record in reversed(list(_records(steps))):
        line = f"- {record['name']} {record['arguments']} -> {record['output']}"
        room -= len(line)
        if room < 0:
            break
        lines.insert(0, line)
    if lines:
        text = NOTE + "\n".join(lines)
        yield {"type": "message", "role": "user", "content": text}


def _records(steps: Steps) -> Iterator[Mapping[str, Any]]:
    for _, key, payload in steps:
        if not is_tool_step(key):
            continue
        for raw in msgspec.json.decode(payload, type=ToolStep).events:
            content = msgspec.json.decode(raw).get("item", {}).get("content")
            if isinstance(content, dict) and content.get("kind") == TOOL_CALL:
                yield content
