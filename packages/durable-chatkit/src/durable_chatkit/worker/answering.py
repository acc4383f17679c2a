"""Streams an assistant's answer: of its agent, the agent of the turn, or its workflow."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Set
from contextlib import aclosing
from typing import Any, Final, cast

import structlog
from agents import (
    Agent,
    ImageGenerationTool,
    RunConfig,
    Runner,
    RunResultStreaming,
    TResponseInputItem,
)
from chatkit.agents import ResponseStreamConverter, stream_agent_response
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ThreadItemDoneEvent,
    ThreadStreamEvent,
)

from durable_chatkit.agent.assistant import REFUSAL, Assistant
from durable_chatkit.agent.call_scope import AssistantScope, current_scope, enter_scope
from durable_chatkit.agent.mcp_servers import McpConnections
from durable_chatkit.agent.rendered_output import RenderedRun, is_of_item
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import RunScope
from durable_chatkit.agent.sdk_hooks import UNKNOWN_TOOLS_REPORTED
from durable_chatkit.agent.workflow import Workflow
from durable_chatkit.agent.workflow_stream import WorkflowStream
from durable_chatkit.worker.action_stream import stream_task
from durable_chatkit.worker.run_handle import RunHandle
from todochat.background import run_cancellable
from todochat.clock import utc_now

REFUSAL_STEP = "refusal"  # the id step of the message that replaces a stopped answer
# Spans are no-ops without tracing, but the SDK would still compute the usage that it adds to them.
_CONFIG: Final = RunConfig(
    tracing_disabled=True, tracing={"include_task_and_turn_spans": False}, **UNKNOWN_TOOLS_REPORTED
)

_Events = AsyncGenerator[ThreadStreamEvent, None]

log = structlog.get_logger(__name__)


async def choose_agent(assistant: Assistant, run: RunContext) -> Agent[Any]:
    """Return the agent of a turn.

    Raises:
        TypeError: the function of the turn returned something else.
    """
    agent: Any = assistant.agent
    if not isinstance(agent, Agent):
        agent = agent(run)
        agent = await agent if inspect.isawaitable(agent) else agent
        if not isinstance(agent, Agent):
            msg = f"the function of the turn returned {type(agent).__name__}, not an Agent"
            raise TypeError(msg)
    return agent


async def stream_agent(
    assistant: Assistant,
    run: RunContext,
    items: list[TResponseInputItem],
    *,
    run_handle: RunHandle,
    max_turns: int,
    mcp: McpConnections,
) -> _Events:
    """Yield the events of the assistant's agent.

    Raises:
        Exception: whatever the agent's run raises.
    """
    agent = await choose_agent(assistant, run)
    async with mcp.opened(agent):
        with enter_scope(AssistantScope(run.scope, parent=current_scope())):
            result = Runner.run_streamed(
                agent,
                items,
                context=run,
                max_turns=max_turns,
                run_config=_CONFIG,
            )
        run_handle.attach_result(result)
        source, hidden_ids = result, set[str]()
        if agent.handoffs or agent.output_type not in (None, str):  # otherwise all of it is text
            rendered = RenderedRun(result, assistant.render_output)
            source, hidden_ids = cast("RunResultStreaming", rendered), rendered.hidden_ids
        try:
            converter = ResponseStreamConverter(partial_images=_count_previews(agent))
            response = stream_agent_response(run, source, converter=converter)
            async with aclosing(cast("_Events", response)) as events:
                async for event in events:
                    if not (hidden_ids and is_of_item(event, hidden_ids)):
                        yield event
        finally:
            run.close()
    if result.run_loop_exception is not None:
        raise result.run_loop_exception


def _count_previews(agent: Agent[Any]) -> int | None:
    """Return how many previews of an image the agent requests, to show a share of progress."""
    for tool in agent.tools:
        if isinstance(tool, ImageGenerationTool):
            return tool.tool_config.get("partial_images")
    return None


async def stream_workflow(
    workflow: Workflow,
    assistant: Assistant,
    run: RunContext,
    items: list[TResponseInputItem],
    *,
    run_handle: RunHandle,
    open_ids: Set[str],
    is_answered: bool,
) -> _Events:
    """Yield the events of a workflow; see `WorkflowStream`.

    Raises:
        Exception: whatever the workflow raises.
    """
    stream = WorkflowStream(
        workflow,
        run,
        items,
        assistant.render_output,
        open_ids=open_ids,
        is_answered=is_answered,
    )
    run.scope.presenter = stream
    task = asyncio.create_task(run_cancellable(stream.call(), "workflow"))
    try:
        async with aclosing(stream_task(task, run, run_handle)) as events:
            async for event in events:
                yield event
    finally:
        run.scope.presenter = None
        run.close()


async def describe_refusal(assistant: Assistant, run: RunContext, error: Exception) -> str:
    """Return the text that an assistant shows instead of an answer that a guardrail has stopped."""
    try:
        text = assistant.on_tripwire(error, run)
        text = await text if inspect.isawaitable(text) else text
    except Exception:
        log.exception("run.tripwire_hook_failed", run_id=run.scope.run_id)
        text = ""
    return text or REFUSAL


def refusal_message(scope: RunScope, thread_id: str, text: str = REFUSAL) -> ThreadItemDoneEvent:
    """Return the message shown instead of an answer that a guardrail has stopped."""
    return ThreadItemDoneEvent(
        item=AssistantMessageItem(
            id=scope.ids.derive_id("msg", REFUSAL_STEP, 0),
            thread_id=thread_id,
            created_at=utc_now(),
            content=[AssistantMessageContent(text=text)],
        )
    )
