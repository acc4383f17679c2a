"""What the model learns of an action: a hidden item that looks like a call with its result."""

import json
from typing import Any, Final

from chatkit.types import HiddenContextItem, ThreadItemDoneEvent

from durable_chatkit.agent.history import TOOL_CALL
from durable_chatkit.agent.run_context import RunContext
from todochat.clock import utc_now

BY_PERSON: Final = "the person, by a click in the chat; you did not call this"
ACTION_CALL_PREFIX: Final = "act"


async def remember(
    run: RunContext, name: str, arguments: dict[str, Any], output: dict[str, Any]
) -> None:
    """Tell the model's later turns what the person did, so that "undo that" has a meaning.

    Args:
        name: the tool that does the same.
    """
    item_id = run.generate_id("tool_call")
    record = {
        "kind": TOOL_CALL,
        "call_id": run.scope.ids.derive(ACTION_CALL_PREFIX, item_id, 0),
        "name": name,
        "arguments": json.dumps(arguments, ensure_ascii=False),
        "output": json.dumps({**output, "by": BY_PERSON}, ensure_ascii=False),
    }
    item = HiddenContextItem(
        id=item_id, thread_id=run.thread.id, created_at=utc_now(), content=record
    )
    await run.stream(ThreadItemDoneEvent(item=item))
