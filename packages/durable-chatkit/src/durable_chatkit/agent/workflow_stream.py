"""Streams a workflow: which of its agents' answers a viewer sees, and which one stays.

It is unknown in advance which of a workflow's runs is the last one. The rule:

- Every top-level run of the workflow is streamed, so its reasoning, progress and images appear.
- A text answer of an agent without `output_type` is shown while it is generated, but not finished:
  it stays open until the workflow returns. As soon as another answer starts, the one before it was
  intermediate and is removed. Of runs side by side only one is shown while it is generated.
- When the workflow returns, the shown answer is finished if the result has the same text or no text.
  Otherwise it is removed, and the result is published as a message of its own.
- Structured answers (classifiers) are never shown; as a result they are rendered.

An open message is closed or removed by any end of the turn: cancellation keeps the text so far, and
a takeover removes it unless the answer is recorded.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Set
from typing import Any, Final, cast

from agents import Agent, RunResultStreaming, StreamEvent
from chatkit.agents import stream_agent_response
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
)
from typing_extensions import override

from durable_chatkit.agent.failures import is_tripwire
from durable_chatkit.agent.rendered_output import OutputRenderer, RenderedRun, is_of_item
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.workflow import (
    STATE,
    ModelInput,
    Workflow,
    answer_of,
    take_state,
)
from todochat.clock import utc_now

RESULT_STEP: Final = "workflow/result"  # the id step of a result that no agent has written


class _WorkflowRun(RenderedRun):
    """One run of a workflow, without the messages of agents that have an `output_type`."""

    def __init__(self, result: RunResultStreaming, context: RunContext) -> None:
        super().__init__(result, lambda _: None)
        self._context = context

    @override
    async def stream_events(self) -> AsyncIterator[StreamEvent]:
        # openai-chatkit continues the thread's last reasoning, here that of the agent before.
        self._context.workflow_item = None
        async for event in super().stream_events():
            yield event


class WorkflowStream:
    """Publishes one turn of a workflow.

    Args:
        run: its queue receives the events.
        items: the thread as model input.
        render: returns the text of a structured result.
        open_ids: messages that viewers still see unfinished from an earlier attempt.
        is_answered: whether an earlier attempt has published the finished answer.
    """

    def __init__(
        self,
        workflow: Workflow,
        run: RunContext,
        items: ModelInput,
        render: OutputRenderer,
        *,
        open_ids: Set[str],
        is_answered: bool,
    ) -> None:
        self._workflow = workflow
        self._run = run
        self._items = items
        self._render = render
        self._is_answered = is_answered
        self._shown = set(open_ids)
        self._live: str | None = None  # the message that is being generated and shown
        self._answers: list[AssistantMessageItem] = []  # complete, in the order of completion

    async def call(self) -> None:
        """Call the workflow, then publish its answer.

        Raises:
            GuardrailReportError: the result is the report of a failed guardrail.
            Exception: whatever the workflow raises.
        """
        try:
            result, state = take_state(await self._workflow.call(self._run, self._items))
            answer = answer_of(result)
        except Exception as error:
            if is_tripwire(error):
                await self._remove_shown()  # a failure keeps the text so far, a refusal doesn't
            raise
        if state is not None:
            self._run.thread.metadata = {**self._run.thread.metadata, STATE: state}
        await self._publish(answer)

    async def present(
        self,
        agent: Agent[Any],  # noqa: ARG002 - part of the interface
        given: str | ModelInput,
        start: Callable[[str | ModelInput], RunResultStreaming],
    ) -> RunResultStreaming:
        """Run one of the workflow's agents and show its events; return its finished result."""
        result = start(self._workflow.with_history(self._run, given, self._items))
        showing = asyncio.create_task(self._show(result), name="workflow-run")
        try:
            await asyncio.shield(showing)
        except asyncio.CancelledError:
            # Read the stream to its end: openai-chatkit leaves tasks behind if its reader is cancelled.
            result.cancel()
            await asyncio.wait([showing])
            if not showing.cancelled():
                showing.exception()
            raise
        if result.run_loop_exception is not None:
            raise result.run_loop_exception
        self._run.scope.raise_if_stopped()
        return result

    async def _show(self, result: RunResultStreaming) -> None:
        context = self._run.detached()
        try:
            visible = _WorkflowRun(result, context)
            async for event in stream_agent_response(context, cast("RunResultStreaming", visible)):
                if not is_of_item(event, visible.hidden_ids):
                    await self._forward(event)
        finally:
            context.close()

    async def _forward(self, event: ThreadStreamEvent) -> None:
        match event:
            case ThreadItemAddedEvent(item=AssistantMessageItem(id=item_id)):
                if self._live is not None:
                    return  # another run is being shown
                await self._remove_shown()
                self._live = item_id
                self._shown.add(item_id)
            case ThreadItemUpdatedEvent(item_id=item_id) if event.update.type.startswith(
                "assistant_message."
            ):
                if item_id != self._live:
                    return
            case ThreadItemDoneEvent(item=AssistantMessageItem() as message):
                self._answers.append(message)
                if message.id == self._live:
                    self._live = None
                return
            case ThreadItemRemovedEvent(item_id=item_id):
                self._shown.discard(item_id)
                self._live = None if item_id == self._live else self._live
            case _:
                pass
        await self._run.stream(event)

    async def _publish(self, answer: Any) -> None:
        text = answer if isinstance(answer, str) else None
        if answer is not None and text is None:
            rendered = self._render(answer)
            text = await rendered if inspect.isawaitable(rendered) else rendered
        # Keeps the last complete answer with this text; without a text the last one.
        answers = reversed(self._answers)
        if text:
            wanted = text.strip()
            answers = (m for m in answers if "".join(p.text for p in m.content).strip() == wanted)
        message = next(answers, None)
        await self._remove_shown(keep=message.id if message is not None else None)
        if self._is_answered:
            return
        if message is None and text:
            run = self._run
            message = AssistantMessageItem(
                id=run.scope.ids.derive_id("msg", RESULT_STEP, 0),
                thread_id=run.thread.id,
                created_at=utc_now(),
                content=[AssistantMessageContent(text=text)],
            )
        if message is not None:
            await self._run.stream(ThreadItemDoneEvent(item=message))

    async def _remove_shown(self, keep: str | None = None) -> None:
        for item_id in sorted(self._shown - {keep}):
            self._shown.discard(item_id)
            await self._run.stream(ThreadItemRemovedEvent(item_id=item_id))
