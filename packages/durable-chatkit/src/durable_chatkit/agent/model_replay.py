"""A model that answers finished calls from the run's journal, and names what it says.

Only the events that are streamed to the viewers get ids of ours. `response.completed` keeps the
provider's: it becomes the history of the next call, where reasoning items are paired by id.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any, Final, cast

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
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputTextAnnotationAddedEvent,
)
from typing_extensions import override

from durable_chatkit.agent.instrumentation import ModelCallTelemetry
from durable_chatkit.agent.model_output import (
    make_parseable,
    parse_citation,
    parse_message_citations,
    parse_part_citations,
)
from durable_chatkit.agent.run_scope import RunScope, answer_key
from durable_chatkit.agent.usage import RunUsageMeter
from durable_chatkit.storage.usage_repository import AnswerUsage
from todochat.telemetry.logging import log_content

_REASONING: Final = "response.reasoning"
_CITING: Final = {"response.content_part.added", "response.output_text.annotation.added"}


class AnswerStep(msgspec.Struct):
    """A finished answer, and the ids under which its messages were said."""

    response: msgspec.Raw
    message_ids: list[str]


class ReplayModel(Model):
    """Wraps the model of one attempt at a run.

    Args:
        meter: measures answers and stops at a spent budget; None for a model that costs nothing.
        name: the model's, in metrics and traces; "" for a call that isn't to be in them.
    """

    def __init__(
        self, inner: Model, scope: RunScope, meter: RunUsageMeter | None = None, *, name: str = ""
    ) -> None:
        self._inner = inner
        self._scope = scope
        self._meter = meter
        self._name = name

    @override
    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        # The ordinal counts finished answers: the SDK calls again for the same one when it retries.
        answer = self._scope.answers
        given = args[1] if len(args) > 1 else kwargs["input"]
        self._scope.reserve_call_ids(_call_ids(given))
        recorded = self._scope.journal.get(answer_key(answer))
        if recorded is None:
            self._scope.raise_if_stopped()
            if self._meter is not None:
                await self._meter.check_budget()
            events = self._watched(answer, given, self._inner.stream_response(*args, **kwargs))
        else:
            events = self._recorded(answer, recorded)
        async with aclosing(events):
            async for event in events:
                yield event

    async def _watched(
        self,
        answer: int,
        given: str | list[TResponseInputItem],
        stream: AsyncIterator[TResponseStreamEvent],
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        call = ModelCallTelemetry(self._name)
        try:
            async with aclosing(self._live(answer, given, stream, call)) as events:
                async for event in events:
                    yield event
            call.ran_out()
        except Exception as error:
            call.failed(error)
            raise
        finally:
            call.close()

    async def _live(
        self,
        answer: int,
        given: str | list[TResponseInputItem],
        stream: AsyncIterator[TResponseStreamEvent],
        call: ModelCallTelemetry,
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        names = _MessageNames(self._scope, answer)
        items: list[ResponseOutputItem] = []
        async with aclosing(cast("AsyncGenerator[TResponseStreamEvent, None]", stream)) as events:
            async for event in events:
                call.saw(event)
                if event.type == "response.output_item.done":
                    # A message's `done` waits until the answer is saved; see `_finish`.
                    items.append(event.item)
                elif event.type != "response.completed":
                    named = names.rename(event)
                    if named is not None:
                        yield named
                else:
                    if not event.response.output:
                        event.response.output = items  # some servers leave it empty at the end
                    usage = self._meter.measure(event.response, given) if self._meter else None
                    finished = await self._finish(answer, event.response, names, usage)
                    call.answered(usage)
                    for done in finished:
                        yield done
                    yield event

    async def _finish(
        self,
        answer: int,
        response: Response,
        names: "_MessageNames",
        usage: AnswerUsage | None,
    ) -> list[TResponseStreamEvent]:
        """Save the answer; what is `done` on the wire is then in the journal too."""
        for item in response.output:
            if isinstance(item, ResponseFunctionToolCall):
                item.arguments = make_parseable(item.arguments)
                # openai-chatkit insists on an id; the SDK strips this one.
                item.id = item.id or FAKE_RESPONSES_ID
        self._scope.register_calls(answer, response)
        messages = _messages(response)
        step = AnswerStep(
            response=msgspec.Raw(response.model_dump_json(exclude_unset=True).encode()),
            message_ids=[names.nth(index) for index in range(len(messages))],
        )
        await self._scope.journal.save(answer_key(answer), msgspec.json.encode(step), usage)
        log_content("model.answered", answer=answer, output=step.response)
        self._scope.answers += 1
        return [
            _done(message, item_id)
            for message, item_id in zip(messages, step.message_ids, strict=True)
        ]

    async def _recorded(
        self, answer: int, payload: bytes
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        step = msgspec.json.decode(payload, type=AnswerStep)
        # Lenient, as the client itself builds it: what a server left out must not fail here.
        response = Response.construct(None, **msgspec.json.decode(step.response))
        self._scope.register_calls(answer, response)
        for message, item_id in zip(_messages(response), step.message_ids, strict=True):
            if item_id not in self._scope.done:
                yield _done(message, item_id)
        self._scope.answers += 1
        yield ResponseCompletedEvent.model_construct(
            type="response.completed", response=response, sequence_number=0
        )

    @override
    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        """Answer a call that isn't streamed, which is never part of a journaled run."""
        return await self._inner.get_response(*args, **kwargs)

    @override
    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        return self._inner.get_retry_advice(request)


