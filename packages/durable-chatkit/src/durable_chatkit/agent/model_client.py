"""An OpenAI client that decodes the events of a stream at a fraction of the usual CPU time.

Nearly all events of a stream are deltas. The library tries each event against the whole union of
events (60 us of CPU); here a delta is recognised by its `type` and validated as that one class
(3 us). When this process falls behind and many events wait in one read, deltas of the same text are
merged, so that everything after it, from the SDK's loop to the viewers' browsers, handles one event
in place of many: a busy worker needs less CPU per token.

`_process_response_data` and `_make_sse_decoder` are private to openai; tests fail when the client no
longer calls them. Streams then work as without this module.
"""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

import msgspec
from openai import AsyncOpenAI
from openai._streaming import ServerSentEvent, SSEDecoder
from openai.types.responses import (
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseReasoningSummaryTextDeltaEvent,
    ResponseStreamEvent,
    ResponseTextDeltaEvent,
)
from pydantic import BaseModel, ValidationError
from typing_extensions import override

from durable_chatkit.chatkit.encoding import replace_surrogates

_DELTAS: Final[Mapping[Any, type[BaseModel]]] = {
    "response.output_text.delta": ResponseTextDeltaEvent,
    "response.function_call_arguments.delta": ResponseFunctionCallArgumentsDeltaEvent,
    "response.reasoning_summary_text.delta": ResponseReasoningSummaryTextDeltaEvent,
}
_TEXTS: Final = (
    "response.output_text.delta",
    "response.function_call_arguments.delta",
    "response.reasoning_summary_text.delta",
)
_POSITION: Final = ("item_id", "output_index", "content_index", "summary_index")
_CHUNK: Final = "chat.completion.chunk"


class ModelEvent(ServerSentEvent):
    """A server-sent event with decoded JSON."""

    def __init__(self, event: str | None, data: bytes, decoded: Any) -> None:
        super().__init__(event=event, data=data.decode())
        self._decoded = decoded

    @override
    def json(self) -> Any:
        return self._decoded

    def merge_delta(self, later: ServerSentEvent) -> bool:
        """Append the delta of the next event; return False if they can't be merged."""
        if not isinstance(later, ModelEvent):
            return False
        event, following = self._decoded, later.json()
        kind = event.get("type")
        if kind in _TEXTS:
            return kind == following.get("type") and merge_text_delta(event, following)
        are_chunks = event.get("object") == following.get("object") == _CHUNK
        return are_chunks and merge_chunk(event, following)


def merge_text_delta(event: dict[str, Any], following: dict[str, Any]) -> bool:
    """Append a delta of the Responses API to the one before it, if both are of the same text."""
    if any(event.get(name) != following.get(name) for name in _POSITION):
        return False
    if event.get("logprobs") or following.get("logprobs"):
        return False
    if not (isinstance(event.get("delta"), str) and isinstance(following.get("delta"), str)):
        return False
    event["delta"] += following["delta"]
    if "sequence_number" in following:
        event["sequence_number"] = following["sequence_number"]
    return True


def merge_chunk(chunk: dict[str, Any], following: dict[str, Any]) -> bool:
    """Append a chunk of Chat Completions to the one before it, if both contain only text."""
    texts = _chunk_text(chunk), _chunk_text(following)
    if texts[0] is None or texts[1] is None or chunk.get("id") != following.get("id"):
        return False
    chunk["choices"][0]["delta"]["content"] = texts[0] + texts[1]
    return True


def _chunk_text(chunk: dict[str, Any]) -> str | None:
    match chunk:
        case {"choices": [{"delta": {"content": str(text)} as delta} as choice]}:
            others = delta.keys() - {"content", "role"}  # Ollama repeats the role
            only_text = not any(map(delta.get, others))
            extras = ("finish_reason", "logprobs")
            if only_text and not chunk.get("usage") and not any(map(choice.get, extras)):
                return text
    return None


class ModelEventDecoder(SSEDecoder):
    """Decoder of one stream; see `AsyncOpenAI._make_sse_decoder`."""

    @override
    async def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        rest = b""
        async for chunk in iterator:
            if b"\r" in chunk:  # rare line ends; left to the library
                async for event in super().aiter_bytes(_prepend(rest + chunk, iterator)):
                    yield event
                return
            *blocks, rest = (rest + chunk).split(b"\n\n")
            for event in merge_deltas(chain.from_iterable(map(self._decode_block, blocks))):
                yield event

    def _decode_block(self, block: bytes) -> Iterator[ServerSentEvent]:
        """Yield the event of a block; leave unusual forms to the library's decoder."""
        event, data = None, block
        if block.startswith(b"event: "):
            name, _, data = block.partition(b"\n")
            event = name[7:].decode()
        if data.startswith(b"data: ") and b"\n" not in data:
            decoded = decode_event_data(data[6:])
            if isinstance(decoded, dict):
                yield ModelEvent(event, data[6:], decoded)
                return
        yield from self._decode_lines(iter([*block.split(b"\n"), b""]))


def decode_event_data(data: bytes) -> Any:
    """Decode an event's JSON; return None for data that the library has to handle.

    Raises:
        ValueError: the data is nested too deeply.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    except RecursionError as error:
        msg = "the model server sent an event that is nested too deeply"
        raise ValueError(msg) from error
    try:
        # json.loads accepts NaN, and escaped lone surrogates, which couldn't be encoded later.
        return replace_surrogates(json.loads(data))
    except ValueError:
        return None  # `[DONE]`, or an error that the library reports


def merge_deltas(events: Iterable[ServerSentEvent]) -> Iterator[ServerSentEvent]:
    """Yield events, with consecutive deltas of the same text merged into one."""
    pending: ServerSentEvent | None = None
    for event in events:
        if isinstance(pending, ModelEvent) and pending.merge_delta(event):
            continue
        if pending is not None:
            yield pending
        pending = event
    if pending is not None:
        yield pending


async def _prepend(first: bytes, iterator: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in iterator:
        yield chunk


class DeltaClient(AsyncOpenAI):
    """An `AsyncOpenAI` with a fast path for deltas; all else is handled by the library."""

    @override
    def _make_sse_decoder(self) -> ModelEventDecoder:
        return ModelEventDecoder()

    @override
    def _process_response_data(self, *, data: object, cast_to: Any, response: Any) -> Any:
        if cast_to is ResponseStreamEvent and isinstance(data, dict):
            delta = _DELTAS.get(data.get("type"))
            if delta is not None:
                try:
                    return delta.model_validate(data)
                except ValidationError:
                    pass  # a server omits a field, which the library tolerates
        return super()._process_response_data(data=data, cast_to=cast_to, response=response)
