"""The two streaming formats of the OpenAI API, as a scripted model writes them."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, ClassVar

from aiohttp import web
from typing_extensions import override

from todochat.testing.model_script import Call, Draw, Gate, HostedCall, ModelRequest, Think, Wire

_numbers = count(1)


def call_arguments(call: Call) -> str:
    """Return the arguments in their wire form."""
    return call.arguments if isinstance(call.arguments, str) else json.dumps(dict(call.arguments))


def call_id(call: Call) -> str:
    """Return the call's id, or a new one if the script has none."""
    return f"call_{next(_numbers):06d}" if call.call_id is None else call.call_id


TokenUsage = tuple[int, int, int]  # input, cached input, output


class StreamWriter(ABC):
    """Writes one response in one wire format."""

    id_prefix: ClassVar[str]

    def __init__(
        self,
        response: web.StreamResponse,
        request: ModelRequest,
        usage: TokenUsage | None = (1, 0, 1),
    ) -> None:
        self._response = response
        self._usage = usage
        self._model = str(request.body.get("model", ""))
        self._id = f"{self.id_prefix}{next(_numbers):06d}"

    @abstractmethod
    async def begin(self) -> None:
        """Write the head of the stream."""

    @abstractmethod
    async def begin_message(self) -> None:
        """Open a message."""

    @abstractmethod
    async def text(self, delta: str) -> None:
        """Write one delta of the open message."""

    @abstractmethod
    async def end_message(self, citations: Sequence[Mapping[str, Any]] = ()) -> None:
        """Close the open message, after the citations of its text."""

    @abstractmethod
    async def call(self, call: Call) -> None:
        """Write one whole function call."""

    @abstractmethod
    async def think(self, thought: Think) -> None:
        """Write one thought."""

    @abstractmethod
    async def refuse(self, text: str) -> None:
        """Write a message with a refusal."""

    async def hosted_call(self, call: HostedCall) -> None:
        """Write a call that the server executes."""
        raise NotImplementedError

    async def draw(self, drawing: Draw) -> None:
        """Write a generated image."""
        raise NotImplementedError

    @abstractmethod
    async def error(self, message: str) -> None:
        """Write an error event."""

    @abstractmethod
    async def finish(self) -> None:
        """Write the end of a successful stream."""


