"""Replays a model: a finished answer comes from the run's journal."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
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
)
from typing_extensions import override

from durable_chatkit.agent.answer_events import MessageIds, done_event, find_messages
from durable_chatkit.agent.instrumentation import ModelCallTelemetry
from durable_chatkit.agent.model_output import make_parseable
from durable_chatkit.agent.run_scope import RunScope, answer_key
from durable_chatkit.agent.usage import UsageMeter
from durable_chatkit.storage.usage_repository import AnswerUsage
from todochat.telemetry.logging import log_content

ModelCallInput = str | list[TResponseInputItem]


class AnswerStep(msgspec.Struct):
    """A finished answer and the ids under which its messages were published."""

    response: msgspec.Raw
    message_ids: list[str]


class ReplayModel(Model):
    """Wraps the model for one attempt at a run.

    Args:
        meter: measures answers and enforces budgets; None for a model without cost.
        user_id: the user whose budget `meter` checks.
        name: the model's name in metrics and traces; "" excludes the calls from both.
    """

    def __init__(
        self,
        inner: Model,
        scope: RunScope,
        meter: UsageMeter | None = None,
        *,
        user_id: str = "",
        name: str = "",
    ) -> None:
        self._inner = inner
        self._scope = scope
        self._meter = meter
        self._user_id = user_id
        self._name = name

    @override
    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        # The ordinal counts finished answers, because a retry of the SDK requests the same one.
        answer = self._scope.finished_answers
        model_input: ModelCallInput = args[1] if len(args) > 1 else kwargs["input"]
        if not isinstance(model_input, str):
            self._scope.reserve_call_ids(
                str(item.get("call_id"))
                for item in model_input
                if item.get("type") == "function_call"
            )
        recorded = self._scope.journal.get(answer_key(answer))
        if recorded is None:
            self._scope.raise_if_stopped()
            if self._meter is not None:
                await self._meter.check_budget(self._user_id)
            stream = self._inner.stream_response(*args, **kwargs)
            events = self._instrument_stream(answer, model_input, stream)
        else:
            events = self._replay_answer(answer, recorded)
        async with aclosing(events):
            async for event in events:
                yield event

    async def _instrument_stream(
        self, answer: int, model_input: ModelCallInput, stream: AsyncIterator[TResponseStreamEvent]
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        telemetry = ModelCallTelemetry(self._name)
        try:
            async with aclosing(
                self._stream_answer(answer, model_input, stream, telemetry)
            ) as events:
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
        answer: int,
        model_input: ModelCallInput,
        stream: AsyncIterator[TResponseStreamEvent],
        telemetry: ModelCallTelemetry,
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        """Yield the inner model's events; the `done` events follow after the answer is journaled."""
        message_ids = MessageIds(self._scope, answer)
        items: list[ResponseOutputItem] = []
        async with aclosing(cast("AsyncGenerator[TResponseStreamEvent, None]", stream)) as events:
            async for event in events:
                telemetry.record_event(event)
                if event.type == "response.output_item.done":
                    items.append(event.item)
                elif event.type != "response.completed":
                    renamed = message_ids.rename_event(event)
                    if renamed is not None:
                        yield renamed
                else:
                    if not event.response.output:
                        event.response.output = items  # some servers leave it empty at the end
                    usage = None
                    if self._meter is not None:
                        usage = self._meter.measure(event.response, model_input)
                    done_events = await self._finish_answer(
                        answer, event.response, message_ids, usage
                    )
                    telemetry.record_answer(usage)
                    for done in done_events:
                        yield done
                    yield event

    async def _finish_answer(
        self,
        answer: int,
        response: Response,
        message_ids: MessageIds,
        usage: AnswerUsage | None,
    ) -> list[TResponseStreamEvent]:
        """Journal the answer; return its `done` events, which may be published only afterwards."""
        for item in response.output:
            if isinstance(item, ResponseFunctionToolCall):
                item.arguments = make_parseable(item.arguments)
                # openai-chatkit requires an id; the SDK removes this one.
                item.id = item.id or FAKE_RESPONSES_ID
        self._scope.register_calls(answer, response)
        messages = find_messages(response)
        step = AnswerStep(
            response=msgspec.Raw(response.model_dump_json(exclude_unset=True).encode()),
            message_ids=[message_ids.nth(index) for index in range(len(messages))],
        )
        await self._scope.journal.save(answer_key(answer), msgspec.json.encode(step), usage)
        log_content("model.answered", answer=answer, output=step.response)
        self._scope.finished_answers += 1
        return [
            done_event(message, item_id)
            for message, item_id in zip(messages, step.message_ids, strict=True)
        ]

    async def _replay_answer(
        self, answer: int, payload: bytes
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        """Yield the unpublished `done` events of a recorded answer, then its completion."""
        step = msgspec.json.decode(payload, type=AnswerStep)
        # Built without validation, as the client does: fields missing at the server must not fail.
        response = Response.construct(None, **msgspec.json.decode(step.response))
        self._scope.register_calls(answer, response)
        for message, item_id in zip(find_messages(response), step.message_ids, strict=True):
            if item_id not in self._scope.done_item_ids:
                yield done_event(message, item_id)
        self._scope.finished_answers += 1
        yield ResponseCompletedEvent.model_construct(
            type="response.completed", response=response, sequence_number=0
        )

    @override
    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        """Forward a non-streaming call, which is never part of a journaled run."""
        return await self._inner.get_response(*args, **kwargs)

    @override
    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        return self._inner.get_retry_advice(request)