class _MessageNames:
    """Ids of one answer's messages, in the order in which they begin."""

    def __init__(self, scope: RunScope, answer: int) -> None:
        self._scope = scope
        self._answer = answer
        self._names: dict[tuple[str, int], str] = {}

    def nth(self, index: int) -> str:
        """Return the id of the `index`-th message."""
        return self._scope.message_id(self._answer, index)

    def rename(self, event: TResponseStreamEvent) -> TResponseStreamEvent | None:
        """Return the event with our id, or None if it isn't for the viewers.

        Calls are executed from the completed answer. Reasoning is left out: a workflow item would
        be done before the answer that owns it is saved, and a later attempt couldn't tell.
        """
        if event.type == "response.output_item.added":
            return self._rename_message(event)
        if event.type.startswith(_REASONING):
            return None
        item_id = getattr(event, "item_id", None)
        if item_id is None:
            return event
        name = self._names.get((item_id, getattr(event, "output_index", 0)))
        if name is None:
            return None
        if event.type in _CITING:
            return _with_citations(event, name)
        cast("Any", event).item_id = name  # it is nobody else's, and a copy costs ten times that
        return event

    def _rename_message(self, event: ResponseOutputItemAddedEvent) -> TResponseStreamEvent | None:
        if not isinstance(event.item, ResponseOutputMessage):
            return None
        place = (event.item.id, event.output_index)
        name = self._names.setdefault(place, self.nth(len(self._names)))
        update = {"id": name, "content": parse_message_citations(event.item)}
        return event.model_copy(update={"item": event.item.model_copy(update=update)})


def _with_citations(event: TResponseStreamEvent, item_id: str) -> TResponseStreamEvent | None:
    """Return a copy with our id and parsed citations; None if its citation can't be used."""
    if event.type == "response.content_part.added":
        part = parse_part_citations(event.part)
        return event.model_copy(update={"item_id": item_id, "part": part})
    citation = parse_citation(cast("ResponseOutputTextAnnotationAddedEvent", event).annotation)
    if citation is None:
        return None
    return event.model_copy(update={"item_id": item_id, "annotation": citation})


def _messages(response: Response) -> list[ResponseOutputMessage]:
    return [item for item in response.output if isinstance(item, ResponseOutputMessage)]


def _done(message: ResponseOutputMessage, item_id: str) -> TResponseStreamEvent:
    return ResponseOutputItemDoneEvent.model_construct(
        type="response.output_item.done",
        item=message.model_copy(
            update={"id": item_id, "content": parse_message_citations(message)}
        ),
        output_index=0,
        sequence_number=0,
    )


def _call_ids(model_input: str | list[TResponseInputItem]) -> Iterator[str]:
    if isinstance(model_input, str):
        return
    for item in model_input:
        if item.get("type") == "function_call":
            yield str(item.get("call_id"))
