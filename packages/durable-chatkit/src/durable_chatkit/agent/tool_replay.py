"""Calls that are journaled as a whole: a finished one returns its result instead of running again.

Tool calls, handoffs, steps and actions are all recorded this way.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
from agents import ToolOutputFileContent, ToolOutputImage, ToolOutputText
from agents.tool_context import ToolContext
from chatkit.agents import AgentContext, ClientToolCall
from chatkit.types import (
    HiddenContextItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    WorkflowItem,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)
from pydantic_core import PydanticSerializationError, to_json

from durable_chatkit.agent.call_scope import (
    CallScope,
    HeldEvent,
    RunnerCall,
    ToolCallScope,
    enter_scope,
)
from durable_chatkit.agent.context_changes import recording_changes, replay_changes
from durable_chatkit.agent.history import tool_call_record
from durable_chatkit.agent.instrumentation import instrument_tool_call
from durable_chatkit.agent.run_context import EventQueue, RunContext, event_queue_of
from durable_chatkit.chatkit.encoding import decode_event
from todochat.clock import utc_now
from todochat.faults import fault_point
from todochat.telemetry.logging import log_content

_STRUCTURED: Final = (ToolOutputText, ToolOutputImage, ToolOutputFileContent)


class ToolStep(msgspec.Struct, omit_defaults=True):
    """A finished call: its output for the model and its events for viewers, in one row.

    With two rows a worker could die between them and lose a widget or publish it twice.

    Args:
        client_tool_call: the client tool call requested by the tool, if any.
        context_changes: what the call has changed in the agent's context.
        workflow_item: the workflow that the tool has begun without publishing it yet.
        item_ids: ids of items that the call wrote directly to the store.
        is_sdk_error: the output is an error text that the SDK wrote for the model.
    """

    output: msgspec.Raw
    events: list[msgspec.Raw]
    client_tool_call: dict[str, Any] | None = None
    workflow_item: dict[str, Any] | None = None
    item_ids: list[str] = []
    context_changes: list[dict[str, Any]] = []
    is_sdk_error: bool = False


class ToolResult(NamedTuple):
    """The output of a tool.

    Args:
        is_sdk_error: it is an error text that the SDK wrote for the model.
        is_final: False if the tool waits for an approval and will be called again.
        is_replayed: it was recorded by an earlier attempt.
    """

    output: Any
    is_sdk_error: bool = False
    is_final: bool = True
    is_replayed: bool = False


async def run_tool_once(
    call: RunnerCall,
    name: str,
    context: ToolContext[Any],
    arguments: str,
    invoke: Callable[[], Awaitable[ToolResult]],
) -> ToolResult:
    """Run a tool, or replay its recorded result.

    This is outside of the SDK's error handling and timeouts, so that an error text for the model is
    recorded like any other output.

    Raises:
        RunStoppedError: the run was cancelled or lost before the tool started.
        RunLostError: a later attempt owns the run.
        Exception: any exception of the tool that the SDK doesn't turn into a text.
    """
    tool = call.open_tool(context.tool_call_id)
    step = load_step(tool)
    if step is not None:
        output = await replay_step(tool, step, context.context)
        return ToolResult(output, step.is_sdk_error, is_replayed=True)
    with recording_changes(tool, context.context), enter_scope(tool):
        tool.scope.open_calls[tool.path] = name
        client_call_before, workflow_before = _requested_by(context.context)
        fault_point("tool.begun")
        with instrument_tool_call(name) as telemetry:
            result = await invoke()
            telemetry.record_output(result.output)
        log_content("tool.returned", tool=name, arguments=arguments, output=result.output)
        fault_point("tool.returned")
        if not result.is_final:
            return result
        client_call, workflow = _requested_by(context.context)
        # A parallel call may have requested it; only our own context knows.
        is_own = tool.has_client_tool_call or not isinstance(context.context, RunContext)
        if client_call is client_call_before or not is_own:
            client_call = None
        added = {event.item.id for event in tool.recorded if event.type == "thread.item.added"}
        if workflow is None or workflow is workflow_before or workflow.id in added:
            workflow = None
        if client_call is None and call.is_main and isinstance(context.context, RunContext):
            _hold_record(tool, context.context, name, arguments, result.output)
    await finish_step(
        tool,
        result.output,
        client_tool_call=client_call.model_dump() if client_call is not None else None,
        workflow_item=workflow.model_dump(mode="json") if workflow is not None else None,
        is_sdk_error=result.is_sdk_error,
    )
    del tool.scope.open_calls[tool.path]
    await drain(context.context)
    return result


def load_step(call: ToolCallScope) -> ToolStep | None:
    """Return the record of a call, None if it must run.

    Raises:
        RunStoppedError: it has no record, and the run was cancelled or lost.
    """
    recorded = call.scope.load(call.path)
    if recorded is None:
        call.scope.raise_if_stopped()
        return None
    return msgspec.json.decode(recorded, type=ToolStep)


async def finish_step(call: ToolCallScope, output: Any, **fields: Any) -> None:
    """Journal a finished call, then publish the events that it has held back.

    Raises:
        RunLostError: a later attempt owns the run.
    """
    events = encode_events(compact_events(call.recorded))
    step = ToolStep(
        output=encode_output(output),
        events=events,
        item_ids=call.item_ids,
        context_changes=call.context_changes,
        **fields,
    )
    await call.scope.save(call.path, msgspec.json.encode(step))
    await publish_held(call)


async def publish_held(call: ToolCallScope) -> None:
    """Publish the events that a call has held back; a call around it may hold them back again."""
    await call.scope.on_loop(_publish(call.events))


async def replay_step(call: ToolCallScope, step: ToolStep, context: Any = None) -> Any:
    """Publish a finished call's events that aren't published yet; return its output.

    Args:
        context: the context object of the agent.
    """
    call.scope.replayed_item_ids.update(step.item_ids)
    replay_changes(call, context, step.context_changes)
    queue = event_queue_of(context) or next(reversed(call.scope.queues), None)
    agent_context = context if isinstance(context, AgentContext) else None
    events = []
    for raw in step.events:
        event = decode_event(bytes(raw))
        restore_workflow(agent_context, event)
        if queue is not None and not call.scope.was_published(event):
            events.append((queue, event))
    await call.scope.on_loop(_publish(events))
    await drain(context)
    if agent_context is not None:
        if step.client_tool_call is not None:
            agent_context.client_tool_call = ClientToolCall.model_validate(step.client_tool_call)
        if step.workflow_item is not None:
            agent_context.workflow_item = WorkflowItem.model_validate(step.workflow_item)
    return msgspec.json.decode(step.output)


async def drain(context: Any) -> None:
    """Wait until openai-chatkit has forwarded a call's events, or it mixes them into the next answer."""
    queue = event_queue_of(context)
    if isinstance(queue, EventQueue):
        await queue.drain()


