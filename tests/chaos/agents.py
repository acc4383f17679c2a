"""The entry points of chaos: the todo assistant, alone, behind other agents, and in a hosted server.

All of them make the calls that a turn's plan names, so that the checker applies to each. The other
two also send a keyed note to the model's server, once per turn, from a step inside nested agents.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Literal, cast, get_args

import aiohttp
from agents import Agent, RunConfig, Runner, Tool, function_tool
from chatkit.agents import ThreadItemConverter, stream_agent_response
from chatkit.server import ChatKitServer, stream_widget
from chatkit.types import (
    ProgressUpdateEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)
from chatkit.widgets import Card, Text

from durable_chatkit import Assistant, idempotency_key, step
from durable_chatkit.agent.call_scope import current_scope
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.hosting.context import find_link
from todo_agent.assistant import create_agent

Entry = Literal["todo", "nested", "hosted"]
ENTRIES: Final[tuple[Entry, ...]] = get_args(Entry)
FRONT: Final = "You are the front of chaos."
CLERK: Final = "You are the clerk of chaos."
# Calls that no plan names.
OTHER_TOOLS: Final = frozenset({"clerk", "note", "transfer_to_todo_assistant"})


def entry_of(seed: int) -> Entry:
    """Return the entry point that a seed runs on."""
    return ENTRIES[seed % len(ENTRIES)]


def todo(environment: AgentEnvironment) -> Assistant:
    """Build the todo assistant."""
    return create_agent(environment)


def nested(environment: AgentEnvironment) -> Assistant:
    """Build an assistant that uses an agent as a tool, then hands off to the todo agent."""
    assistant = create_agent(environment)
    return Assistant(
        agent=lambda run: _front(environment, _todo_agent(assistant, run)),
        handle_action=assistant.handle_action,
        finish_turn=assistant.finish_turn,
    )


def hosted(environment: AgentEnvironment) -> ChatKitServer[Any]:
    """Build a server of an adopter's that streams these agents."""
    return ChaosServer(environment)


class ChaosServer(ChatKitServer[Any]):
    """Yields events of its own before those of the agents."""

    def __init__(self, environment: AgentEnvironment) -> None:
        super().__init__(store=cast("Any", None))  # the worker sets the store
        self._environment = environment
        self._assistant = create_agent(environment)

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: Any
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Stream a widget, then the agents."""
        yield ProgressUpdateEvent(text="Working.")
        async for event in stream_widget(
            thread,
            Card(children=[Text(value="Working.")]),
            generate_id=lambda kind: self.store.generate_item_id(kind, thread, context),
        ):
            yield event
        scope = current_scope()
        assert scope is not None
        assert input_user_message is not None
        # The tools of the todo agent need this context, which no adopter has.
        run = RunContext(
            thread=thread,
            store=cast("Any", self.store),
            request_context=find_link(context).request,
            scope=scope.scope,
            message=input_user_message,
            turn_id=input_user_message.id,
        )
        page = await self.store.load_thread_items(thread.id, None, 20, "desc", context)
        given = await ThreadItemConverter().to_agent_input(
            [item for item in reversed(page.data) if item.type.endswith("_message")]
        )
        config = RunConfig(tracing_disabled=True)
        agent = _front(self._environment, _todo_agent(self._assistant, run))
        result = Runner.run_streamed(agent, given, context=run, run_config=config)
        async for streamed in stream_agent_response(run, result):
            yield streamed


def _todo_agent(assistant: Assistant, run: RunContext) -> Agent[RunContext]:
    """Return the todo agent of a run: the assistant chooses it per run."""
    choose_agent = cast("Callable[[RunContext], Agent[RunContext]]", assistant.agent)
    return choose_agent(run)


def _front(environment: AgentEnvironment, todo_agent: Agent[RunContext]) -> Agent[RunContext]:
    notes = f"{environment.settings.model_server_url}/notes"

    @function_tool
    async def note(turn: str) -> str:
        """Send a note with a key, as a service with idempotency keys would store it."""

        async def send() -> str:
            body = {"turn": turn, "key": idempotency_key()}
            async with aiohttp.ClientSession() as session, session.post(notes, json=body) as sent:
                sent.raise_for_status()
            return "noted"

        return await step("note", send)

    clerk: Tool = Agent[RunContext](
        name="Clerk", instructions=CLERK, model=environment.model, tools=[note]
    ).as_tool("clerk", "Notes a turn")
    return Agent(
        name="Front",
        instructions=FRONT,
        model=environment.model,
        tools=[clerk],
        handoffs=[todo_agent],
    )
