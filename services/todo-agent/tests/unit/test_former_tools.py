"""Runs that the previous version began are finished by this one, though its tools have other names."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from stand_in_kit import TasksStandIn
from tools_kit import Call
from worker_kit import Chat, Register

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.factory import AgentEnvironment
from todo_agent import assistant
from todo_agent.former_tools import FORMER_TOOLS
from todochat.testing.model_server import Call as ModelCall
from todochat.testing.model_server import Gate, Say, ScriptedModelServer


@pytest.mark.parametrize(
    ("name", "arguments", "effect"),
    [
        ("complete_task", {"task": "2"}, ("PATCH", 2, {"completed": True})),
        ("update_task", {"task": 2, "title": "b2", "list": None}, ("PATCH", 2, {"title": "b2"})),
        ("update_task", {"task": 2, "tags": ["x"]}, ("PATCH", 2, {"tags": ["x"]})),
        ("delete_task", {"task": "#2"}, ("DELETE", 2, None)),
    ],
)
async def test_former_call_has_its_effect(
    call: Call, tasks: TasksStandIn, name: str, arguments: Any, effect: tuple[str, int, Any]
) -> None:
    tasks.add("a")
    tasks.add("b")

    result = await call(name, **arguments)

    method, number, body = effect
    assert result["ok"]
    assert tasks.effects == [(method, f"/tasks/tsk_{number:026d}", body)]


async def test_former_search_becomes_a_filter(call: Call, tasks: TasksStandIn) -> None:
    await call("list_tasks", status="all", due_to="2026-11-30", overdue=False, list="Home")

    assert tasks.requests[0].query["filter"] == (
        '(status = open | status = completed) & list = "Home" & due <= 2026-11-30 & !overdue'
    )


async def test_former_list_tools_work(call: Call, tasks: TasksStandIn) -> None:
    made = await call("create_list", name="Garden")
    listed = await call("list_lists")

    assert made["list"]["name"] == "Garden"
    assert len(listed["lists"]) == 2


async def test_deletion_that_asked_still_asks(call: Call, tasks: TasksStandIn) -> None:
    tasks.add("a")

    result = await call("ask_to_delete", tasks=[1])

    assert result["code"] == "waiting-for-confirmation"
    assert tasks.titles == ["a"]


def as_it_was(environment: AgentEnvironment) -> Assistant:
    """Return the assistant with the former tools in each attempt, as the previous version had."""
    present = assistant.create_agent(environment)
    choose: Callable[[Any], Any] = present.agent  # type: ignore[assignment]

    def choose_former(run: Any) -> Any:
        agent = choose(run)
        names = {tool.name for tool in agent.tools}
        former = assistant.make_former_tools(list(agent.tools))
        return agent.clone(tools=[*agent.tools, *(t for t in former if t.name not in names)])

    return Assistant(agent=choose_former, finish_turn=present.finish_turn)


async def test_call_of_the_previous_version_is_finished_after_the_upgrade(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, register: Register
) -> None:
    register(former=as_it_was)
    tasks.add("milk")
    tasks.before_answer = Gate()
    model.answer(ModelCall("list_tasks"), ModelCall("complete_task", {"task": "milk"}))
    model.answer(Say("Done."))
    old = await chat.start_worker(factory="adopter:former")
    run = await chat.say_until(tasks.before_answer, "milk is done")
    await old.aclose(0)
    tasks.before_answer = None

    await chat.start_worker()

    assert await chat.wait_for_end(run) == "completed"
    outputs = [
        json.loads(item["output"])
        for item in model.requests[-1].history
        if item.get("type") == "function_call_output"
    ]
    assert [output["ok"] for output in outputs] == [True, True]
    assert outputs[1]["tasks"][0]["completed"]
    assert len(tasks.keys) == 2
    assert len({*tasks.keys}) == 1


async def test_no_model_is_offered_the_former_tools(chat: Chat, model: ScriptedModelServer) -> None:
    model.answer(Say("Hello."))
    await chat.start_worker()

    await chat.ask("hi")

    offered = {tool["name"] for tool in model.requests[0].body["tools"]}
    assert len(offered) == 12
    assert not offered & FORMER_TOOLS.keys()
