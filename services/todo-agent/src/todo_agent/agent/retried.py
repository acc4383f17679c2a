"""What earlier runs of the same message did: a retry doesn't undo it, so the model has to know."""

from collections.abc import Iterable, Iterator

import msgspec
from agents import TResponseInputItem

from todo_agent.agent.history import TOOL_CALL, call_items
from todo_agent.agent.run_scope import is_tool_step
from todo_agent.agent.tool_replay import ToolStep


def effects_of(steps: Iterable[tuple[str, str, bytes]]) -> Iterator[TResponseInputItem]:
    """Yield earlier runs' finished calls with their results, as input for the model.

    Args:
        steps: run id, journal key and payload of each tool step.
    """
    for _, key, payload in steps:
        if not is_tool_step(key):
            continue
        for raw in msgspec.json.decode(payload, type=ToolStep).events:
            content = msgspec.json.decode(raw).get("item", {}).get("content")
            if isinstance(content, dict) and content.get("kind") == TOOL_CALL:
                yield from call_items(content)
