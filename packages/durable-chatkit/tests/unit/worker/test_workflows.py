"""An exported workflow, unchanged, as the entry point: what viewers see while and after it runs."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from agents import Agent, GuardrailFunctionOutput, Runner, output_guardrail
from crash_kit import Crash, take_over
from pydantic import BaseModel
from worker_kit import Chat, Register, deltas

from durable_chatkit.agent.assistant import from_workflow
from durable_chatkit.agent.run_context import RunContext
from todochat.contracts.runs import AcceptedRun
from todochat.testing import wait_until
from todochat.testing.model_server import (
    Gate,
    ModelRequest,
    Say,
    ScriptedModelServer,
    ScriptedResponse,
    Think,
)

EXAMPLE: Final = Path(__file__).parents[5] / "examples/exported-workflow"
FACTORY: Final = "returns:run_workflow"
REGISTERED: Final = "adopter:run_workflow"
QUESTION: Final = Say('{"category":', '"question"}')


class WorkflowInput(BaseModel):
    input_as_text: str


class Category(BaseModel):
    category: str


@pytest.fixture(autouse=True)
def example(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the example's module importable."""
    monkeypatch.syspath_prepend(EXAMPLE)


async def visible(chat: Chat, run: AcceptedRun) -> list[str]:
    """Return the answers that a viewer sees now, with the text so far."""
    texts: dict[str, str] = {}
    for event in await chat.events(run):
        match event.type:
            case "thread.item.added" if event.item.type == "assistant_message":
                texts[event.item.id] = ""
            case "thread.item.updated":
                texts[event.item_id] += getattr(event.update, "delta", "")
            case "thread.item.done" if event.item.type == "assistant_message":
                texts[event.item.id] = event.item.content[0].text
            case "thread.item.removed":
                texts.pop(event.item_id, None)
            case _:
                pass
    return list(texts.values())


async def sees(chat: Chat, run: AcceptedRun, *texts: str) -> bool:
    return await visible(chat, run) == list(texts)


async def test_last_agent_streams_and_its_answer_stays(
    chat: Chat, model: ScriptedModelServer
) -> None:
    drafting, answering = Gate(), Gate()
    model.answer(QUESTION)
    model.answer(Say("A dra", drafting, "ft."))
    model.answer(Say("An ans", answering, "wer."))
    await chat.start_worker(factory=FACTORY)

    run = await chat.say_until(drafting, "why?")
    await wait_until(lambda: sees(chat, run, "A dra"))
    drafting.open()
    await answering.wait_reached()
    await wait_until(lambda: sees(chat, run, "An ans"))
    answering.open()

    assert await chat.wait_for_end(run) == "completed"
    assert await visible(chat, run) == ["An answer."]
    assert await chat.texts(run) == ["why?", "An answer."]
    assert "category" not in "".join(deltas(await chat.events(run)))
    models = [request.body["model"] for request in model.requests]
    assert models == ["gpt-4.1-mini", "gpt-5-mini", "gpt-4.1"]
    assert "A draft." in str(model.requests[2].history)


async def test_reasoning_of_each_agent_is_an_item_of_its_own(
    chat: Chat, model: ScriptedModelServer
) -> None:
    model.answer(Think("It is a question."), QUESTION)
    model.answer(Think("I draft."), Say("A draft."))
    model.answer(Think("I improve."), Say("An answer."))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("why?")

    items = await chat.items(run)
    assert [item.type for item in items] == ["user_message", *["workflow"] * 3, "assistant_message"]
    thoughts = [item.workflow.tasks[0].content for item in items[1:4]]
    assert thoughts == ["It is a question.", "I draft.", "I improve."]
    assert all(item.workflow.summary is not None for item in items[1:4])


@pytest.mark.filterwarnings("ignore:The `json` method is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("result", "shown"),
    [
        # Exports call pydantic's old `json()`.
        (lambda out: {"output_text": out.json(), "output_parsed": out.model_dump()}, "order"),
        (
            lambda _: {"pii": {"failed": False}, "jailbreak": {"failed": True}},
            "I can't help with that.",
        ),
        (lambda _: {"output_text": "I only answer questions."}, "I only answer questions."),
    ],
    ids=["structured", "guardrails", "text"],
)
async def test_result_without_an_agents_text_is_shown(
    chat: Chat,
    model: ScriptedModelServer,
    register: Register,
    result: Callable[[Any], Any],
    shown: str,
) -> None:
    classify = Agent[Any](name="Classify", output_type=Category)

    async def run_workflow(workflow_input: WorkflowInput) -> Any:
        return result((await Runner.run(classify, workflow_input.input_as_text)).final_output)

    register(run_workflow=run_workflow)
    model.answer(Say('{"category":"order"}'))
    await chat.start_worker(factory=REGISTERED)

    run = await chat.ask("tea, please")

    assert await chat.wait_for_end(run) == "completed"
    assert await chat.texts(run) == ["tea, please", shown]