async def run_step(scope: CallScope, name: str, work: Callable[[], Awaitable[Any]]) -> Any:
    """Run a step of a turn's own code, or return its recorded result.

    Raises:
        RunStoppedError, RunLostError: see `run_tool_once`.
        Exception: any exception of `work`.
    """
    call = scope.open_step(name)
    step = load_step(call)
    if step is not None:
        return await replay_step(call, step)
    with enter_scope(call):
        output = await work()
    await finish_step(call, output)
    return output


def encode_events(events: Iterable[ThreadStreamEvent]) -> list[msgspec.Raw]:
    """Encode a step's events for the journal."""
    return [msgspec.Raw(event.model_dump_json(by_alias=True).encode()) for event in events]


def compact_events(events: list[ThreadStreamEvent]) -> Iterator[ThreadStreamEvent]:
    """Yield the events that have the same effect: an item's last state stands for its updates.

    An item that the call leaves open, such as a workflow, is recorded as added in its last state.
    """
    ended = {event.item.id for event in events if event.type == "thread.item.done"}
    added = {event.item.id for event in events if event.type == "thread.item.added"}
    for event in events:
        match event.type:
            case "thread.item.added" if event.item.id in ended:
                continue
            case "thread.item.updated" if event.item_id in ended | added:
                continue
            case _:
                yield event


def restore_workflow(context: AgentContext[Any] | None, event: ThreadStreamEvent) -> None:
    """Give an agent's context the state of the workflow that a recorded event describes."""
    if context is None:
        return
    workflow = context.workflow_item
    match event:
        case ThreadItemAddedEvent(item=WorkflowItem() as item):
            context.workflow_item = item
        case ThreadItemDoneEvent(item=WorkflowItem() as item):
            if workflow is not None and workflow.id == item.id:
                context.workflow_item = None
        case ThreadItemUpdatedEvent(update=WorkflowTaskAdded() | WorkflowTaskUpdated() as update):
            if workflow is not None and workflow.id == event.item_id:
                tasks = workflow.workflow.tasks
                tasks[update.task_index : update.task_index + 1] = [update.task]
        case _:
            pass


def encode_output(output: Any) -> msgspec.Raw:
    """Encode a tool's output so that the model gets the same text from the replayed one.

    JSON keeps strings, numbers, lists and dicts. For anything else, such as a dataclass or a tuple,
    the model gets the text of `str`, so that text is recorded.
    """
    if isinstance(output, str | None):
        return msgspec.Raw(to_json(output))
    items = output if isinstance(output, list) else [output]
    if items and all(isinstance(item, _STRUCTURED) for item in items):
        dumped = [item.model_dump(mode="json", exclude_none=True) for item in items]
        return msgspec.Raw(to_json(dumped))
    try:
        encoded = to_json(output)
    except PydanticSerializationError:
        return msgspec.Raw(to_json(str(output)))
    is_equal = str(msgspec.json.decode(encoded)) == str(output)
    return msgspec.Raw(encoded if is_equal else to_json(str(output)))


async def _publish(events: list[HeldEvent]) -> None:
    for queue, event in events:
        await queue.put(event)


def _requested_by(context: Any) -> tuple[ClientToolCall | None, WorkflowItem | None]:
    """Return the client tool call and the workflow in an agent's context."""
    if not isinstance(context, AgentContext):
        return None, None
    return context.client_tool_call, context.workflow_item


def _hold_record(
    call: ToolCallScope, run: RunContext, name: str, arguments: str, output: Any
) -> None:
    """Add the record of the call for later turns, unless openai-chatkit's own item records it."""
    record = HiddenContextItem(
        id=run.generate_id("tool_call"),
        thread_id=run.thread.id,
        created_at=utc_now(),
        content=tool_call_record(name, arguments, output, call.scope.ids, call.path),
    )
    event = ThreadItemDoneEvent(item=record)
    call.recorded.insert(0, event)
    call.events.insert(0, (run.queue, event))
