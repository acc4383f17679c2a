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
_PLACE: Final = ("item_id", "output_index", "content_index", "summary_index")
_CHUNK: Final = "chat.completion.chunk"


class ModelEvent(ServerSentEvent):
    """An event whose JSON is decoded already."""

    def __init__(self, event: str | None, data: bytes, decoded: Any) -> None:
        super().__init__(event=event, data=data.decode())
        self._decoded = decoded

    @override
    def json(self) -> Any:
        return self._decoded

    def take_in(self, later: ServerSentEvent) -> bool:
        """Append the delta of the event that follows; False if it has to stay by itself."""
        if not isinstance(later, ModelEvent):
            return False
        mine, its = self._decoded, later.json()
        kind = mine.get("type")
        if kind in _TEXTS:
            return kind == its.get("type") and _take_text(mine, its)
        return bool(mine.get("object") == its.get("object") == _CHUNK) and _take_chunk(mine, its)


def _take_text(mine: dict[str, Any], its: dict[str, Any]) -> bool:
    if any(mine.get(name) != its.get(name) for name in _PLACE):
        return False
    if mine.get("logprobs") or its.get("logprobs"):
        return False
    if not (isinstance(mine.get("delta"), str) and isinstance(its.get("delta"), str)):
        return False
    mine["delta"] += its["delta"]
    if "sequence_number" in its:
        mine["sequence_number"] = its["sequence_number"]
    return True


def _take_chunk(mine: dict[str, Any], its: dict[str, Any]) -> bool:
    """Merge chunks of Chat Completions that hold nothing but text."""
    texts = _chunk_text(mine), _chunk_text(its)
    if texts[0] is None or texts[1] is None or mine.get("id") != its.get("id"):
        return False
    mine["choices"][0]["delta"]["content"] = texts[0] + texts[1]
    return True


def _chunk_text(chunk: dict[str, Any]) -> str | None:
    match chunk:
        case {"choices": [{"delta": {"content": str(text)} as delta} as choice]}:
            others = delta.keys() - {"content", "role"}  # Ollama says the role each time
            only_text = not any(map(delta.get, others))
            extras = ("finish_reason", "logprobs")
            if only_text and not chunk.get("usage") and not any(map(choice.get, extras)):
                return text
    return None


class ModelEventDecoder(SSEDecoder):
    """The client's decoder of one stream; see `AsyncOpenAI._make_sse_decoder`."""

    @override
    async def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        rest = b""
        async for chunk in iterator:
            if b"\r" in chunk:  # other line ends than all but a few servers write
                async for event in super().aiter_bytes(_put_back(rest + chunk, iterator)):
                    yield event
                return
            *blocks, rest = (rest + chunk).split(b"\n\n")
            for event in _merged(chain.from_iterable(map(self._events, blocks))):
                yield event

    def _events(self, block: bytes) -> Iterator[ServerSentEvent]:
        """Yield the event of a block; of one in an unusual form as the library reads it."""
        event, data = None, block
        if block.startswith(b"event: "):
            name, _, data = block.partition(b"\n")
            event = name[7:].decode()
        if data.startswith(b"data: ") and b"\n" not in data:
            decoded = _decode(data[6:])
            if isinstance(decoded, dict):
                yield ModelEvent(event, data[6:], decoded)
                return
        yield from self._decode_lines(iter([*block.split(b"\n"), b""]))


def _decode(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    except RecursionError as error:
        msg = "the model server sent an event that is nested too deeply"
        raise ValueError(msg) from error
    try:
        # It accepts NaN and escaped lone surrogates, which nothing after it could encode.
        return replace_surrogates(json.loads(data))
    except ValueError:
        return None  # `[DONE]`, or for the library to complain about


def _merged(events: Iterable[ServerSentEvent]) -> Iterator[ServerSentEvent]:
    waiting: ServerSentEvent | None = None
    for event in events:
        if isinstance(waiting, ModelEvent) and waiting.take_in(event):
            continue
        if waiting is not None:
            yield waiting
        waiting = event
    if waiting is not None:
        yield waiting


async def _put_back(read: bytes, iterator: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield read
    async for chunk in iterator:
        yield chunk


class DeltaClient(AsyncOpenAI):
    """An `AsyncOpenAI` that reads deltas quickly and everything else as ever."""

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
                    pass  # a server that leaves something out; the library is lenient about it
        return super()._process_response_data(data=data, cast_to=cast_to, response=response)
