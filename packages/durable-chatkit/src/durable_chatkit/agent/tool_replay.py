"""Replays tools: a finished call returns its result from the run's journal."""

import dataclasses
from typing import Any

import msgspec
from agents import FunctionTool
from agents.tool_context import ToolContext
from chatkit.agents import ClientToolCall
from chatkit.types import HiddenContextItem, ThreadItemDoneEvent, ThreadStreamEvent
from pydantic import TypeAdapter
from pydantic_core import to_json

from durable_chatkit.agent.history import tool_call_record
from durable_chatkit.agent.instrumentation import instrument_tool_call
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import CallPosition, RunScope
from todochat.clock import utc_now
from todochat.faults import fault_point
from todochat.telemetry.logging import log_content

_EVENT: TypeAdapter[ThreadStreamEvent] = TypeAdapter(ThreadStreamEvent)


class ToolStep(msgspec.Struct):
    """A finished call: its output for the model and its events for viewers, in one row.

    With two rows a worker could die between them and lose a widget or publish it twice.

    Args:
        client_tool_call: the client tool call requested by the tool, if any.
    """

    output: msgspec.Raw
    events: list[msgspec.Raw]
    client_tool_call: dict[str, Any] | None = None


def durable_tool(tool: FunctionTool, scope: RunScope) -> FunctionTool:
    """Wrap a tool for one attempt at a run.

    The wrapper is outside of the SDK's error handling, so that an error text for the model is
    recorded like any other output.
    """

    async def invoke(context: ToolContext[RunContext], arguments: str) -> Any:
        position = scope.position_of(context.tool_call_id)
        recorded = scope.journal.get(position.key)
        if recorded is not None:
            return await replay_step(context.context, scope, recorded)
        scope.raise_if_stopped()
        return await _run_tool(tool, context, arguments, scope, position)

    return dataclasses.replace(tool, on_invoke_tool=invoke)


async def _run_tool(
    tool: FunctionTool,
    context: ToolContext[RunContext],
    arguments: str,
    scope: RunScope,
    position: CallPosition,
) -> Any:
    run = context.context
    with scope.tool_call(position) as call:
        run.open_calls[position] = tool.name
        fault_point("tool.begun")
        with instrument_tool_call(tool.name) as telemetry:
            output = await tool.on_invoke_tool(context, arguments)
            telemetry.record_output(output)
        log_content("tool.returned", tool=tool.name, arguments=arguments, output=output)
        fault_point("tool.returned")
        events = call.events
        client_call = run.client_tool_call if call.has_client_tool_call else None
        if client_call is None:  # otherwise openai-chatkit's own item records the call
            record = HiddenContextItem(
                id=run.generate_id("tool_call"),
                thread_id=run.thread.id,
                created_at=utc_now(),
                content=tool_call_record(tool.name, arguments, output, scope.ids, position),
            )
            events.insert(0, ThreadItemDoneEvent(item=record))
    step = ToolStep(
        output=msgspec.Raw(to_json(output)),
        events=encode_events(events),
        client_tool_call=client_call.model_dump() if client_call is not None else None,
    )
    await scope.journal.save(position.key, msgspec.json.encode(step))
    del run.open_calls[position]
    for event in events:
        await run.stream(event)
    await run.drain_events()  # otherwise openai-chatkit mixes them into the next answer
    return output


def encode_events(events: list[ThreadStreamEvent]) -> list[msgspec.Raw]:
    """Encode a step's events for the journal."""
    return [msgspec.Raw(event.model_dump_json(by_alias=True).encode()) for event in events]


async def replay_step(run: RunContext, scope: RunScope, payload: bytes) -> Any:
    """Publish a finished call's events that aren't published yet; return its output."""
    step = msgspec.json.decode(payload, type=ToolStep)
    for raw in step.events:
        event = _EVENT.validate_json(bytes(raw))
        if not scope.was_published(event):
            await run.stream(event)
    await run.drain_events()
    if step.client_tool_call is not None:
        run.client_tool_call = ClientToolCall.model_validate(step.client_tool_call)
    return msgspec.json.decode(step.output)
