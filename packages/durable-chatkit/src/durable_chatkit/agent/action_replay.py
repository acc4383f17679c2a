"""Handlers that are run once: an action, or the end of a turn, is journalled like a tool call."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import CallPlace, RunScope
from durable_chatkit.agent.tool_replay import ToolStep, encode_events, replay

ACTION_PLACE: Final = CallPlace(0, 0)  # an action is the only call of its run
END_PLACE: Final = CallPlace(9999, 0)  # behind every model answer


async def run_once(
    handle: Callable[[], Awaitable[None]],
    name: str,
    place: CallPlace,
    run: RunContext,
    scope: RunScope,
) -> None:
    """Let a handler do its work, or say again what it said in an earlier attempt.

    Raises:
        RunStoppedError: the run was cancelled or lost before it began.
        RunLostError: a later attempt has the run.
        Exception: whatever the handler raises.
    """
    recorded = scope.journal.get(place.key)
    if recorded is not None:
        await replay(run, scope, recorded)
        return
    scope.begin()
    with scope.tool_call(place) as call:
        run.open_calls[place] = name
        await handle()
        events = call.events
    step = ToolStep(output=msgspec.Raw(b"null"), events=encode_events(events))
    await scope.journal.save(place.key, msgspec.json.encode(step))
    del run.open_calls[place]
    for event in events:
        await run.stream(event)
