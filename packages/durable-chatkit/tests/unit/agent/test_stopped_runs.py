"""Runner calls of a turn that is stopped, or whose worker has lost the run."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from agents import Agent, ModelResponse, Runner, function_tool
from run_kit import MakeScope
from runner_kit import Attempts, RespondingModel, call, outputs_in

from durable_chatkit.agent.run_scope import RunStoppedError
from todochat.bus import RunLostError


@pytest.fixture
def attempts(make_scope: MakeScope) -> Attempts:
    """Attempts on the test's journal."""
    return Attempts(make_scope)


class EndlessModel(RespondingModel):
    """Never finishes an answer.

    Attributes:
        is_cancelled: the call was cancelled, so that its connection is closed.
    """

    def __init__(self) -> None:
        super().__init__(lambda _: [])
        self.started = asyncio.Event()
        self.is_cancelled = False

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        await self._wait()
        raise AssertionError

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        await self._wait()
        yield None

    async def _wait(self) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise


async def test_call_without_a_stream_ends_when_the_run_is_stopped(attempts: Attempts) -> None:
    model = EndlessModel()
    agent = Agent(name="Clerk", model=model)
    running = asyncio.ensure_future(attempts.run(lambda: Runner.run(agent, "go")))
    await model.started.wait()

    attempts.scope.stop()

    with pytest.raises(RunStoppedError):
        await running
    assert model.is_cancelled


async def test_streamed_call_ends_when_the_run_is_stopped(attempts: Attempts) -> None:
    model = EndlessModel()

    async def turn() -> None:
        result = Runner.run_streamed(Agent(name="Clerk", model=model), "go")
        async for _ in result.stream_events():
            pass

    running = asyncio.ensure_future(attempts.run(turn))
    await model.started.wait()

    attempts.scope.stop()

    async with asyncio.timeout(5):
        await running
    assert model.is_cancelled


async def test_nothing_starts_after_a_stop(attempts: Attempts) -> None:
    model = RespondingModel(lambda _: ["hi"])

    async def turn() -> None:
        attempts.scope.stop()
        await Runner.run(Agent(name="Clerk", model=model), "go")

    with pytest.raises(RunStoppedError):
        await attempts.run(turn)

    assert model.calls == 0


@pytest.mark.parametrize("error", [RunStoppedError(), RunLostError("run_1")])
@pytest.mark.parametrize("place", ["model", "tool"])
async def test_consumer_of_a_nested_stream_ends_with_the_run(
    attempts: Attempts, error: BaseException, place: str
) -> None:
    """These errors are BaseExceptions, which the SDK might not pass on to the stream."""

    def respond(history: list[Any]) -> list[Any]:
        if place == "model" and outputs_in(history):
            raise error
        return ["done"] if outputs_in(history) else [call("work")]

    @function_tool
    async def work() -> str:
        """Work."""
        await asyncio.sleep(0)
        if place == "tool":
            raise error
        return "done"

    async def turn() -> None:
        agent = Agent(name="Clerk", model=RespondingModel(respond), tools=[work])
        result = Runner.run_streamed(agent, "go")
        async for _ in result.stream_events():
            pass

    async with asyncio.timeout(5):
        with pytest.raises(type(error)):
            await attempts.run(turn)
