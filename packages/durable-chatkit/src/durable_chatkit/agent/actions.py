"""Handlers of actions and of a turn's end: run once, journaled like a tool call."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from chatkit.types import HiddenContextItem, ThreadItemDoneEvent

from durable_chatkit.agent.call_scope import ToolCallScope, current_scope, enter_scope
from durable_chatkit.agent.history import TOOL_CALL
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import CallPosition, RunScope
from durable_chatkit.agent.tool_replay import finish_step, load_step, replay_step
from todochat.clock import utc_now

ACTION_POSITION: Final = CallPosition(0, 0)  # an action is the only call of its run
TURN_END_POSITION: Final = CallPosition(9999, 0)  # after every model answer
BY_PERSON: Final = "the person, by a click in the chat; you did not call this"
ACTION_CALL_PREFIX: Final = "act"


async def run_handler_once(
    handle: Callable[[], Awaitable[None]],
    name: str,
    position: CallPosition,
    run: RunContext,
    scope: RunScope,
) -> None:
    """Run a handler, or replay its events if an earlier attempt finished it.

    Raises:
        RunStoppedError: the run was cancelled or lost before the handler started.
        RunLostError: a later attempt owns the run.
        Exception: any exception of the handler.
    """
    call = ToolCallScope(scope, position.key, current_scope(), position)
    step = load_step(call)
    if step is not None:
        await replay_step(call, step, run)
        return
    with enter_scope(call):
        scope.open_calls[call.path] = name
        await handle()
    await finish_step(call, None)
    del scope.open_calls[call.path]


async def record_action(
    run: RunContext, name: str, arguments: dict[str, Any], output: dict[str, Any]
) -> None:
    """Record an action for later turns of the model, so that "undo that" can refer to it.

    The record is a hidden item in the form of a tool call with its result.

    Args:
        name: the tool with the same effect.
    """
    item_id = run.generate_id("tool_call")
    record = {
        "kind": TOOL_CALL,
        "call_id": run.scope.ids.derive_id(ACTION_CALL_PREFIX, item_id, 0),
        "name": name,
        "arguments": json.dumps(arguments, ensure_ascii=False),
        "output": json.dumps({**output, "by": BY_PERSON}, ensure_ascii=False),
    }
    item = HiddenContextItem(
        id=item_id, thread_id=run.thread.id, created_at=utc_now(), content=record
    )
    await run.stream(ThreadItemDoneEvent(item=item))
