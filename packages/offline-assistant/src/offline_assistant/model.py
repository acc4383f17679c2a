"""The offline assistant as a `Model` of the Agents SDK: no network, no key, deterministic."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import structlog
from agents import Model, ModelResponse, ModelSettings, Tool, Usage
from agents.agent_output import AgentOutputSchemaBase
from agents.handoffs import Handoff
from agents.items import TResponseInputItem, TResponseStreamEvent
from agents.models.interface import ModelTracing
from openai.types.responses.response_prompt_param import ResponsePromptParam
from typing_extensions import override

from offline_assistant import replies
from offline_assistant.conversation import read_turns
from offline_assistant.events import output_items, response_key, stream_events
from offline_assistant.follow_up import read_context, read_turn
from offline_assistant.instructed_clock import read_clock
from offline_assistant.intents import Intent, TalkIntent, Topic
from offline_assistant.mentions import with_list_ids, with_list_names
from offline_assistant.planner import PlanStep, next_step
from task_phrases.calendar_dates import load_tables
from task_phrases.clock import Clock
from task_phrases.time_limit import time_limit
from todochat.clock import utc_now

log = structlog.get_logger(__name__)
# A message takes a few milliseconds; other runs shouldn't wait for one that takes longer.
MAX_READING_SECONDS: Final = 0.2
MISSING_TOOLS = "I can't do that here: this assistant doesn't have the tools for it."


class OfflineModel(Model):
    """A model with a grammar of simple English; its only state is its input.

    Args:
        now: returns the current time, for instructions without it.
    """

    reads_files: Final = False

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        load_tables()

    @override
    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: ResponsePromptParam | None,
    ) -> ModelResponse:
        del model_settings, output_schema, handoffs, tracing
        del previous_response_id, conversation_id, prompt
        clock = read_clock(system_instructions, self._now())
        step = await _decide(input, clock, tools)
        items = output_items(step, response_key(system_instructions, input))
        return ModelResponse(output=list(items), usage=Usage(), response_id=None)

    @override
    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: ResponsePromptParam | None,
    ) -> AsyncIterator[TResponseStreamEvent]:
        del model_settings, output_schema, handoffs, tracing
        del previous_response_id, conversation_id, prompt
        clock = read_clock(system_instructions, self._now())
        step = await _decide(input, clock, tools)
        key = response_key(system_instructions, input)
        for event in stream_events(output_items(step, key), key, clock.now.timestamp()):
            yield event
            await asyncio.sleep(0)  # lets other tasks run between words; not a typing effect


def decide(items: str | Sequence[Any], clock: Clock) -> PlanStep:
    """Return the next step of a conversation; a pure function of its arguments."""
    turns = read_turns(items)
    if not turns:
        return PlanStep(text="")
    turn = turns[-1]
    intents: tuple[Intent, ...] = (TalkIntent(Topic.NO_FILES),)
    if turn.text or not turn.files:
        try:
            with time_limit(MAX_READING_SECONDS):
                intents = read_turn(turns, clock)
        except TimeoutError:
            log.warning("offline.message_took_too_long", characters=len(turn.text))
            intents = (TalkIntent(Topic.UNKNOWN),)
    step = next_step(intents, read_context(turns, clock), turn)
    lists = [mentioned for earlier in turns for mentioned in earlier.lists]
    calls = tuple(with_list_ids(call, lists) for call in step.calls)
    step = PlanStep(calls, with_list_names(step.text, lists))
    if turn.files and step.text:
        return replace(step, text=f"{replies.describe_unreadable_files(turn.files)}\n\n{step.text}")
    return step


async def _decide(items: str | Sequence[Any], clock: Clock, tools: Sequence[Tool]) -> PlanStep:
    """Decide in a thread, so that a long message doesn't delay the lease renewals of other runs."""
    step = await asyncio.to_thread(decide, items, clock)
    known = {tool.name for tool in tools}
    return step if all(call.name in known for call in step.calls) else PlanStep(text=MISSING_TOOLS)
