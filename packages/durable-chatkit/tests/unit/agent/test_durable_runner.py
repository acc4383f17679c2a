"""Runner calls of a turn's own code: journaled at any depth, replayed by the next attempt."""

import asyncio
import dataclasses
import json
import sys
from typing import Any, cast

import pytest
from agents import (
    Agent,
    FunctionTool,
    GuardrailFunctionOutput,
    InputGuardrail,
    InputGuardrailTripwireTriggered,
    Model,
    ModelSettings,
    RunConfig,
    RunContextWrapper,
    Runner,
    Tool,
    ToolOutputImage,
    function_tool,
    handoff,
)
from agents.mcp import MCPServerStdio
from prometheus_client import REGISTRY
from run_kit import RUN, MakeScope, MemoryJournal
from runner_kit import Attempts, Respond, RespondingModel, call, outputs_in

from durable_chatkit import current_turn, idempotency_key, step


@pytest.fixture
def attempts(make_scope: MakeScope) -> Attempts:
    """Attempts on the test's journal."""
    return Attempts(make_scope)


def mismatches() -> float:
    return REGISTRY.get_sample_value("todochat_replay_mismatches_total") or 0


class Keys:
    """A tool that records the idempotency key of each of its calls."""

    def __init__(self) -> None:
        self.seen: list[str] = []

        @function_tool(name_override="pay")
        async def pay(amount: int) -> str:
            """Pay."""
            self.seen.append(idempotency_key())
            return f"paid {amount}"

        self.tool: Tool = pay


def pays_once(amount: int, call_id: str = "call_0") -> Respond:
    """Call `pay` first, then report its outputs."""

    def respond(history: list[Any]) -> list[Any]:
        outputs = outputs_in(history)
        return [f"Done: {outputs[0]}"] if outputs else [call("pay", call_id, amount=amount)]

    return respond


def asks_once(history: list[Any]) -> list[Any]:
    """Call `ask` first, then return its output."""
    outputs = outputs_in(history)
    return [outputs[0]] if outputs else [call("ask", input="pay 2")]


async def text_of(agent: Agent[Any], prompt: str) -> str:
    return str((await Runner.run(agent, prompt)).final_output)


async def assert_replayed(attempts: Attempts, turn: Any, keys: Keys, *models: Model) -> Any:
    """Run two attempts; assert that the second one repeats nothing. Return the result."""
    before = mismatches()
    first = await attempts.run(turn)
    effects = keys.seen.copy()
    calls = [model.calls for model in models if isinstance(model, RespondingModel)]

    again = await attempts.run(turn)

    assert again == first
    assert keys.seen == effects
    assert len(set(effects)) == len(effects)
    assert [model.calls for model in models if isinstance(model, RespondingModel)] == calls
    assert mismatches() == before
    return first


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_second_attempt_repeats_no_answer_and_no_tool(
    attempts: Attempts, is_streamed: bool
) -> None:
    keys, model = Keys(), RespondingModel(pays_once(1))
    agent = Agent(name="Clerk", model=model, tools=[keys.tool])

    async def turn() -> str:
        if not is_streamed:
            return await text_of(agent, "pay 1")
        result = Runner.run_streamed(agent, "pay 1")
        async for _ in result.stream_events():
            pass
        return str(result.final_output)

    assert await assert_replayed(attempts, turn, keys, model) == "Done: paid 1"
    assert model.calls == 2


async def test_nested_calls_have_keys_of_their_own(attempts: Attempts) -> None:
    """Two agents as tools, called in parallel, each of which pays in its first answer."""
    keys = Keys()
    inner = RespondingModel(pays_once(5))

    def outer(history: list[Any]) -> list[Any]:
        if outputs := outputs_in(history):
            return [" and ".join(outputs)]
        return [call("one", "call_0", input="a"), call("two", "call_1", input="a")]

    clerks = [Agent(name=name, model=inner, tools=[keys.tool]) for name in ("One", "Two")]
    boss = Agent(
        name="Boss",
        model=RespondingModel(outer),
        tools=[clerk.as_tool(clerk.name.lower(), "A clerk") for clerk in clerks],
    )

    result = await assert_replayed(attempts, lambda: text_of(boss, "go"), keys, inner)

    assert result == "Done: paid 5 and Done: paid 5"
    assert len(keys.seen) == 2
    assert all(key.startswith(f"{RUN}:") for key in keys.seen)


