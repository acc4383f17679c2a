"""The agent: stamps a card for each pot of tea; TODO_AGENT_FACTORY=club:create."""

import os
from typing import Any

from agents import Agent, FunctionTool, RunContextWrapper, function_tool
from stamps import StampCards

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext
from todochat.database import Database, create_engine


def stamp_tool(cards: StampCards) -> FunctionTool:
    """Return the tool that adds a stamp."""

    @function_tool
    async def add_stamp(context: RunContextWrapper[RunContext]) -> str:
        """Stamp the user's card after a pot of tea."""
        run = context.context
        # A call that a dying worker repeats has the same key: one stamp.
        count = await cards.add_stamp(run.user_id, run.call.idempotency_key)
        return f"The card has {count} of 10 stamps."

    return add_stamp


def create(environment: AgentEnvironment) -> Assistant:
    """Build the assistant; the worker keeps the connections to the club's schema."""
    engine = create_engine(os.environ["CLUB_POSTGRES_URL"], application_name="club-agent")
    agent: Agent[Any] = Agent(
        name="Tea club",
        instructions="Call add_stamp once for each pot of tea that the user reports.",
        model=environment.model,
        model_settings=environment.model_settings,
        tools=[stamp_tool(StampCards(Database(engine)))],
    )
    return Assistant(agent=agent)
