"""Streams of chat completions as a server writes them, and their results."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from openai.types.responses import Response

from model_client.chat_stream import ChatStream
from model_client.errors import ModelServerError
from model_client.json_codec import decode_json
from model_client.sse import SseParser

SERVER = "http://model.example/v1"
TEXT_OR_NULL = {"anyOf": [{"type": "string"}, {"type": "null"}]}
TOOLS: dict[str, Any] = {
    "book_room": {
        "type": "object",
        "properties": {
            "room": {"type": "string"},
            "note": TEXT_OR_NULL,
            "level": {"enum": ["none", "high", None]},
            "guests": {"anyOf": [{"type": "array"}, {"type": "null"}]},
        },
        "required": ["room", "note", "level", "guests"],
        "additionalProperties": False,
    },
    "list_rooms": {"type": "object", "properties": {}, "additionalProperties": False},
}


class Outcome(msgspec.Struct):
    """The result of a stream.

    Attributes:
        text: the deltas of the answer, and `thought` those of its reasoning.
        error: the failure that ended it.
    """

    text: str = ""
    thought: str = ""
    refusal: str = ""
    deltas: int = 0
    response: Response | None = None
    error: ModelServerError | None = None

    @property
    def items(self) -> list[Any]:
        assert self.response is not None, self.error
        return list(self.response.output)

    @property
    def calls(self) -> list[tuple[str, str]]:
        return [(i.name, i.arguments) for i in self.items if i.type == "function_call"]

    @property
    def final_text(self) -> str:
        messages = (item for item in self.items if item.type == "message")
        return "".join(part.text for message in messages for part in message.content)

    @property
    def cut_reason(self) -> str | None:
        assert self.response is not None, self.error
        details = self.response.incomplete_details
        assert (details is None) == (self.response.status == "completed")
        return None if details is None else details.reason


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "c1", "choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def say(*texts: Any) -> list[dict[str, Any]]:
    return [delta(content=text) for text in texts]


def call(name: str | None, arguments: Any, **fields: Any) -> dict[str, Any]:
    return delta(tool_calls=[{"function": {"name": name, "arguments": arguments}, **fields}])


STOP = delta("stop")


def stream(*chunks: Any, end: bytes = b"data: [DONE]\n\n") -> bytes:
    lines = [b"data: %b\n\n" % encode(chunk) for chunk in chunks]
    return b"".join(lines) + end


def encode(chunk: Any) -> bytes:
    return chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode()


def decode(data: bytes) -> Any:
    try:
        return decode_json(data, keeps_surrogates=True)
    except ValueError:
        return data.decode(errors="replace")


def read(data: bytes, size: int | None = None, tools: Mapping[str, Any] = TOOLS) -> Outcome:
    """Feed a stream in reads of `size` bytes, in one without it."""
    outcome, parser, chat = Outcome(), SseParser(), ChatStream("tester", tools, SERVER)
    step = size or max(len(data), 1)
    events = [e for at in range(0, len(data), step) for e in parser.feed(data[at : at + step])]
    events += parser.close()
    try:
        for name, text in events:
            add(outcome, chat.feed(decode(text), name.decode()))
        add(outcome, chat.end())
    except ModelServerError as error:
        outcome.error = error
    return outcome


def read_all(*chunks: Any, **options: Any) -> Outcome:
    """Return the result of chunks, which is the same in one piece, byte by byte and in 7-byte reads."""
    data = stream(*chunks, **options)
    whole, *cut = [read(data, size) for size in (None, 1, 7)]
    for other in cut:
        assert (other.text, other.thought) == (whole.text, whole.thought)
        assert type(other.error) is type(whole.error)
        if whole.response is not None:
            assert other.calls == whole.calls
    return whole


def add(outcome: Outcome, events: Any) -> None:
    for event in events:
        match event.type:
            case "response.output_text.delta":
                outcome.text += event.delta
                outcome.deltas += 1
            case "response.refusal.delta":
                outcome.refusal += event.delta
            case "response.reasoning_summary_text.delta":
                outcome.thought += event.delta
            case "response.completed":
                outcome.response = event.response
