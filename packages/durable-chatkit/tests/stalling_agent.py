"""An agent with a tool that blocks the event loop; TODO_AGENT_FACTORY=stalling_agent:create."""

import time

from agents import Agent, function_tool

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext


@function_tool
async def block() -> str:
    """Block the event loop for longer than any timeout."""
    time.sleep(600)  # noqa: ASYNC251 - on purpose
    return "done"


def create(environment: AgentEnvironment) -> Assistant:
    """Build the assistant."""
    agent: Agent[RunContext] = Agent(
        name="Blocker",
        instructions="Call block.",
        model=environment.model,
        model_settings=environment.model_settings,
        tools=[block],
    )
    return Assistant(agent=agent)
