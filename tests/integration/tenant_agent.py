"""An agent that reads a forwarded header; TODO_AGENT_FACTORY=tenant_agent:create."""

from typing import Any

from agents import Agent, RunContextWrapper, function_tool

from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext


@function_tool
async def name_tenant(context: RunContextWrapper[RunContext]) -> str:
    """Name the tenant of the request."""
    headers = context.context.request_context.headers
    return f"tenant {headers['x-tenant']}, {len(headers)} header"


def create(environment: AgentEnvironment) -> Agent[Any]:
    """Build the agent."""
    return Agent(
        name="Tenant",
        model=environment.model,
        model_settings=environment.model_settings,
        tools=[name_tenant],
    )
