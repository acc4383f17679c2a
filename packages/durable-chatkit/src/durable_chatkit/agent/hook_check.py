"""Checks at a worker's start that the SDK calls every hook of `durable_chatkit.agent.sdk_hooks`.

A version of the SDK that imports a function in another place would run code undurably and silently.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from agents import (
    Agent,
    GuardrailFunctionOutput,
    Model,
    ModelResponse,
    RunConfig,
    Runner,
    Usage,
    function_tool,
    input_guardrail,
)
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseOutputText,
)
from typing_extensions import override

from durable_chatkit.agent.sdk_hooks import SUPPORTED_VERSION, hook_calls, uncalled_hooks

_TOOL: Final = "check_tool"
_HANDOFF: Final = "transfer_to_second"
_CONFIG: Final = RunConfig(tracing_disabled=True)


async def check_hooks() -> None:
    """Check the hooks with a sample agent, with and without a stream.

    It runs outside of a turn, so that nothing is journaled.

    Raises:
        RuntimeError: the SDK doesn't call all of them, so runs would not be durable.
    """
    missed: set[str] = set()
    for is_streamed in (False, True):
        before = hook_calls()
        await _run_sample(is_streamed=is_streamed)
        missed.update(uncalled_hooks(before))
    # Each mode has its own function for guardrails.
    missed -= {name for name in missed if "guardrails" in name and hook_calls().get(name)}
    if missed:
        names = ", ".join(sorted(missed))
        msg = f"openai-agents doesn't call {names}; the supported version is {SUPPORTED_VERSION}"
        raise RuntimeError(msg)


async def _run_sample(*, is_streamed: bool) -> None:
    """Run an agent with a guardrail, a tool that needs approval, and a handoff."""

    # A docstring would load the parser of docstrings.
    @function_tool(name_override=_TOOL, needs_approval=True)
    def check_tool() -> str:
        return "done"

    @input_guardrail
    async def pass_all(*_: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=False)

    second = Agent(name="second", model=_SampleModel())
    first = Agent(
        name="first",
        model=_SampleModel(),
        tools=[check_tool],
        handoffs=[second],
        input_guardrails=[pass_all],
    )
    given: Any = "check"
    for _ in range(2):
        result: Any
        if is_streamed:
            result = Runner.run_streamed(first, given, run_config=_CONFIG)
            async for _event in result.stream_events():
                pass
        else:
            result = await Runner.run(first, given, run_config=_CONFIG)
        given = result.to_state()
        for item in result.interruptions:
            given.approve(item)


class _SampleModel(Model):
    """Calls the tool, then hands off, then answers."""

    @override
    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        item = _next_item(args[1] if len(args) > 1 else kwargs["input"])
        return ModelResponse(output=[item], usage=Usage(), response_id=None)

    @override
    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        item = _next_item(args[1] if len(args) > 1 else kwargs["input"])
        response = Response.model_construct(id="resp_check", output=[item], usage=None)
        yield ResponseCompletedEvent.model_construct(
            type="response.completed", response=response, sequence_number=0
        )


def _next_item(given: Any) -> ResponseOutputItem:
    outputs = sum(item.get("type") == "function_call_output" for item in given)
    if outputs < 2:
        name = (_TOOL, _HANDOFF)[outputs]
        return ResponseFunctionToolCall(
            type="function_call", call_id=f"call_{name}", name=name, arguments="{}"
        )
    text = ResponseOutputText(type="output_text", text="done", annotations=[])
    return ResponseOutputMessage(
        id="msg_check", type="message", role="assistant", status="completed", content=[text]
    )
