"""The agent this product comes with."""

import json
from typing import Any, Final, cast

from agents import Agent, FunctionTool
from agents.tool_context import ToolContext
from chatkit.types import ClientEffectEvent, ProgressUpdateEvent

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext
from todo_agent.instructions import instructions
from todo_agent.references import UnclearReferenceError
from todo_agent.settings import TodoAgentSettings
from todo_agent.tasks_client import TasksClient, may_have_arrived
from todo_agent.todo_actions import TodoActions
from todo_agent.todo_confirming import PendingQuestion
from todo_agent.todo_tools import SPECS
from todo_agent.tool_arguments import (
    InvalidArgumentsError,
    parameters_schema,
    parse_arguments,
)
from todo_agent.tool_spec import Outcome, ToolSpec
from todo_agent.tool_tasks import TASKS_CHANGED, HeldError, ToolTasks
from todochat.errors import ServiceError
from todochat.identity.service_tokens import Arrow

WAITING: Final = "waiting-for-confirmation"
# Told of a plain failure, a model makes the change again, under another key.
WAITS: Final = (
    "Not done yet: it waits until the person confirms it on the card that comes under your answer, "
    "or answers with a plain yes. Don't try it another way; tell the person that it waits."
)
MAYBE_DONE: Final = "Nobody knows whether this was done or not: look before you do it again."


def create_agent(environment: AgentEnvironment) -> Assistant:
    """Build the todo assistant; the default of TODO_AGENT_FACTORY."""
    settings = cast("TodoAgentSettings", environment.settings)
    tasks = TasksClient(
        environment.service_client(settings.tasks_url, Arrow.AGENT_TO_TASKS),
        budget_s=settings.tasks_retry_budget_s,
    )
    agent: Agent[RunContext] = Agent(
        name="Todo assistant",
        instructions=instructions,
        model=environment.model,
        model_settings=environment.model_settings,
        tools=[make_tool(spec, tasks) for spec in SPECS],
    )
    return Assistant(
        agent=agent, handle_action=TodoActions(tasks), finish_turn=PendingQuestion(tasks)
    )


def make_tool(spec: ToolSpec, tasks: TasksClient) -> FunctionTool:
    """Bind a tool to the SDK: progress, one change at a time, errors as results."""

    async def invoke(context: ToolContext[RunContext], arguments: str) -> str:
        run = context.context
        try:
            asked = parse_arguments(arguments, spec.arguments)
            await run.stream(ProgressUpdateEvent(text=spec.progress(asked)))
            # In the order of the calls, so that tasks get their numbers in the order they were said.
            async with run.write_lock:
                outcome = await spec.run(ToolTasks(tasks, run, run.call), asked)
        except HeldError:
            return _failure(WAITING, WAITS)
        except InvalidArgumentsError as error:
            return _failure("invalid-arguments", str(error))
        except UnclearReferenceError as error:
            return _failure(error.code, str(error), **error.members)
        except ServiceError as error:
            if spec.changes and may_have_arrived(error):
                return _failure(error.code, f"{error.detail} {MAYBE_DONE}", maybe_done=True)
            return _failure(error.code, error.detail)
        await _show(run, spec, outcome)
        return json.dumps(outcome.output, ensure_ascii=False)

    return FunctionTool(
        name=spec.name,
        description=spec.description,
        params_json_schema=parameters_schema(spec.arguments),
        on_invoke_tool=invoke,
    )


async def _show(run: RunContext, spec: ToolSpec, outcome: Outcome) -> None:
    if outcome.widget is not None:
        await run.stream_widget(outcome.widget, copy_text=outcome.copy_text)
    if spec.changes:
        await run.stream(ClientEffectEvent(name=TASKS_CHANGED))


def _failure(code: str, detail: str, **members: Any) -> str:
    return json.dumps({"ok": False, "code": code, "error": detail, **members}, ensure_ascii=False)
