"""Assistants of different shapes, for workers that are killed; their tools leave traces in files.

TODO_AGENT_FACTORY is `kill_shapes:<shape>`. The model's script is `kill_script`.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, cast

from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrail,
    RunContextWrapper,
    Runner,
    Tool,
    function_tool,
)
from agents.mcp import MCPServerStdio
from chatkit.agents import AgentContext, stream_agent_response
from chatkit.server import ChatKitServer
from chatkit.types import (
    ClientEffectEvent,
    CustomTask,
    ProgressUpdateEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
)
from chatkit.widgets import Card, Text
from own_server import say

from durable_chatkit import Assistant, idempotency_key, step
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext

EFFECTS: Final = "KILL_EFFECTS"


def effect(what: str) -> str:
    """Make a keyed effect, as a service that stores idempotency keys; log the request."""
    folder = Path(os.environ[EFFECTS])
    with (folder / "requests").open("a") as requests:
        requests.write(f"{what}\n")
    (folder / idempotency_key().replace(":", "-")).write_text(what)
    return f"paid {what}"


@function_tool
async def pay(what: str) -> str:
    """Pay."""
    return effect(what)


@function_tool
async def show(context: RunContextWrapper[RunContext], title: str) -> str:
    """Show a widget, a workflow that stays open, and an effect."""
    run = context.context
    await run.stream(ProgressUpdateEvent(text="Looking."))
    await run.add_workflow_task(CustomTask(title=f"Looked up {title}"))
    await run.stream_widget(Card(children=[Text(value=title)]))
    await run.add_workflow_task(CustomTask(title=f"Showed {title}"))
    await run.stream(ClientEffectEvent(name=f"shown-{title}"))
    return f"shown {title}"


def agent_of(environment: AgentEnvironment, name: str, **options: Any) -> Agent[Any]:
    return Agent(name=name, instructions=f"You are {name}.", model=environment.model, **options)


def one_agent(environment: AgentEnvironment) -> Assistant:
    return Assistant(agent=agent_of(environment, "One", tools=[pay, show]))


def cut_off(environment: AgentEnvironment) -> Assistant:
    return Assistant(agent=agent_of(environment, "Cut", tools=[pay]))


def as_tool(environment: AgentEnvironment) -> Assistant:
    clerk = agent_of(environment, "Clerk", tools=[pay, show])
    return Assistant(agent=agent_of(environment, "Boss", tools=[clerk.as_tool("clerk", "Pays")]))


def handoff(environment: AgentEnvironment) -> Assistant:
    clerk = agent_of(environment, "Clerk", tools=[pay, show])
    return Assistant(agent=agent_of(environment, "Desk", handoffs=[clerk]))


def _working(environment: AgentEnvironment, work: Any) -> Assistant:
    tool: Tool = function_tool(work, name_override="work", description_override="Work")
    return Assistant(agent=agent_of(environment, "Worker", tools=[tool]))


def three_runs(environment: AgentEnvironment) -> Assistant:
    async def work() -> str:
        said = []
        for name in ("first", "second", "third"):
            clerk = agent_of(environment, "Clerk", tools=[pay])
            said.append((await Runner.run(clerk, f"pay {name}")).final_output)
        return " ".join(said)

    return _working(environment, work)


def gathered(environment: AgentEnvironment) -> Assistant:
    async def work() -> str:
        clerk = agent_of(environment, "Clerk", tools=[pay])
        runs = (Runner.run(clerk, f"pay {name}") for name in ("left", "right"))
        return " ".join([each.final_output for each in await asyncio.gather(*runs)])

    return _working(environment, work)


def mcp_tool(environment: AgentEnvironment) -> Assistant:
    server = {"command": sys.executable, "args": [str(Path(__file__).with_name("kill_mcp.py"))]}
    server["env"] = {EFFECTS: os.environ[EFFECTS]}  # type: ignore[assignment]

    async def work() -> str:
        async with MCPServerStdio(server) as till:  # type: ignore[arg-type]
            clerk = agent_of(environment, "Clerk", mcp_servers=[till])
            return str((await Runner.run(clerk, "pay till")).final_output)

    return _working(environment, work)


def guarded(environment: AgentEnvironment, *, trips: bool = False) -> Assistant:
    async def check(*_: Any) -> GuardrailFunctionOutput:
        verdict = await Runner.run(agent_of(environment, "Judge"), "is this fine?")
        return GuardrailFunctionOutput(verdict.final_output, trips)

    guard = InputGuardrail(guardrail_function=check)
    agent = agent_of(environment, "One", tools=[pay, show], input_guardrails=[guard])
    return Assistant(agent=agent)


def tripped(environment: AgentEnvironment) -> Assistant:
    return guarded(environment, trips=True)


def steps(environment: AgentEnvironment) -> Assistant:
    async def work() -> str:
        first = await step("charge", lambda: effect("first"))
        second = await step("charge", lambda: effect("second"))
        return f"{first} {second}"

    return _working(environment, work)


class HostedServer(ChatKitServer[Any]):
    """Yields items, progress and effects of its own around those of its agent."""

    def __init__(self, agent: Agent[Any]) -> None:
        super().__init__(store=cast("Any", None))  # the worker sets the store
        self._agent = agent

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: Any
    ) -> AsyncIterator[ThreadStreamEvent]:
        yield ProgressUpdateEvent(text="Thinking.")
        yield say(self, thread, "Let me see.", context)
        run = AgentContext(thread=thread, store=self.store, request_context=context)
        result = Runner.run_streamed(self._agent, "go", context=run)
        async for event in stream_agent_response(run, result):
            yield event
        yield ClientEffectEvent(name="answered")
        yield say(self, thread, "Anything else?", context)

    async def action(
        self, thread: ThreadMetadata, action: Any, sender: WidgetItem | None, context: Any
    ) -> AsyncIterator[ThreadStreamEvent]:
        thread.metadata["clicks"] = thread.metadata.get("clicks", 0) + 1
        async for event in self.respond(thread, None, context):
            yield event
        yield say(self, thread, f"Click {thread.metadata['clicks']}.", context)


def hosted(environment: AgentEnvironment) -> ChatKitServer[Any]:
    return HostedServer(agent_of(environment, "One", tools=[pay, show]))


def clicked(environment: AgentEnvironment) -> ChatKitServer[Any]:
    return hosted(environment)
