"""The base of our models: one streamed request for each answer, whatever the API."""

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import msgspec
from agents import (
    Agent,
    Handoff,
    Model,
    ModelResponse,
    ModelSettings,
    ModelTracing,
    Tool,
    TResponseInputItem,
    Usage,
)
from agents.agent_output import AgentOutputSchemaBase
from agents.items import TResponseStreamEvent
from agents.retry import ModelRetryAdvice, ModelRetryAdviceRequest, ModelRetryNormalizedError
from agents.tracing import Span, SpanError
from openai.types.responses import Response
from openai.types.responses.response_prompt_param import ResponsePromptParam
from typing_extensions import override

from model_client.errors import (
    ModelBrokenOffError,
    ModelBusyError,
    ModelServerError,
    ModelUnreachableError,
)
from model_client.merging import DELTAS
from model_client.private_api import (
    attach_raw_usage,
    extract_raw_usage,
    mark_error_after_events,
    mark_request_without_usage,
    should_disable_provider_managed_retries,
)
from model_client.transport import ModelRequest, StreamServer


class ModelCall(msgspec.Struct, frozen=True):
    """A request of the SDK to a model; see `agents.Model.stream_response`."""

    system_instructions: str | None
    input: str | list[TResponseInputItem]
    settings: ModelSettings
    tools: list[Tool]
    output_schema: AgentOutputSchemaBase | None
    handoffs: list[Handoff[Any, Agent[Any]]]
    tracing: ModelTracing
    previous_response_id: str | None = None
    conversation_id: str | None = None
    prompt: ResponsePromptParam | None = None


class Assembler(Protocol):
    """Converts the messages of one stream into the SDK's events.

    The last event is `response.completed`, or a ModelServerError is raised.

    Attributes:
        raw_usage: what the server reported as usage.
    """

    raw_usage: Any

    @property
    def is_done(self) -> bool:
        """True if the answer is complete; the rest of the stream is ignored."""
        ...

    @property
    def has_finished(self) -> bool:
        """True if the answer is complete even when the stream breaks off now."""
        ...

    def feed(self, data: Any, name: str) -> Iterable[TResponseStreamEvent]:
        """Yield the events of a message; raise a ModelServerError that it reports."""
        ...

    def end(self) -> Iterable[TResponseStreamEvent]:
        """Yield the events after the last message; raise ModelBrokenOffError without an end."""
        ...


@dataclass(kw_only=True)
class WholeModelResponse(ModelResponse):
    """A response that was streamed.

    Args:
        answer: with what the SDK's form lacks: its status, and why it is incomplete.
    """

    answer: Response


