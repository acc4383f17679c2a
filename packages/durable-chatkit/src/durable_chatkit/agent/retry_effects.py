"""Side effects that survive a retry, as input for the model."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from agents import TResponseInputItem

from durable_chatkit.agent.history import TOOL_CALL, call_items
from durable_chatkit.agent.run_scope import is_tool_step
from durable_chatkit.agent.tool_replay import ToolStep

Steps = Iterable[tuple[str, str, bytes]]

MAX_NOTE_CHARS: Final = 8_000
# Starts like every hidden context, so that a model never reads it as a request of the user.
NOTE: Final = (
    "Hidden context for the agent (not shown to the user): the user retried the message above, which"
    " removed everything after it from the conversation. Its side effects remain:\n"
)


def earlier_call_items(steps: Steps) -> Iterator[TResponseInputItem]:
    """Yield the finished calls of earlier runs of the same message as model input.

    Args:
        steps: run id, journal key and payload of each tool step.
    """
    for record in _find_records(steps):
        yield from call_items(record)


def removed_effects_note(steps: Steps) -> Iterator[TResponseInputItem]:
    """Yield a note about the effects of later turns, the newest ones if they are many.

    They are not given as calls, because calls would look like responses to the message.

    Args:
        steps: as for `earlier_call_items`.
    """
    lines: list[str] = []
    remaining_chars = MAX_NOTE_CHARS
    for record in reversed(list(_find_records(steps))):
        line = f"- {record['name']} {record['arguments']} -> {record['output']}"
        remaining_chars -= len(line)
        if remaining_chars < 0:
            break
        lines.insert(0, line)
    if lines:
        text = NOTE + "\n".join(lines)
        yield {"type": "message", "role": "user", "content": text}


def _find_records(steps: Steps) -> Iterator[Mapping[str, Any]]:
    for _, key, payload in steps:
        if not is_tool_step(key):
            continue
        for raw in msgspec.json.decode(payload, type=ToolStep).events:
            content = msgspec.json.decode(raw).get("item", {}).get("content")
            if isinstance(content, dict) and content.get("kind") == TOOL_CALL:
                yield content
