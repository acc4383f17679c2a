"""Limits of the journal for a turn's code, as docs/adopting/durability.md lists them."""

import asyncio
import threading
from typing import Any

import pytest
from agents import Agent, Runner, SQLiteSession
from run_kit import MakeScope
from runner_kit import Attempts, RespondingModel

from durable_chatkit import current_turn, step


@pytest.fixture
def attempts(make_scope: MakeScope) -> Attempts:
    """Attempts on the test's journal."""
    return Attempts(make_scope)


async def test_threads_without_the_context_lose_the_turn(attempts: Attempts) -> None:
    async def turn() -> list[bool]:
        seen = [current_turn()]
        thread = threading.Thread(target=lambda: seen.append(current_turn()))
        thread.start()
        thread.join()
        loop = asyncio.get_running_loop()
        seen.append(await loop.run_in_executor(None, current_turn))
        seen.append(await asyncio.to_thread(current_turn))
        return [each is not None for each in seen]

    assert await attempts.run(turn) == [True, False, False, True]


async def test_code_outside_of_the_sdk_runs_again(attempts: Attempts) -> None:
    requests: list[str] = []

    async def turn() -> None:
        requests.append("bare")
        await step("request", lambda: requests.append("step"))

    await attempts.run(turn)
    await attempts.run(turn)

    assert requests == ["bare", "step", "bare"]


async def test_equal_concurrent_calls_differ_by_their_order(attempts: Attempts) -> None:
    """The second attempt starts them in another order, so that each gets the other's answer."""
    numbers = iter(("one", "two"))
    agent = Agent(name="Clerk", model=RespondingModel(lambda _: [next(numbers)]))

    async def turn() -> dict[str, str]:
        names = ["left", "right"] if attempts.count == 1 else ["right", "left"]
        results = await asyncio.gather(*(Runner.run(agent, "a number") for _ in names))
        return {name: str(r.final_output) for name, r in zip(names, results, strict=True)}

    assert await attempts.run(turn) == {"left": "one", "right": "two"}
    assert await attempts.run(turn) == {"right": "one", "left": "two"}


async def test_other_instructions_are_no_mismatch(attempts: Attempts) -> None:
    model = RespondingModel(lambda _: ["hi"])

    async def turn() -> Any:
        agent = Agent(name="Clerk", model=model, instructions=f"It is {attempts.count} o'clock.")
        return (await Runner.run(agent, "hello")).final_output

    await attempts.run(turn)

    assert await attempts.run(turn) == "hi"
    assert model.calls == 1


async def test_session_of_the_sdk_makes_a_later_attempt_live(attempts: Attempts) -> None:
    """The session already has the message and the answer, so the input is another one."""
    session = SQLiteSession("thread")
    model = RespondingModel(lambda _: ["hi"])

    async def turn() -> None:
        await Runner.run(Agent(name="Clerk", model=model), "hello", session=session)

    await attempts.run(turn)
    await attempts.run(turn)

    assert model.calls == 2
    assert len(await session.get_items()) == 4
    session.close()