class StreamingModel(Model):
    """A model that streams each answer; subclasses know an API.

    Args:
        model: the server's name of the model.
        server: open while the model is used; the model doesn't close it.
        window_s: how long a delta waits for more of its text, to be merged with it; the first one
            of a text doesn't wait, and neither does what another kind of event follows. 0: not at
            all.

    Attributes:
        merges_deltas: a model with this mark needs no window of its user's.
    """

    merges_deltas = True

    def __init__(self, model: str, server: StreamServer, *, window_s: float = 0.0) -> None:
        self.model = model
        self.server = server
        self.window_s = window_s

    @abstractmethod
    def prepare(self, call: ModelCall) -> tuple[ModelRequest, Assembler]:
        """Return the request for an answer, and what converts the response.

        Raises:
            UserError: the API has no form for a part of the call.
        """

    @abstractmethod
    def create_span(self, call: ModelCall) -> Span[Any]:
        """Return the trace's span of a call."""

    @abstractmethod
    def record_answer(self, span: Span[Any], call: ModelCall, response: Response) -> None:
        """Record an answer in the span of its call."""

    @override
    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any, Agent[Any]]],
        tracing: ModelTracing,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: ResponsePromptParam | None = None,
    ) -> AsyncIterator[TResponseStreamEvent]:
        """Yield the events of an answer; the last one is `response.completed`.

        Its response has the status `incomplete` if the server cut the answer off.

        Raises:
            ModelServerError: there is no answer, or only a part of one.
        """
        call = ModelCall(
            system_instructions,
            input,
            model_settings,
            tools,
            output_schema,
            handoffs,
            tracing,
            previous_response_id,
            conversation_id,
            prompt,
        )
        with self.create_span(call) as span:
            try:
                request, assembler = self.prepare(call)
                async with aclosing(self._stream(request, assembler)) as batches:
                    async for events in batches:
                        for event in events:
                            if event.type == "response.completed":
                                response = event.response
                                if model_settings.preserve_raw_usage is True:
                                    attach_raw_usage(response, assembler.raw_usage)
                                if response.usage is None:
                                    mark_request_without_usage(response)
                                self.record_answer(span, call, response)
                            yield event
            except Exception as error:
                # Otherwise the SDK drops the events before an error that arrives with them.
                mark_error_after_events(error)
                has_data = call.tracing.include_data()
                details = str(error) if has_data else "Error details are redacted."
                span.set_error(SpanError(message="Model call failed", data={"error": details}))
                raise

    @override
    async def get_response(self, *args: Any, **kwargs: Any) -> WholeModelResponse:
        """Return an answer; the arguments are those of `stream_response`.

        Raises:
            ModelServerError: there is no answer, or only a part of one.
        """
        response: Response | None = None
        stream: Any = self.stream_response(*args, **kwargs)
        async with aclosing(stream) as events:
            async for event in events:
                if event.type == "response.completed":
                    response = event.response
        if response is None:
            raise ModelBrokenOffError("the stream has no answer", model=self.model)
        return WholeModelResponse(
            output=response.output,
            usage=usage_of(response),
            response_id=response.id or None,
            raw_usage=extract_raw_usage(response),
            answer=response,
        )

    @override
    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        error = request.error
        if not isinstance(error, ModelServerError):
            return None
        return ModelRetryAdvice(
            suggested=isinstance(error, ModelBusyError | ModelUnreachableError),
            retry_after=error.retry_after_s,
            reason=str(error),
            normalized=ModelRetryNormalizedError(
                status_code=error.status,
                message=str(error),
                retry_after=error.retry_after_s,
                is_network_error=isinstance(error, ModelUnreachableError) and error.status is None,
            ),
        )

    async def _stream(
        self, request: ModelRequest, assembler: Assembler
    ) -> AsyncGenerator[list[TResponseStreamEvent], None]:
        """Yield the events of an answer, in a list for each read."""
        max_retries = 0 if should_disable_provider_managed_retries() else None
        async with self.server.stream(request, model=self.model, max_retries=max_retries) as stream:
            try:
                async with aclosing(aiter(stream)) as reads:
                    async for messages in reads:
                        pieces = (
                            assembler.feed(data, name.decode(errors="replace"))
                            for name, data in messages
                            if not assembler.is_done
                        )
                        events, error = _collect(chain.from_iterable(pieces))
                        yield events
                        if error is not None:
                            raise error
                        if assembler.is_done:
                            break
                        is_in_text = bool(events) and events[-1].type in DELTAS
                        stream.window_s = self.window_s if is_in_text else 0.0
            except ModelBrokenOffError:
                if not assembler.has_finished:
                    events, _ = _collect(assembler.end())  # the text that it held back
                    yield [event for event in events if event.type != "response.completed"]
                    raise
            events, error = _collect(assembler.end())
            yield events
            if error is not None:
                raise error
            await stream.drain()


def _collect(
    stream: Iterable[TResponseStreamEvent],
) -> tuple[list[TResponseStreamEvent], ModelServerError | None]:
    """Return the events of an iterable, and the error that ended it."""
    events: list[TResponseStreamEvent] = []
    try:
        events.extend(stream)
    except ModelServerError as error:
        return events, error
    return events, None


def usage_of(response: Response) -> Usage:
    """Return the SDK's usage of a response: one request, with tokens if the server reported them."""
    usage = response.usage
    if usage is None:
        return Usage(requests=1)
    return Usage(
        requests=1,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
        input_tokens_details=usage.input_tokens_details,
        output_tokens_details=usage.output_tokens_details,
    )