async def test_agents_get_the_earlier_turns(chat: Chat, model: ScriptedModelServer) -> None:
    model.answer(Say('{"category":"other"}'))
    for part in (QUESTION, Say("Draft"), Say("Ada")):
        model.answer(part)
    await chat.start_worker(factory=FACTORY)
    run = await chat.ask("I am Ada")

    await chat.ask("who am I?", run.thread_id)

    assert (await chat.texts(run))[-1] == "Ada"
    history = str(model.requests[3].history)
    assert (
        history.index("I am Ada")
        < history.index("This is the return desk.")
        < history.index("who am I?")
    )
    assert history.index("who am I?") < history.index("Draft")
    assert history.count("who am I?") == 1


async def test_takeover_repeats_no_finished_answer(chat: Chat, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(QUESTION)
    model.answer(Say("A draft."))
    model.answer(Say("An", gate))
    model.answer(Say("An answer."))
    first = await chat.start_worker(factory=FACTORY)
    run = await chat.say_until(gate, "why?")
    await wait_until(lambda: sees(chat, run, "An"))

    await first.aclose(0)
    await chat.start_worker(factory=FACTORY)

    assert await chat.wait_for_end(run) == "completed"
    assert await visible(chat, run) == ["An answer."]
    assert await chat.texts(run) == ["why?", "An answer."]
    assert len(model.requests) == 4
    assert model.requests[2].body["input"] == model.requests[3].body["input"]


async def test_result_is_the_same_after_a_crash_at_any_point(
    chat: Chat, model: ScriptedModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = Crash(monkeypatch)
    worker = await chat.start_worker(factory=FACTORY)
    answers = {
        "gpt-4.1-mini": QUESTION,
        "gpt-5-mini": Say("A ", "draft."),
        "gpt-4.1": Say("An ", "answer."),
    }
    model.otherwise = lambda request: ScriptedResponse((answers[request.body["model"]],))

    async def drive(at: int | None) -> list[str]:
        crash.arm(at)
        model.requests.clear()
        run = await chat.say("why?")
        if at is not None:
            await wait_until(lambda: crash.has_happened and not worker.active, 30)
            await take_over(chat, run)
        assert await chat.wait_for_end(run) == "completed"
        assert await visible(chat, run) == ["An answer."], (at, crash.passages)
        assert await chat.texts(run) == ["why?", "An answer."], (at, crash.passages)
        return [request.body["model"] for request in model.requests]

    assert await drive(None) == list(answers)
    points = list(crash.passages)

    for at, name in enumerate(points):
        if min(points[:at].count(name), points[at + 1 :].count(name)) > 1:
            continue  # the first and last two passages of each point, to save time
        # Only the answer in progress, if any, is requested again.
        assert len(await drive(at)) <= len(answers) + 1


async def test_takeover_between_two_agents_continues_with_the_second(
    chat: Chat, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(QUESTION)
    model.answer(Say("A draft."))
    model.answer(gate)
    model.answer(Say("An answer."))
    first = await chat.start_worker(factory=FACTORY)
    run = await chat.say_until(gate, "why?")
    await wait_until(lambda: sees(chat, run, "A draft."))  # complete, but not finished

    await first.aclose(0)
    await chat.start_worker(factory=FACTORY)

    assert await chat.wait_for_end(run) == "completed"
    assert await visible(chat, run) == ["An answer."]
    assert await chat.texts(run) == ["why?", "An answer."]


async def test_cancel_keeps_the_text_so_far(chat: Chat, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(QUESTION)
    model.answer(Say("A dra", gate, "ft."))
    await chat.start_worker(factory=FACTORY)
    run = await chat.say_until(gate, "why?")
    await wait_until(lambda: sees(chat, run, "A dra"))

    await chat.cancel(run)

    assert await chat.wait_for_end(run) == "cancelled"
    assert await chat.texts(run) == ["why?", "A dra"]
    await wait_until(lambda: model.requests[1].closed_by_client)


async def test_failing_model_ends_the_run_with_an_error(
    chat: Chat, model: ScriptedModelServer
) -> None:
    model.answer(QUESTION)
    model.fail(400)
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("why?")

    assert await chat.wait_for_end(run) == "failed"
    assert (await chat.row(run))["error"] == "model-refused"


async def test_side_by_side_runs_leave_only_the_result(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    one, two = Agent[Any](name="One", model="one"), Agent[Any](name="Two", model="two")

    async def run_workflow(workflow_input: WorkflowInput) -> dict[str, Any]:
        results = await asyncio.gather(
            Runner.run(one, workflow_input.input_as_text),
            Runner.run(two, workflow_input.input_as_text),
        )
        return {"output_text": results[1].final_output_as(str)}

    def answer(request: ModelRequest) -> ScriptedResponse:
        return ScriptedResponse(parts=(Say(f"From {request.body['model']}"),))

    model.otherwise = answer
    register(run_workflow=run_workflow)
    await chat.start_worker(factory=REGISTERED)

    run = await chat.ask("hi")

    assert await visible(chat, run) == ["From two"]
    assert await chat.texts(run) == ["hi", "From two"]


async def test_state_of_a_workflow_is_kept_for_the_next_turn(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    async def run_workflow(workflow_input: Any, state: dict[str, Any]) -> dict[str, Any]:
        visits = state.get("visits", 0) + 1
        return {"output_text": f"Visit {visits}.", "state": {"visits": visits}}

    register(run_workflow=run_workflow)
    await chat.start_worker(factory=REGISTERED)

    run = await chat.ask("hi")
    await chat.ask("hi", run.thread_id)

    assert await chat.texts(run) == ["hi", "Visit 1.", "hi", "Visit 2."]
    assert model.requests == []


async def test_state_changes_once_when_a_worker_dies(
    chat: Chat, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run_workflow(workflow_input: Any, state: dict[str, Any]) -> dict[str, Any]:
        visits = state.get("visits", 0) + 1
        return {"output_text": f"Visit {visits}.", "state": {"visits": visits}}

    register(run_workflow=run_workflow)
    crash = Crash(monkeypatch)
    worker = await chat.start_worker(factory=REGISTERED)

    async def drive(at: int | None) -> None:
        crash.arm(at)
        run = await chat.say("hi")
        if at is not None:
            await wait_until(lambda: crash.has_happened and not worker.active, 30)
            await take_over(chat, run)
        assert await chat.wait_for_end(run) == "completed"
        assert await chat.texts(run) == ["hi", "Visit 1."], (at, crash.passages)
        thread = await chat.store.load_thread(run.thread_id, chat.context)
        assert thread.metadata["state"] == {"visits": 1}, (at, crash.passages)

    await drive(None)
    for at in range(len(crash.passages)):
        await drive(at)


async def test_tripwire_of_a_later_agent_removes_what_was_shown(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    @output_guardrail
    async def refuse(_context: Any, _agent: Any, _output: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=True)

    writer = Agent[Any](name="Writer")
    checker = Agent[Any](name="Checker", output_guardrails=[refuse])

    async def run_workflow(workflow_input: WorkflowInput) -> str:
        draft = await Runner.run(writer, workflow_input.input_as_text)
        return (await Runner.run(checker, draft.final_output_as(str))).final_output_as(str)

    model.answer(Say("A draft."))
    model.answer(Say("A verdict."))
    register(run_workflow=run_workflow)
    await chat.start_worker(factory=REGISTERED)

    run = await chat.ask("hi")

    assert await chat.wait_for_end(run) == "completed"
    assert await visible(chat, run) == ["I can't help with that."]
    assert await chat.texts(run) == ["hi", "I can't help with that."]


async def test_title_agent_of_a_workflow_is_not_shown(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    namer = Agent[Any](name="Namer", model="namer")
    writer = Agent[Any](name="Writer", model="writer")

    async def make_title(_message: Any) -> str:
        return (await Runner.run(namer, "Name it.")).final_output_as(str)

    async def run_workflow(workflow_input: WorkflowInput) -> None:
        await Runner.run(writer, workflow_input.input_as_text)

    register(run_workflow=from_workflow(run_workflow, title_of=make_title))
    model.otherwise = lambda request: ScriptedResponse(parts=(Say(request.body["model"]),))
    await chat.start_worker(factory=REGISTERED)

    run = await chat.ask("hi")

    assert await visible(chat, run) == ["writer"]
    assert (await chat.store.load_thread(run.thread_id, chat.context)).title == "namer"


async def test_function_of_the_turn_and_workflow_get_the_users_context(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    class Input(WorkflowInput):
        tenant: str

    def fill(run: RunContext) -> dict[str, Any]:
        return {"tenant": run.user_id}

    async def run_workflow(workflow_input: Input) -> str:
        return workflow_input.tenant

    register(run_workflow=from_workflow(run_workflow, fields=fill))
    await chat.start_worker(factory=REGISTERED)

    assert (await chat.texts(await chat.ask("hi")))[1] == "usr_ada"
