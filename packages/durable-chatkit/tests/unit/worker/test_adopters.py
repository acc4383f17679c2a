"""A custom agent on the worker: TODO_AGENT_FACTORY."""

from typing import Any

import pytest
from agents import Agent, RunContextWrapper, StopAtTools, function_tool
from chatkit.agents import ClientToolCall
from chatkit.types import (
    CustomTask,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    Workflow,
    WorkflowItem,
)
from worker_kit import Chat, Register

from durable_chatkit.agent.call_scope import current_tool_call
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext
from todochat.clock import utc_now
from todochat.contracts.runs import AcceptedRun
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer

CALLS: list[str] = []


@function_tool
async def look_up(context: RunContextWrapper[RunContext], word: str) -> dict[str, str]:
    """Look a word up."""
    call = current_tool_call()
    assert call is not None
    CALLS.append(word)
    return {"key": call.idempotency_key, "for": context.context.user_id}


@function_tool
async def open_page(context: RunContextWrapper[RunContext], page: str) -> str:
    """Open a page in the browser."""
    CALLS.append(page)
    context.context.client_tool_call = ClientToolCall(name="open_page", arguments={"page": page})
    return "opened"


@function_tool
async def name_tenant(context: RunContextWrapper[RunContext]) -> str:
    """Name the tenant of the request."""
    CALLS.append(context.context.request_context.headers["x-tenant"])
    return "named"


@function_tool
async def broken() -> str:
    """Fail."""
    CALLS.append("broken")
    msg = "the dictionary is on fire"
    raise RuntimeError(msg)


def create_agent(environment: AgentEnvironment) -> Agent[Any]:
    return Agent(
        name="Dictionary",
        instructions="Explain words.",
        model=environment.model,
        tools=[look_up, open_page, name_tenant, broken],
        tool_use_behavior=StopAtTools(stop_at_tool_names=["open_page"]),
    )


@pytest.fixture(autouse=True)
def entry_point(register: Register) -> None:
    CALLS.clear()
    register(create_agent=create_agent)


async def test_custom_agent_answers_with_its_tools(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    model.answer(Call("look_up", {"word": "durable"}))
    model.answer(Call("broken"))
    model.answer(Say("It lasts."))
    await chat.start_worker(api=wire, factory="adopter:create_agent")

    run = await chat.ask("what is durable?")

    assert await chat.wait_for_end(run) == "completed"
    assert CALLS == ["durable", "broken"]
    assert "usr_ada" in str(model.requests[1].history)
    assert f"{run.run_id}:0:0" in str(model.requests[1].history)
    assert await chat.texts(run) == ["what is durable?", "It lasts."]


async def test_second_attempt_does_not_repeat_custom_tools(
    chat: Chat, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Call("look_up", {"word": "durable"}), Call("broken"))
    model.answer(Say("It", gate))
    model.answer(Say("It lasts."))
    first = await chat.start_worker(factory="adopter:create_agent")
    run = await chat.say_until(gate, "what is durable?")
    await wait_until(lambda: chat.has_text(run, "It"))

    await first.aclose(0)
    await chat.start_worker(factory="adopter:create_agent")

    assert await chat.wait_for_end(run) == "completed"
    assert sorted(CALLS) == ["broken", "durable"]
    assert model.requests[1].history == model.requests[2].history


async def test_client_tool_call_continues_with_the_browsers_output(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    for page in ("home", "about"):
        model.answer(Call("open_page", {"page": page}, call_id="call_0"))
        model.answer(Say(f"{page} is open."))
    await chat.start_worker(api=wire, factory="adopter:create_agent")
    run = await chat.ask("open the home page")
    await _answer_for_browser(chat, run)
    await chat.ask("and the other one", run.thread_id)

    last = await _answer_for_browser(chat, run)

    assert await chat.wait_for_end(last) == "completed"
    calls = [item for item in await chat.items(run) if item.type == "client_tool_call"]
    assert [call.arguments for call in calls] == [{"page": "home"}, {"page": "about"}]
    assert len({call.id for call in calls}) == 2
    assert (await chat.texts(run))[-1] == "about is open."
    assert str(model.requests[3].history).count('"shown"') == 2


async def _answer_for_browser(chat: Chat, run: AcceptedRun) -> Any:
    """Send the request that ChatKit sends after the page's `onClientTool`."""
    answered = await chat.request(
        {
            "type": "threads.add_client_tool_output",
            "params": {"thread_id": run.thread_id, "result": "shown"},
        }
    )
    await chat.wait_for_end(answered)
    return answered


async def test_cancel_removes_item_that_a_tool_left_open(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    gate = Gate()

    @function_tool
    async def work(context: RunContextWrapper[RunContext]) -> str:
        """Run for a long time."""
        run = context.context
        item = WorkflowItem(
            id=run.generate_id("workflow"),
            thread_id=run.thread.id,
            created_at=utc_now(),
            workflow=Workflow(type="custom", tasks=[CustomTask(title="Digging")]),
        )
        await run.stream(ThreadItemAddedEvent(item=item))
        await gate.pass_through()
        await run.stream(ThreadItemDoneEvent(item=item))
        return "done"

    agent = Agent(name="Worker", tools=[work])
    register(create_agent=lambda _: agent)
    model.answer(Call("work"))
    await chat.start_worker(factory="adopter:create_agent")
    run = await chat.say_until(gate, "dig")
    await wait_until(lambda: _has_started(chat, run))

    await chat.cancel(run)

    assert await chat.wait_for_end(run) == "cancelled"
    published = [event.type for event in await chat.events(run)]
    assert published[-3:] == ["thread.item.added", "thread.item.removed", "thread.updated"]
    assert "workflow" not in {item.type for item in await chat.items(run)}


async def _has_started(chat: Chat, run: AcceptedRun) -> bool:
    return any(event.type == "thread.item.added" for event in await chat.events(run))


async def test_tool_reads_forwarded_headers_of_the_request(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    model.answer(Call("name_tenant"))
    model.answer(Say("Done."))
    await chat.start_worker(api=wire, factory="adopter:create_agent")

    run = await chat.say("hi", headers={"x-tenant": "acme"})

    assert await chat.wait_for_end(run) == "completed"
    assert CALLS == ["acme"]
