"""The todo assistant with one more tool, which the page runs: it knows the open customer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from agents import Agent, RunContextWrapper, StopAtTools, function_tool
from chatkit.agents import ClientToolCall

from durable_chatkit import Assistant
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext
from todo_agent.assistant import create_agent


@function_tool
async def get_open_customer(context: RunContextWrapper[RunContext]) -> str:
    """Get name, phone number and order of the customer on the user's page ("this customer")."""
    context.context.client_tool_call = ClientToolCall(name="get_open_customer", arguments={})
    return "The page will answer."


def create(environment: AgentEnvironment) -> Assistant:
    """Build the assistant; TODO_AGENT_FACTORY=crm:create."""
    todo = create_agent(environment)
    choose_todo_agent = cast("Callable[[RunContext], Agent[Any]]", todo.agent)

    def choose_agent(run: RunContext) -> Agent[Any]:
        agent = choose_todo_agent(run)
        return agent.clone(
            tools=[*agent.tools, get_open_customer],
            tool_use_behavior=StopAtTools(stop_at_tool_names=["get_open_customer"]),
        )

    return replace(todo, agent=choose_agent)
