"""Fixtures of the todo assistant's tests: its tools without a worker, and a worker that runs it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from agents.tool_context import ToolContext
from run_fixtures import *  # noqa: F403
from run_kit import MakeContext
from stand_in_kit import TasksStandIn
from tools_kit import Call
from worker_fixtures import *  # noqa: F403

from durable_chatkit.agent.call_scope import RunnerCall, ToolCallScope, enter_scope
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import CallPosition
from task_tools.specs import SPECS
from task_tools.tasks_client import TasksClient
from todo_agent.assistant import make_former_tools, make_tool
from todo_agent.settings import TodoAgentSettings
from todochat.http.client import ServiceClient
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.testing.model_server import Call as ModelCall
from todochat.testing.model_server import Say, ScriptedModelServer


@pytest_asyncio.fixture
async def client(tasks: TasksStandIn) -> AsyncIterator[TasksClient]:
    """A client of the fake tasks service, with a short retry budget."""
    settings = TodoAgentSettings(
        redis_url="redis://none",
        database_url="none",
        jobs_database_url="none",
        todochat_service_secret="s" * 32,
    )
    tokens = ServiceTokens.from_settings(settings, *Arrow)
    async with aiohttp.ClientSession() as session:
        http = ServiceClient(tasks.url, session, tokens, Arrow.AGENT_TO_TASKS, timeout_s=5)
        yield TasksClient(http, budget_s=1.5)


@pytest.fixture
def call(client: TasksClient, make_context: MakeContext) -> Call:
    """Call a tool as the model does; returns the parsed result."""
    present = [make_tool(spec, client) for spec in SPECS]
    tools = {tool.name: tool for tool in [*present, *make_former_tools(present)]}
    calls = iter(range(1000))

    async def do_call(
        name: str,
        context: RunContext | None = None,
        place: CallPosition | None = None,
        /,
        **arguments: Any,
    ) -> Any:
        context = context or make_context()
        tool_context: Any = ToolContext(
            context=context,
            tool_name=name,
            tool_call_id="call_1",
            tool_arguments=json.dumps(arguments),
        )
        position = place or CallPosition(0, next(calls))
        runner_call = RunnerCall(context.scope, "")
        tool = ToolCallScope(context.scope, position.key, runner_call, position)
        with enter_scope(tool):
            result = await tools[name].on_invoke_tool(tool_context, json.dumps(arguments))
        return json.loads(result)

    return do_call


@pytest_asyncio.fixture
async def listed(chat: Any, model: ScriptedModelServer, tasks: Any) -> Any:
    """A worker, and a thread with a list of two tasks."""
    tasks.add("milk")
    tasks.add("bread", priority="high")
    model.answer(ModelCall("find_tasks"))
    model.answer(Say("Here they are."))
    await chat.start_worker()
    return await chat.ask("what's open?")
