"""The todo assistant: the agent, and the binding of its tools to the SDK."""

import json
from typing import Any, Final, cast

from agents import Agent, FunctionTool
from agents.tool_context import ToolContext
from chatkit.types import ClientEffectEvent, ProgressUpdateEvent

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext
from todo_agent.card_actions import CardActions
from todo_agent.confirmations import ConfirmationCard
from todo_agent.instructions import instructions
from todo_agent.references import UnresolvedReferenceError
from todo_agent.settings import TodoAgentSettings
from todo_agent.tasks_client import TasksClient, may_have_arrived
from todo_agent.tool_arguments import (
    InvalidArgumentsError,
    parameters_schema,
    parse_arguments,
)
from todo_agent.tool_spec import ToolSpec
from todo_agent.tool_tasks import TASKS_CHANGED, AwaitsConfirmationError, ToolTasks
from todo_agent.tools import SPECS
from todochat.errors import ServiceError
from todochat.identity.service_tokens import Arrow

WAITING: Final = "waiting-for-confirmation"
# A plain failure makes models repeat the change in another way.
WAITS: Final = (
    "Not done yet: the user must confirm it first, on the card that appears below your answer or "
    "with a plain yes. Don't try another way; tell the user that a confirmation is needed."
)
MAYBE_DONE: Final = "It is unknown whether this was done. Check before you do it again."


def create_agent(environment: AgentEnvironment) -> Assistant:
    """Build the todo assistant; the default of TODO_AGENT_FACTORY."""
    settings = cast("TodoAgentSettings", environment.settings)
    client = TasksClient(
        environment.service_client(settings.tasks_url, Arrow.AGENT_TO_TASKS),
        budget_s=settings.tasks_retry_budget_s,
    )
    agent: Agent[RunContext] = Agent(
        name="Todo assistant",
        instructions=instructions,
        model=environment.model,
        model_settings=environment.model_settings,
        tools=[make_tool(spec, client) for spec in SPECS],
    )
    return Assistant(
        agent=agent, handle_action=CardActions(client), finish_turn=ConfirmationCard(client)
    )


def make_tool(spec: ToolSpec, client: TasksClient) -> FunctionTool:
    """Bind a tool to the SDK: it reports progress, changes run in order, errors become results."""

    async def invoke(context: ToolContext[RunContext], raw_arguments: str) -> str:
        run = context.context
        try:
            arguments = parse_arguments(raw_arguments, spec.arguments)
            await run.stream(ProgressUpdateEvent(text=spec.progress(arguments)))
            # In the order of the calls, so that new tasks are numbered in that order.
            async with run.write_lock:
                outcome = await spec.run(ToolTasks(client, run, run.call), arguments)
        except AwaitsConfirmationError:
            return _failure(WAITING, WAITS)
        except InvalidArgumentsError as error:
            return _failure("invalid-arguments", str(error))
        except UnresolvedReferenceError as error:
            return _failure(error.code, str(error), **error.members)
        except ServiceError as error:
            if spec.changes and may_have_arrived(error):
                return _failure(error.code, f"{error.detail} {MAYBE_DONE}", maybe_done=True)
            return _failure(error.code, error.detail)
        if outcome.widget is not None:
            await run.stream_widget(outcome.widget, copy_text=outcome.copy_text)
        if spec.changes:
            await run.stream(ClientEffectEvent(name=TASKS_CHANGED))
        return json.dumps(outcome.output, ensure_ascii=False)

    return FunctionTool(
        name=spec.name,
        description=spec.description,
        params_json_schema=parameters_schema(spec.arguments),
        on_invoke_tool=invoke,
    )


def _failure(code: str, detail: str, **members: Any) -> str:
    return json.dumps({"ok": False, "code": code, "error": detail, **members}, ensure_ascii=False)