async def test_racing_runner_calls_do_not_swap_steps(attempts: Attempts) -> None:
    """The order in which calls start differs between attempts."""
    keys = Keys()
    models = {amount: RespondingModel(pays_once(amount)) for amount in (1, 2)}

    async def pay(amount: int, delay: int) -> str:
        for _ in range(delay):
            await asyncio.sleep(0)
        agent = Agent(name="Clerk", model=models[amount], tools=[keys.tool])
        return await text_of(agent, f"pay {amount}")

    async def turn(delays: tuple[int, int]) -> list[str]:
        return list(await asyncio.gather(pay(1, delays[0]), pay(2, delays[1])))

    before = mismatches()
    first = await attempts.run(lambda: turn((0, 5)))
    again = await attempts.run(lambda: turn((5, 0)))

    assert first == again == ["Done: paid 1", "Done: paid 2"]
    assert len(keys.seen) == 2
    assert mismatches() == before


async def test_handoff_happens_once_and_the_agent_stays_the_same(attempts: Attempts) -> None:
    keys, handed = Keys(), []
    model = RespondingModel(pays_once(3, "call_1"))
    clerk = Agent(name="Clerk", model=model, tools=[keys.tool])

    def on_handoff(_: RunContextWrapper[Any]) -> None:
        handed.append(idempotency_key())

    def triage(_: list[Any]) -> list[Any]:
        return [call("transfer_to_clerk")]

    def respond(history: list[Any]) -> list[Any]:
        outputs = [each for each in outputs_in(history) if "assistant" not in each]
        return [f"Done: {outputs[0]}"] if outputs else [call("pay", "call_1", amount=3)]

    model.respond = respond
    desk = Agent(
        name="Desk",
        model=RespondingModel(triage),
        handoffs=[handoff(clerk, on_handoff=on_handoff)],
    )

    async def turn() -> str:
        result = await Runner.run(desk, "pay 3")
        assert result.last_agent is clerk
        return str(result.final_output)

    assert await assert_replayed(attempts, turn, keys, model) == "Done: paid 3"
    assert len(handed) == 1
    assert handed[0] not in keys.seen


async def test_recorded_answer_waits_for_the_guardrails(attempts: Attempts) -> None:
    """In the first attempt the answer came first; its tool must not run before the tripwire."""
    keys = Keys()
    release = asyncio.Event()

    async def check(*_: Any) -> GuardrailFunctionOutput:
        await release.wait()
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=True)

    def die(_: Any) -> Any:
        raise KeyboardInterrupt

    agent = Agent(
        name="Clerk",
        model=RespondingModel(pays_once(1)),
        tools=[keys.tool],
        input_guardrails=[InputGuardrail(guardrail_function=check)],
    )
    with pytest.MonkeyPatch.context() as patch:  # the worker dies between the answer and its tool
        patch.setattr("durable_chatkit.agent.call_scope.RunnerCall.open_tool", die)
        with pytest.raises(BaseException):  # noqa: B017, PT011 - a stand-in for the death
            await attempts.run(lambda: Runner.run(agent, "pay 1"))

    async def turn() -> None:
        asyncio.get_running_loop().call_later(0.05, release.set)
        await Runner.run(agent, "pay 1")

    with pytest.raises(InputGuardrailTripwireTriggered):
        await attempts.run(turn)

    assert keys.seen == []


async def test_guardrail_that_calls_a_model_is_journaled(attempts: Attempts) -> None:
    keys, judge = Keys(), RespondingModel(lambda _: ["fine"])
    model = RespondingModel(pays_once(1))

    async def check(*_: Any) -> GuardrailFunctionOutput:
        verdict = await Runner.run(Agent(name="Judge", model=judge), "is this fine?")
        return GuardrailFunctionOutput(None, verdict.final_output != "fine")

    agent = Agent(
        name="Clerk",
        model=model,
        tools=[keys.tool],
        input_guardrails=[InputGuardrail(guardrail_function=check)],
    )

    await assert_replayed(attempts, lambda: text_of(agent, "pay 1"), keys, model, judge)
    assert judge.calls == 1


