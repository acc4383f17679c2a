"""A turn's own code outside of a worker: attempts on one journal, and a model without a server."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from agents import Model, ModelResponse, Usage, set_tracing_disabled
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseOutputText,
)
from run_kit import MakeScope

from durable_chatkit.agent.call_scope import CallScope, enter_scope
from durable_chatkit.agent.sdk_hooks import install

Answer = ResponseOutputItem | str
Respond = Callable[[list[Any]], list[Answer]]


def call(name: str, call_id: str = "call_0", **arguments: Any) -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall(
        type="function_call", call_id=call_id, name=name, arguments=json.dumps(arguments)
    )


def outputs_in(history: list[Any]) -> list[Any]:
    """Return the outputs of tools in a model's input."""
    return [item["output"] for item in history if item.get("type") == "function_call_output"]


class RespondingModel(Model):
    """Answers as a function of its input; counts the answers that it finished.

    A real server doesn't remember which answers it gave, so neither does this one.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.calls = 0

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        self.calls += 1
        output = self._answer(args[1] if len(args) > 1 else kwargs["input"])
        usage = Usage(requests=1, input_tokens=3, output_tokens=2, total_tokens=5)
        return ModelResponse(output=output, usage=usage, response_id="resp_0")

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        self.calls += 1
        output = self._answer(args[1] if len(args) > 1 else kwargs["input"])
        response = Response.model_construct(id="resp_0", output=output, usage=None, model="m")
        yield ResponseCompletedEvent.model_construct(
            type="response.completed", response=response, sequence_number=0
        )

    def _answer(self, history: Any) -> list[ResponseOutputItem]:
        given = [{"content": history}] if isinstance(history, str) else history
        return [_message(each) if isinstance(each, str) else each for each in self.respond(given)]


def _message(text: str) -> ResponseOutputMessage:
    part = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(
        id="msg_0", type="message", role="assistant", status="completed", content=[part]
    )


class Attempts:
    """Runs a turn's code again and again on one journal, as after takeovers."""

    def __init__(self, make_scope: MakeScope) -> None:
        self._make_scope = make_scope
        self.count = 0

    async def run(self, turn: Callable[[], Awaitable[Any]]) -> Any:
        """Run one attempt to its end; return the result of the turn's code."""
        install()
        set_tracing_disabled(disabled=True)
        self.count += 1
        self.scope = self._make_scope(attempt=self.count)
        with enter_scope(CallScope(self.scope)):
            result = await turn()
        self.scope.record_unclaimed()
        return result