class ResponsesWriter(StreamWriter):
    """Server-sent events of `POST /v1/responses` with `stream: true`."""

    id_prefix = "resp_"

    def __init__(
        self,
        response: web.StreamResponse,
        request: ModelRequest,
        usage: TokenUsage | None = (1, 0, 1),
    ) -> None:
        super().__init__(response, request, usage)
        self._output: list[dict[str, Any]] = []
        self._chunks: list[str] = []
        self._citations: Sequence[Mapping[str, Any]] = ()
        self._message_id = ""
        self._sequence = count()

    @override
    async def begin(self) -> None:
        await self._send("response.created", response=self._snapshot("in_progress"))
        await self._send("response.in_progress", response=self._snapshot("in_progress"))

    @override
    async def begin_message(self) -> None:
        self._message_id = f"msg_{next(_numbers):06d}"
        self._chunks = []
        self._citations = ()
        await self._send("response.output_item.added", **self._item(self._message("in_progress")))
        await self._send("response.content_part.added", **self._part(), part=self._text_part(""))

    @override
    async def text(self, delta: str) -> None:
        self._chunks.append(delta)
        await self._send("response.output_text.delta", **self._part(), delta=delta, logprobs=[])

    @override
    async def end_message(self, citations: Sequence[Mapping[str, Any]] = ()) -> None:
        for index, citation in enumerate(citations):
            await self._send(
                "response.output_text.annotation.added",
                **self._part(),
                annotation_index=index,
                annotation=dict(citation),
            )
        self._citations = citations
        text = "".join(self._chunks)
        await self._send("response.output_text.done", **self._part(), text=text, logprobs=[])
        await self._send("response.content_part.done", **self._part(), part=self._text_part(text))
        message = self._message("completed")
        await self._send("response.output_item.done", **self._item(message))
        self._output.append(message)

    @override
    async def call(self, call: Call) -> None:
        item: dict[str, Any] = {
            "type": "function_call",
            "id": f"fc_{next(_numbers):06d}",
            "call_id": call_id(call),
            "name": call.name,
            "arguments": "",
            "status": "in_progress",
        }
        arguments = call_arguments(call)
        position = {"item_id": item["id"], "output_index": len(self._output)}
        await self._send("response.output_item.added", **self._item(item))
        await self._send("response.function_call_arguments.delta", **position, delta=arguments)
        await self._send("response.function_call_arguments.done", **position, arguments=arguments)
        done = {**item, "arguments": arguments, "status": "completed"}
        await self._send("response.output_item.done", **self._item(done))
        self._output.append(done)

    @override
    async def think(self, thought: Think) -> None:
        item: dict[str, Any] = {
            "type": "reasoning",
            "id": f"rs_{next(_numbers):06d}",
            "summary": [],
        }
        position = {"item_id": item["id"], "output_index": len(self._output)}
        is_summary = thought.field == "reasoning_content"
        kind = "summary_text" if is_summary else "text"
        position |= {"summary_index": 0} if is_summary else {"content_index": 0}
        await self._send("response.output_item.added", **self._item(item))
        part = {"type": "summary_text", "text": ""}
        if is_summary:
            await self._send("response.reasoning_summary_part.added", **position, part=part)
        text = ""
        for chunk in thought.chunks:
            if isinstance(chunk, Gate):
                await chunk.pass_through()
                continue
            text += chunk
            await self._send(f"response.reasoning_{kind}.delta", **position, delta=chunk)
        await self._send(f"response.reasoning_{kind}.done", **position, text=text)
        if is_summary:
            part["text"] = text
            await self._send("response.reasoning_summary_part.done", **position, part=part)
            item["summary"] = [part]
        else:
            item["content"] = [{"type": "reasoning_text", "text": text}]
        await self._send("response.output_item.done", **self._item(item))
        self._output.append(item)

    @override
    async def refuse(self, text: str) -> None:
        self._message_id = f"msg_{next(_numbers):06d}"
        empty = {"type": "refusal", "refusal": ""}
        await self._send("response.output_item.added", **self._item(self._message("in_progress")))
        await self._send("response.content_part.added", **self._part(), part=empty)
        await self._send("response.refusal.delta", **self._part(), delta=text)
        await self._send("response.refusal.done", **self._part(), refusal=text)
        message = {**self._message("completed"), "content": [{**empty, "refusal": text}]}
        await self._send("response.output_item.done", **self._item(message))
        self._output.append(message)

    @override
    async def hosted_call(self, call: HostedCall) -> None:
        item = {"id": f"ws_{next(_numbers):06d}", "status": "completed", **call.item}
        position = {"item_id": item["id"], "output_index": len(self._output)}
        await self._send(
            "response.output_item.added", **self._item({**item, "status": "in_progress"})
        )
        await self._send(f"response.{item['type']}.in_progress", **position)
        if call.gate is not None:
            await call.gate.pass_through()
        await self._send(f"response.{item['type']}.completed", **position)
        await self._send("response.output_item.done", **self._item(item))
        self._output.append(item)

    @override
    async def draw(self, drawing: Draw) -> None:
        item: dict[str, Any] = {
            "type": "image_generation_call",
            "id": f"ig_{next(_numbers):06d}",
            "status": "in_progress",
            "result": None,
        }
        position = {"item_id": item["id"], "output_index": len(self._output)}
        await self._send("response.output_item.added", **self._item(item))
        await self._send("response.image_generation_call.generating", **position)
        previews = count()
        for preview in drawing.previews:
            if isinstance(preview, Gate):
                await preview.pass_through()
                continue
            await self._send(
                "response.image_generation_call.partial_image",
                **position,
                partial_image_index=next(previews),
                partial_image_b64=preview,
            )
        await self._send("response.image_generation_call.completed", **position)
        done = {**item, "status": "completed", "result": drawing.image}
        await self._send("response.output_item.done", **self._item(done))
        self._output.append(done)

    @override
    async def error(self, message: str) -> None:
        await self._send("error", code="server_error", message=message, param=None)

    @override
    async def finish(self) -> None:
        response = self._snapshot("completed")
        if self._usage is not None:
            input_tokens, cached, output_tokens = self._usage
            response["usage"] = {
                "input_tokens": input_tokens,
                "input_tokens_details": {"cached_tokens": cached},
                "output_tokens": output_tokens,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": input_tokens + output_tokens,
            }
        await self._send("response.completed", response=response)

    async def _send(self, kind: str, **members: Any) -> None:
        event = {"type": kind, "sequence_number": next(self._sequence), **members}
        await self._response.write(f"event: {kind}\ndata: {json.dumps(event)}\n\n".encode())

    def _snapshot(self, status: str) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "response",
            "created_at": 1_790_000_000,
            "status": status,
            "model": self._model,
            "output": list(self._output),
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        }

    def _message(self, status: str) -> dict[str, Any]:
        content = [self._text_part("".join(self._chunks))] if status == "completed" else []
        return {
            "type": "message",
            "id": self._message_id,
            "role": "assistant",
            "status": status,
            "content": content,
        }

    def _item(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"output_index": len(self._output), "item": item}

    def _part(self) -> dict[str, Any]:
        return {
            "item_id": self._message_id,
            "output_index": len(self._output),
            "content_index": 0,
        }

    def _text_part(self, text: str) -> dict[str, Any]:
        citations = [dict(citation) for citation in self._citations]
        return {"type": "output_text", "text": text, "annotations": citations}