async def test_changed_input_continues_live_under_a_new_path(
    attempts: Attempts, journal: MemoryJournal
) -> None:
    """A tool's output that isn't journaled as it was: here, another version of the agent."""
    keys, model = Keys(), RespondingModel(pays_once(1))
    agent = Agent(name="Clerk", model=model, tools=[keys.tool])

    async def turn() -> str:
        return await text_of(agent, "pay 1")

    before = mismatches()
    await attempts.run(turn)
    key = next(key for key in journal.steps if "/tool/" in key)
    tool_step = json.loads(journal.steps[key])
    journal.steps[key] = json.dumps({**tool_step, "output": "paid by another version"}).encode()

    changed = await attempts.run(turn)
    calls = model.calls
    third = await attempts.run(turn)

    assert changed == third == "Done: paid by another version"
    assert model.calls == calls == 3
    assert [key for key in journal.steps if "!1/answer/0001" in key]
    assert mismatches() == before + 2  # each attempt that met it


async def test_another_model_name_is_no_mismatch(attempts: Attempts) -> None:
    keys = Keys()
    models = [RespondingModel(pays_once(1)) for _ in range(2)]
    current = iter(models)

    async def turn() -> str:
        agent = Agent(name="Clerk", model=next(current), tools=[keys.tool])
        return await text_of(agent, "pay 1")

    before = mismatches()
    await attempts.run(turn)
    await attempts.run(turn)

    assert [model.calls for model in models] == [2, 0]
    assert mismatches() == before


async def test_recorded_runner_call_that_does_not_happen_again_is_a_mismatch(
    attempts: Attempts,
) -> None:
    model = RespondingModel(lambda _: ["hi"])

    async def turn(text: str) -> None:
        await Runner.run(Agent(name="Clerk", model=model), text)

    before = mismatches()
    await attempts.run(lambda: turn("it is 9:00"))
    await attempts.run(lambda: turn("it is 9:01"))

    assert mismatches() == before + 1


async def test_step_runs_once_and_keeps_its_result(attempts: Attempts) -> None:
    runs: list[str] = []

    def work() -> dict[str, Any]:
        runs.append(idempotency_key())
        return {"at": len(runs), "pair": (1, 2)}

    async def turn() -> list[Any]:
        return [await step("now", work), await step("now", work), await step("a/b", work)]

    first, again = await attempts.run(turn), await attempts.run(turn)

    assert first == again
    assert first[0] == {"at": 1, "pair": [1, 2]}
    assert len(set(runs)) == len(runs) == 3


async def test_step_rejects_a_result_that_json_cannot_represent(attempts: Attempts) -> None:
    with pytest.raises(TypeError, match="step 'x' returned object"):
        await attempts.run(lambda: step("x", object))


async def test_names_work_outside_of_a_turn() -> None:
    assert current_turn() is None
    assert await step("x", lambda: [1, 2]) == [1, 2]
    with pytest.raises(RuntimeError, match="inside a turn"):
        idempotency_key()


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_runner_call_in_a_tools_thread_is_journaled(
    attempts: Attempts, is_streamed: bool
) -> None:
    """`run_sync` has an event loop of its own; a nested agent may stream in it."""
    keys, inner, outer_model = Keys(), RespondingModel(pays_once(2)), RespondingModel(asks_once)
    clerk = Agent(name="Clerk", model=inner, tools=[keys.tool])

    async def ignore(_: Any) -> None:
        """Take an event of the stream."""

    asked = clerk
    if is_streamed:
        tool = clerk.as_tool("ask", "Ask the clerk", on_stream=ignore)
        asked = Agent(name="Assistant", model=outer_model, tools=[tool])

    @function_tool
    def ask() -> str:
        """Run an agent without an event loop."""
        try:
            return str(Runner.run_sync(asked, "pay 2").final_output)
        finally:  # the SDK keeps one open per thread
            asyncio.get_event_loop_policy().get_event_loop().close()

    boss = Agent(name="Boss", model=RespondingModel(asks_once), tools=[ask])

    async def turn() -> str:
        return await text_of(boss, "go")

    assert await assert_replayed(attempts, turn, keys, inner, outer_model) == "Done: paid 2"
    assert len(keys.seen) == 1


@dataclasses.dataclass
class Point:
    """An output that isn't JSON."""

    x: int


@pytest.mark.parametrize(
    "output",
    [
        "text",
        {"a": [1, 2]},
        ("a", 1),
        Point(1),
        b"bytes",
        None,
        2.5,
        ToolOutputImage(image_url="https://example.com/a.png"),
    ],
    ids=lambda output: type(output).__name__,
)
async def test_model_gets_the_same_text_of_a_replayed_output(
    attempts: Attempts, output: Any
) -> None:
    @function_tool
    def look() -> Any:
        """Return something."""
        return output

    seen: list[Any] = []

    def respond(history: list[Any]) -> list[Any]:
        outputs = outputs_in(history)
        seen.extend(outputs)
        return ["done"] if outputs else [call("look")]

    model = RespondingModel(respond)
    agent = Agent(name="Clerk", model=model, tools=[look])
    before = mismatches()

    for _ in range(2):
        await attempts.run(lambda: Runner.run(agent, "look"))

    assert mismatches() == before
    assert model.calls == 2


