"""Measures what the durable runner adds to an agent's turn, in ratios to the SDK's own runner.

The turn has five streamed answers, four tool calls and 200 deltas. Model, tools and journal are
functions in this process, so the figures are the CPU time of the SDK and of the runner alone; a real
turn waits for a model and for PostgreSQL.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Collection
from typing import Any, Final

from agents import Agent, Model, ModelResponse, RunConfig, Runner, function_tool
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputItemAddedEvent,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseTextDeltaEvent,
)

from durable_chatkit.agent.call_scope import AssistantScope, enter_scope
from durable_chatkit.agent.run_scope import PublishedEvents, RunScope
from durable_chatkit.agent.sdk_hooks import install
from durable_chatkit.chatkit.context import IdScope
from durable_chatkit.storage.usage_repository import AnswerUsage

WARM_UP: Final = 20
ROUNDS: Final = 60
CALLS: Final = 4
DELTAS: Final = 200
HISTORY: Final = [{"role": "user", "content": "x" * 2000}] * 20


class Journal:
    """A journal in memory."""

    def __init__(self) -> None:
        self.steps: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.steps.get(key)

    def keys(self) -> Collection[str]:
        return self.steps.keys()

    def has_choice(self, name: str) -> bool:
        return False

    def note(self, key: str, payload: bytes) -> None:
        self.steps[key] = payload

    async def save(self, key: str, payload: bytes, usage: AnswerUsage | None = None) -> None:
        self.steps[key] = payload


class BenchModel(Model):
    """Calls a tool four times, then streams a text."""

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        raise NotImplementedError

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        outputs = sum(item.get("type") == "function_call_output" for item in args[1])
        item: Any
        if outputs < CALLS:
            call_id = f"call_{outputs}"
            item = ResponseFunctionToolCall(
                type="function_call", id="fc", call_id=call_id, name="work", arguments="{}"
            )
        else:
            part = ResponseOutputText(type="output_text", text="a" * DELTAS, annotations=[])
            item = ResponseOutputMessage(
                id="msg", type="message", role="assistant", status="completed", content=[part]
            )
            yield ResponseOutputItemAddedEvent(
                type="response.output_item.added", item=item, output_index=0, sequence_number=0
            )
            for number in range(DELTAS):
                yield ResponseTextDeltaEvent.model_construct(
                    type="response.output_text.delta",
                    item_id="msg",
                    output_index=0,
                    content_index=0,
                    delta="a",
                    logprobs=[],
                    sequence_number=number,
                )
        response = Response.model_construct(id="resp", output=[item], usage=None, model="bench")
        yield ResponseCompletedEvent.model_construct(
            type="response.completed", response=response, sequence_number=0
        )


@function_tool
async def work() -> str:
    """Work."""
    return "done"


AGENT: Final = Agent(name="Bench", model=BenchModel(), tools=[work])


async def turn() -> float:
    """Run a turn; return its seconds of CPU."""
    began = time.process_time()
    result = Runner.run_streamed(AGENT, HISTORY, run_config=RunConfig(tracing_disabled=True))  # type: ignore[arg-type]
    async for _ in result.stream_events():
        pass
    assert result.final_output == "a" * DELTAS
    return time.process_time() - began


async def durable_turn(journal: Journal) -> float:
    """Run a turn on a journal."""
    ids = IdScope("run_bench")
    scope = RunScope(
        run_id="run_bench", attempt=1, ids=ids, journal=journal, published=PublishedEvents()
    )
    with enter_scope(AssistantScope(scope)):
        return await turn()


async def measure() -> None:
    recorded = Journal()
    seconds: dict[str, list[float]] = {"SDK's runner (peer)": [], "outside of a turn": []}
    seconds |= {"durable": [], "replayed": []}
    for _ in range(WARM_UP):
        await turn()
    for _ in range(ROUNDS):
        seconds["SDK's runner (peer)"].append(await turn())
    install()
    await durable_turn(recorded)
    for _ in range(ROUNDS):
        seconds["outside of a turn"].append(await turn())
        seconds["durable"].append(await durable_turn(Journal()))
        seconds["replayed"].append(await durable_turn(recorded))
    unit = statistics.median(seconds["SDK's runner (peer)"])
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:<24} {median * 1000:6.2f} ms of CPU  {median / unit:5.2f} x")


if __name__ == "__main__":
    asyncio.run(measure())