class ChatCompletionsWriter(StreamWriter):
    """Server-sent events of `POST /v1/chat/completions` with `stream: true`."""

    id_prefix = "chatcmpl-"

    def __init__(
        self,
        response: web.StreamResponse,
        request: ModelRequest,
        usage: TokenUsage | None = (1, 0, 1),
    ) -> None:
        super().__init__(response, request, usage)
        self._calls = 0
        options = request.body.get("stream_options") or {}
        self._reports_usage = bool(options.get("include_usage"))

    @override
    async def begin(self) -> None:
        await self._delta({"role": "assistant", "content": ""})

    @override
    async def begin_message(self) -> None:
        """A chat completion has one message; it begins with the stream."""

    @override
    async def text(self, delta: str) -> None:
        await self._delta({"content": delta})

    @override
    async def end_message(self, citations: Sequence[Mapping[str, Any]] = ()) -> None:
        """Write the url citations, the only ones in this format."""
        annotations = [
            {"type": "url_citation", "url_citation": {**citation, "type": None}}
            for citation in citations
            if citation["type"] == "url_citation"
        ]
        if annotations:
            await self._delta({"annotations": annotations})

    @override
    async def think(self, thought: Think) -> None:
        for chunk in thought.chunks:
            if isinstance(chunk, Gate):
                await chunk.pass_through()
            else:
                await self._delta({thought.field: chunk})

    @override
    async def refuse(self, text: str) -> None:
        await self._delta({"refusal": text})

    @override
    async def call(self, call: Call) -> None:
        head = {
            "index": self._calls,
            "id": call_id(call),
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        await self._delta({"tool_calls": [head]})
        body = {"index": self._calls, "function": {"arguments": call_arguments(call)}}
        await self._delta({"tool_calls": [body]})
        self._calls += 1

    @override
    async def error(self, message: str) -> None:
        await self._write(json.dumps({"error": {"message": message, "type": "server_error"}}))

    @override
    async def finish(self) -> None:
        await self._delta({}, finish_reason="tool_calls" if self._calls else "stop")
        if self._usage is not None and self._reports_usage:
            input_tokens, cached, output_tokens = self._usage
            usage = {
                "prompt_tokens": input_tokens,
                "prompt_tokens_details": {"cached_tokens": cached},
                "completion_tokens": output_tokens,
                "total_tokens": input_tokens + output_tokens,
            }
            await self._write(json.dumps({**self._chunk(), "choices": [], "usage": usage}))
        await self._write("[DONE]")

    async def _delta(self, delta: dict[str, Any], finish_reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        await self._write(json.dumps({**self._chunk(), "choices": [choice]}))

    def _chunk(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": self._model,
        }

    async def _write(self, data: str) -> None:
        await self._response.write(f"data: {data}\n\n".encode())


class CollectedStream:
    """Collects what a writer writes, for a request that wants one JSON response."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []

    async def write(self, data: bytes) -> None:
        """Add an event."""
        _, _, text = data.decode().partition("data: ")
        if text.strip() != "[DONE]":
            self._events.append(json.loads(text))

    def as_response(self, wire: Wire) -> dict[str, Any]:
        """Return the body of the response."""
        if wire == "responses":
            body: dict[str, Any] = self._events[-1]["response"]
            return body
        deltas = [each["choices"][0]["delta"] for each in self._events if each["choices"]]
        calls: dict[int, dict[str, Any]] = {}
        for part in [part for delta in deltas for part in delta.get("tool_calls", [])]:
            call = calls.setdefault(part["index"], part)
            if call is not part:
                call["function"]["arguments"] += part["function"]["arguments"]
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "".join(delta.get("content", "") for delta in deltas) or None,
        }
        if calls:
            message["tool_calls"] = list(calls.values())
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": "tool_calls" if calls else "stop",
        }
        return {**self._events[0], "object": "chat.completion", "choices": [choice]}
