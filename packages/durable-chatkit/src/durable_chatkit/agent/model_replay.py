"""Replays a model: a finished answer comes from the run's journal.

An answer is identified by its number in its Runner call. It also records what it answered: the
agent and a hash of the input. If these differ in a later attempt, because code or state has changed,
the Runner call continues live under a new path. The model's name is recorded for information only:
another model's answer to the same input is as good, and repeating it could double effects.
"""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Any, cast

import msgspec
from agents import Model, ModelResponse, TResponseInputItem
from agents.items import TResponseStreamEvent
from agents.models.fake_id import FAKE_RESPONSES_ID
from agents.retry import ModelRetryAdvice, ModelRetryAdviceRequest
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseUsage,
)
from typing_extensions import override

from durable_chatkit.agent.answer_events import AnswerEvents, AnswerIds, pair_items, replay_item
from durable_chatkit.agent.call_scope import RunnerCall, ToolCallScope, hash_input
from durable_chatkit.agent.failures import describe_cut
from durable_chatkit.agent.instrumentation import ModelCallTelemetry
from durable_chatkit.agent.model_output import repair_calls, tool_schemas
from durable_chatkit.agent.run_models import FoundModel
from durable_chatkit.storage.usage_repository import AnswerUsage
from model_client.merging import DeltaWindow
from model_client.streaming_model import WholeModelResponse, usage_of
from model_client.tool_arguments import Schema
from todochat.telemetry.logging import log_content

ModelCallInput = str | list[TResponseInputItem]


class AnswerStep(msgspec.Struct, omit_defaults=True):
    """A finished answer and the ids under which its items were published.

    Args:
        item_ids: of reasoning, images and hosted tools' calls.
        agent: the name of the agent that asked.
        input: a hash of the input.
        model: the name of the model that answered.
    """

    response: msgspec.Raw
    message_ids: list[str]
    item_ids: list[str] = []
    agent: str = ""
    input: str = ""
    model: str = ""

    def find_difference(self, agent: str, model_input: str) -> str | None:
        """Return what the answer doesn't fit; rows of older versions fit everything."""
        if self.agent and self.agent != agent:
            return f"the answer is one of agent {self.agent!r}, and {agent!r} asks"
        return "the input has changed" if self.input not in {"", model_input} else None


class PendingAnswer(msgspec.Struct, frozen=True):
    """An answer that a Runner call asks for: its number, who asks and what.

    Args:
        schemas: of the arguments of the tools that it may call, by name.
    """

    number: int
    agent: str
    model: str
    input: ModelCallInput
    input_hash: str
    schemas: dict[str, Schema]


