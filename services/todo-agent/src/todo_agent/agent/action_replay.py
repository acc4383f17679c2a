"""Actions that are done once: an action is journalled as the one tool call of its run."""

from typing import Any, Final

import msgspec
from chatkit.actions import Action
from chatkit.types import WidgetItem

from todo_agent.agent.assistant import ActionHandler
from todo_agent.agent.run_context import RunContext
from todo_agent.agent.run_scope import CallPlace, RunScope
from todo_agent.agent.tool_replay import ToolStep, encode_events, replay

PLACE: Final = CallPlace(0, 0)


async def run_action(
    handler: ActionHandler,
    action: Action[str, Any],
    sender: WidgetItem | None,
    run: RunContext,
    scope: RunScope,
) -> None:
    """Let the handler do its work, or say again what it said in an earlier attempt.

    Raises:
        RunStoppedError: the run was cancelled or lost before it began.
        RunLostError: a later attempt has the run.
        Exception: whatever the handler raises.
    """
    recorded = scope.journal.get(PLACE.key)
    if recorded is not None:
        await replay(run, scope, recorded)
        return
    scope.begin()
    with scope.tool_call(PLACE) as call:
        run.open_calls[PLACE] = action.type
        await handler(action, sender, run)
        events = call.events
    step = ToolStep(output=msgspec.Raw(b"null"), events=encode_events(events))
    await scope.journal.save(PLACE.key, msgspec.json.encode(step))
    del run.open_calls[PLACE]
    for event in events:
        await run.stream(event)
