"""The todo assistant: the agent, and the binding of its tools to the SDK."""

import json
from collections.abc import Callable
from copy import copy
from typing import Any, Final, cast

import msgspec
from agents import Agent, FunctionTool
from agents.tool_context import ToolContext
from chatkit.types import ClientEffectEvent, ProgressUpdateEvent

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext
from task_tools.arguments import InvalidArgumentsError, parameters_schema, parse_arguments
from task_tools.execution import FAILURES, failure, failure_of
from task_tools.specs import SPECS
from task_tools.tasks_client import TasksClient
from task_tools.tool_spec import ToolOutcome, ToolSpec
from todo_agent.card_actions import CardActions
from todo_agent.confirmations import TurnEnd
from todo_agent.former_tools import FORMER_TOOLS, present_arguments
from todo_agent.instructions import instructions
from todo_agent.run_tasks import TASKS_CHANGED, open_tasks
from todo_agent.settings import TodoAgentSettings
from todo_agent.tool_views import show
from todochat.identity.service_tokens import Arrow

# The text for the user while a tool runs.
PROGRESS: Final[dict[str, Callable[[Any], str]]] = {
    "add_task": lambda arguments: f"Adding “{arguments.title}”…",
    "find_tasks": lambda _: "Looking at your tasks…",
    "change_tasks": lambda _: "Changing tasks…",
    "delete_tasks": lambda _: "Deleting tasks…",
    "show_task": lambda _: "Looking at a task…",
    "restore_tasks": lambda _: "Restoring tasks…",
    "undo": lambda _: "Undoing the last changes…",
    "answer_pending": lambda given: (
        "Changing tasks…" if given.confirm else "Discarding the changes…"
    ),
    "find_lists": lambda _: "Looking at your lists…",
    "save_list": lambda arguments: f"Saving the list “{arguments.name or arguments.list}”…",
    "delete_list": lambda _: "Looking at your lists…",
    "plan_day": lambda _: "Planning your day…",
}


def create_agent(environment: AgentEnvironment) -> Assistant:
    """Build the todo assistant; the default of TODO_AGENT_FACTORY."""
    settings = cast("TodoAgentSettings", environment.settings)
    client = TasksClient(
        environment.service_client(settings.tasks_url, Arrow.AGENT_TO_TASKS),
        budget_s=settings.tasks_retry_budget_s,
    )
    tools = [make_tool(spec, client) for spec in SPECS]

    def agent_with(*more: FunctionTool) -> Agent[RunContext]:
        return Agent(
            name="Todo assistant",
            instructions=instructions,
            model=environment.model,
            model_settings=environment.model_settings,
            tools=[*tools, *more],
        )

    agent, continued = agent_with(), agent_with(*make_former_tools(tools))

    def choose_agent(run: RunContext) -> Agent[RunContext]:
        # A copy, since the SDK compares the tools of all concurrent runs of the same agent.
        return copy(agent if run.scope.attempt == 1 else continued)

    return Assistant(
        agent=choose_agent, handle_action=CardActions(client), finish_turn=TurnEnd(client)
    )


def make_tool(spec: ToolSpec, client: TasksClient) -> FunctionTool:
    """Bind a tool to the SDK: it reports progress, and changes run in order."""

    async def invoke(context: ToolContext[RunContext], raw_arguments: str) -> str:
        run = context.context
        try:
            arguments = parse_arguments(raw_arguments, spec.arguments)
        except InvalidArgumentsError as error:
            return _to_text(failure("invalid-arguments", str(error)))
        await run.stream(ProgressUpdateEvent(text=PROGRESS[spec.name](arguments)))
        tasks = open_tasks(client, run)
        try:
            # In the order of the calls, so that new tasks are numbered in that order.
            async with run.write_lock:
                outcome = await spec.run(tasks, arguments)
        except FAILURES as error:
            outcome = failure_of(spec, error)
        if outcome.view is not None:
            await show(run, tasks, outcome.view)
        if spec.changes and (outcome.is_ok or outcome.output.get("maybe_done")):
            await run.call.finish_at_end()
            await run.stream(ClientEffectEvent(name=TASKS_CHANGED))
        return _to_text(outcome)

    return FunctionTool(
        name=spec.name,
        description=spec.description,
        params_json_schema=parameters_schema(spec.arguments),
        on_invoke_tool=invoke,
    )


def make_former_tools(tools: list[FunctionTool]) -> list[FunctionTool]:
    """Return the tools of the previous version, each executed by its replacement among `tools`."""
    replacements = {tool.name: tool for tool in tools}

    def make(former: str) -> FunctionTool:
        present = FORMER_TOOLS[former]

        async def invoke(context: ToolContext[RunContext], raw_arguments: str) -> Any:
            try:
                given = msgspec.json.decode(raw_arguments or "{}", type=dict[str, Any])
            except msgspec.DecodeError as error:
                return _to_text(failure("invalid-arguments", str(error)))
            arguments = json.dumps(present_arguments(former, given))
            return await replacements[present].on_invoke_tool(context, arguments)

        return FunctionTool(
            name=former,
            description=f"Renamed: use {present}.",
            params_json_schema={"type": "object", "properties": {}},
            on_invoke_tool=invoke,
            strict_json_schema=False,
        )

    return [make(former) for former in FORMER_TOOLS]


def _to_text(outcome: ToolOutcome) -> str:
    return json.dumps(outcome.output, ensure_ascii=False)