class ReplayModel(Model):
    """Wraps a model for one Runner call and agent; unknown attributes are the wrapped model's.

    Args:
        agent: the name of the agent that asks.
    """

    def __init__(self, found: FoundModel, call: RunnerCall, agent: str = "") -> None:
        self._inner = found.model
        self._name = found.name
        self._meter = found.meter
        self._call = call
        self._scope = call.scope
        self._agent = agent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @override
    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        asked, recorded = await self._ask(args, kwargs)
        if recorded is None:
            args, kwargs = await self._load_links(asked.input, args, kwargs)
            stream = self._inner.stream_response(*args, **kwargs)
            events = self._instrument_stream(asked, stream)
        else:
            events = self._replay_stream(asked, recorded)
        async with aclosing(events):
            if not self._scope.is_on_loop:
                for event in await self._scope.on_loop(_collect(events)):
                    yield event
            async for event in events:
                yield event

    @override
    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        asked, recorded = await self._ask(args, kwargs)
        if recorded is None:
            args, kwargs = await self._load_links(asked.input, args, kwargs)
            call = self._inner.get_response(*args, **kwargs)
            return await self._scope.on_loop(self._call_model(asked, call))
        response = await self._scope.on_loop(self._restore(asked, recorded))
        return ModelResponse(
            output=response.output, usage=usage_of(response), response_id=response.id or None
        )

    @override
    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        return self._inner.get_retry_advice(request)

    @override
    async def close(self) -> None:
        await self._inner.close()

    async def _cleanup_on_run_end(self, owner: object) -> None:
        await self._inner._cleanup_on_run_end(owner)  # noqa: SLF001 - a part of the interface

    async def _ask(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[PendingAnswer, AnswerStep | None]:
        """Return the answer that is due and its record; without a record it may be requested now.

        The number counts finished answers, because a retry of the SDK requests the same one.

        Raises:
            RunStoppedError: the run was cancelled or lost.
            BudgetExceededError: a daily budget is used up.
        """
        model_input: ModelCallInput = args[1] if len(args) > 1 else kwargs["input"]
        if not isinstance(model_input, str):
            self._call.reserve_call_ids(
                str(item.get("call_id"))
                for item in model_input
                if item.get("type") == "function_call"
            )
        tools = args[3] if len(args) > 3 else kwargs.get("tools", ())
        handoffs = args[5] if len(args) > 5 else kwargs.get("handoffs", ())
        asked = PendingAnswer(
            self._call.finished_answers,
            self._agent,
            self._name,
            model_input,
            hash_input(model_input),
            tool_schemas(tools, handoffs),
        )
        recorded = self._find_record(asked)
        if recorded is not None:
            await self._call.wait_for_guardrails()
            return asked, recorded
        self._scope.raise_if_stopped()
        if self._meter is not None:
            await self._scope.on_loop(self._meter.check_budget(self._scope.user_id))
        return asked, None

    async def _load_links(
        self, model_input: ModelCallInput, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return a call's arguments with images in place of links that only the user can open."""
        images = self._scope.images
        if images is None or isinstance(model_input, str):
            return args, kwargs
        loaded = await self._scope.on_loop(images.load_links(model_input))
        if len(args) > 1:
            return (args[0], loaded, *args[2:]), kwargs
        return args, {**kwargs, "input": loaded}

    def _find_record(self, asked: PendingAnswer) -> AnswerStep | None:
        while True:
            payload = self._scope.load(self._call.answer_key(asked.number))
            if payload is None:
                return None
            step = msgspec.json.decode(payload, type=AnswerStep)
            difference = step.find_difference(asked.agent, asked.input_hash)
            if difference is None:
                return step
            self._call.diverge(difference)

    async def _call_model(self, asked: PendingAnswer, calling: Any) -> ModelResponse:
        """Await a call without a stream; journal its answer."""
        telemetry = ModelCallTelemetry(self._name)
        task: asyncio.Future[ModelResponse] = asyncio.ensure_future(calling)
        try:
            self._scope.on_stop(task.cancel)
            answer = await task
            response = _with_output(_as_response(answer, self._name), answer.output)
            usage = self._measure(asked, response)
            await self._finish_answer(asked, response, self._answer_ids(asked), usage)
            telemetry.record_answer(usage)
        except asyncio.CancelledError:
            self._scope.raise_if_stopped()
            raise
        except Exception as error:
            telemetry.record_error(error)
            raise
        finally:
            self._scope.forget(task.cancel)
            telemetry.close()
        return dataclasses.replace(answer, output=response.output)

    async def _instrument_stream(
        self, asked: PendingAnswer, stream: AsyncIterator[TResponseStreamEvent]
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        telemetry = ModelCallTelemetry(self._name)
        try:
            async with aclosing(self._stream_answer(asked, stream, telemetry)) as events:
                async for event in events:
                    yield event
            telemetry.record_stream_end()
        except Exception as error:
            telemetry.record_error(error)
            raise
        finally:
            telemetry.close()

    async def _stream_answer(
        self,
        asked: PendingAnswer,
        stream: AsyncIterator[TResponseStreamEvent],
        telemetry: ModelCallTelemetry,
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        """Yield the inner model's events; the `done` events follow after the answer is journaled."""
        ids = self._answer_ids(asked)
        if self._scope.stream_window_s > 0 and not getattr(self._inner, "merges_deltas", False):
            stream = DeltaWindow(self._scope.stream_window_s).merge(stream)
        shown = AnswerEvents(ids, shows_reasoning=self._scope.shows_reasoning)
        async with aclosing(cast("AsyncGenerator[TResponseStreamEvent, None]", stream)) as events:
            with self._scope.unsaved_answer(self._call.answer_key(asked.number)):
                async for event in events:
                    telemetry.record_event(event)
                    if event.type != "response.completed":
                        for converted in shown.convert(event):
                            yield converted
                        continue
                    for closing in shown.close_thoughts():
                        yield closing
                    # Some servers leave the output empty at the end.
                    response = _with_output(event.response, event.response.output or shown.items)
                    usage = self._measure(asked, response)
                    await self._finish_answer(asked, response, ids, usage)
                    telemetry.record_answer(usage)
                    for done in shown.done_events(response):
                        yield done
                    yield event.model_copy(update={"response": response})

    def _answer_ids(self, asked: PendingAnswer) -> AnswerIds:
        return AnswerIds(partial(self._call.item_id, asked.number))

    def _measure(self, asked: PendingAnswer, response: Response) -> AnswerUsage | None:
        if self._meter is None:
            return None
        return self._meter.measure(response, asked.input, self._name)

    async def _finish_answer(
        self,
        asked: PendingAnswer,
        response: Response,
        ids: AnswerIds,
        usage: AnswerUsage | None,
    ) -> None:
        """Journal the answer; its `done` events may be published only afterwards."""
        response.output = repair_calls(response, asked.schemas)
        for item in response.output:
            if isinstance(item, ResponseFunctionToolCall):
                # openai-chatkit requires an id; the SDK removes this one.
                item.id = item.id or FAKE_RESPONSES_ID
        self._call.register_calls(asked.number, response)
        self._note_cut(response)
        message_ids, item_ids = ids.of_answer(response)
        recorded = response
        if self._scope.images is not None:
            recorded = await self._scope.on_loop(self._scope.images.detach(response))
        step = AnswerStep(
            response=msgspec.Raw(recorded.model_dump_json(exclude_unset=True).encode()),
            message_ids=message_ids,
            item_ids=item_ids,
            agent=asked.agent,
            input=asked.input_hash,
            model=asked.model,
        )
        key = self._call.answer_key(asked.number)
        await self._scope.save(key, msgspec.json.encode(step), usage)
        self._scope.mark_saved(key)
        log_content("model.answered", answer=key, output=step.response)
        self._call.finished_answers += 1

    async def _replay_stream(
        self, asked: PendingAnswer, step: AnswerStep
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        """Yield the events of a recorded answer, also of items that viewers have.

        openai-chatkit needs all of them; `worker.frame_publisher` drops the published ones.
        """
        response = await self._restore(asked, step)
        for item, item_id in pair_items(response, step.message_ids, step.item_ids):
            for event in replay_item(item, item_id, shows_reasoning=self._scope.shows_reasoning):
                yield event
        yield ResponseCompletedEvent.model_construct(
            type="response.completed", response=response, sequence_number=0
        )

    async def _restore(self, asked: PendingAnswer, step: AnswerStep) -> Response:
        # Built without validation, as the client does: fields missing at the server must not fail.
        response = Response.construct(None, **msgspec.json.decode(step.response))
        if self._scope.images is not None:
            await self._scope.on_loop(self._scope.images.attach(response))
        self._call.register_calls(asked.number, response)
        self._note_cut(response)
        self._call.finished_answers += 1
        return response

    def _note_cut(self, response: Response) -> None:
        """Keep the notice about an answer that was cut off; a tool's answers aren't the user's."""
        is_inner = any(isinstance(each, ToolCallScope) for each in self._call.enclosing())
        if not is_inner:
            self._scope.cut_notice = describe_cut(response) or self._scope.cut_notice


def _with_output(response: Response, output: list[ResponseOutputItem]) -> Response:
    """Return a copy of an answer with copies of its items, whose ids and arguments change."""
    return response.model_copy(update={"output": [item.model_copy() for item in output]})


async def _collect(events: AsyncIterator[TResponseStreamEvent]) -> list[TResponseStreamEvent]:
    return [event async for event in events]


def _as_response(answer: ModelResponse, model: str) -> Response:
    """Return the answer of a call without a stream in the form in which answers are journaled."""
    if isinstance(answer, WholeModelResponse):
        return answer.answer
    usage = answer.usage
    details = usage.input_tokens_details, usage.output_tokens_details
    return Response.model_construct(
        id=answer.response_id or "",
        object="response",
        created_at=0,
        model=model,
        output=answer.output,
        usage=ResponseUsage.model_construct(
            input_tokens=usage.input_tokens,
            input_tokens_details=details[0],
            output_tokens=usage.output_tokens,
            output_tokens_details=details[1],
            total_tokens=usage.total_tokens,
        ),
    )