async def test_mcp_tool_is_called_once(attempts: Attempts, tmp_path: Any) -> None:
    server = tmp_path / "server.py"
    server.write_text(
        "from pathlib import Path\n"
        "from mcp.server.mcpserver import MCPServer\n"
        "server = MCPServer('till')\n"
        "@server.tool()\n"
        "def pay(amount: int) -> str:\n"
        f"    with Path({str(tmp_path / 'paid')!r}).open('a') as file:\n"
        "        file.write('x')\n"
        "    return f'paid {amount}'\n"
        "server.run()\n"
    )
    model = RespondingModel(
        lambda history: (
            [str(outputs_in(history)[0])[:4]] if outputs_in(history) else [call("pay", amount=4)]
        )
    )
    async with MCPServerStdio({"command": sys.executable, "args": [str(server)]}) as till:
        agent = Agent(name="Clerk", model=model, mcp_servers=[till], model_settings=ModelSettings())

        async def turn() -> str:
            return await text_of(agent, "pay 4")

        before = mismatches()
        assert await attempts.run(turn) == await attempts.run(turn)

    assert (tmp_path / "paid").read_text() == "x"
    assert mismatches() == before
    assert model.calls == 2


@pytest.mark.parametrize("is_nested", [False, True])
async def test_approved_call_runs_once(attempts: Attempts, is_nested: bool) -> None:
    """The call is made by one Runner call and executed by the next one, which resumes its state."""
    keys, model = Keys(), RespondingModel(pays_once(6))
    pay = cast("FunctionTool", keys.tool)
    clerk = Agent(name="Clerk", model=model, tools=[dataclasses.replace(pay, needs_approval=True)])
    agent = clerk
    if is_nested:
        tools: list[Tool] = [clerk.as_tool("ask", "Ask the clerk")]
        agent = Agent(name="Boss", model=RespondingModel(asks_once), tools=tools)

    async def turn() -> str:
        result = await Runner.run(agent, "pay 6")
        state = result.to_state()
        for item in result.interruptions:
            state.approve(item)
        return str((await Runner.run(agent, state)).final_output)

    assert await assert_replayed(attempts, turn, keys, model) == "Done: paid 6"
    assert len(keys.seen) == 1


@pytest.mark.parametrize("config", [None, {}, RunConfig(), RunConfig(workflow_name="Pay")])
@pytest.mark.parametrize("is_streamed", [False, True])
async def test_unknown_tool_is_reported_and_others_run(
    attempts: Attempts, config: Any, is_streamed: bool
) -> None:
    def respond(history: list[Any]) -> list[Any]:
        outputs = outputs_in(history)
        if outputs:
            return [" and ".join(sorted(outputs))]
        return [call("refund", "call_0"), call("pay", "call_1", amount=3)]

    keys = Keys()
    agent = Agent(name="A", model=RespondingModel(respond), tools=[keys.tool])

    async def turn() -> Any:
        if not is_streamed:
            return (await Runner.run(agent, "hi", run_config=config)).final_output
        result = Runner.run_streamed(agent, "hi", run_config=config)
        async for _ in result.stream_events():
            pass
        return result.final_output

    expected = "Tool 'refund' not found. and paid 3"
    assert [await attempts.run(turn), await attempts.run(turn)] == [expected, expected]
    assert len(keys.seen) == 1


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [('{"amount": 1', "aren't valid JSON"), ("[1]", "aren't a JSON object")],
)
async def test_model_gets_the_fault_in_the_form_of_its_arguments(
    attempts: Attempts, arguments: str, fault: str
) -> None:
    keys = Keys()

    def respond(history: list[Any]) -> list[Any]:
        malformed = call("pay").model_copy(update={"arguments": arguments})
        return [str(each) for each in outputs_in(history)] or [malformed]

    agent = Agent[Any](name="A", model=RespondingModel(respond), tools=[keys.tool])
    for _ in range(2):
        result = await attempts.run(lambda: Runner.run(agent, "go"))
        assert fault in result.final_output
    assert keys.seen == []
