"""The agent of the contract tests: its tools and actions perform what a test scripts.

The scripted model calls them, so a test controls the agent through the arguments of a call. In the
stack it replaces an adopter's agent, named by TODO_AGENT_FACTORY.
"""

from collections.abc import AsyncGenerator
from typing import Any, Final

from agents import Agent, RunContextWrapper, StopAtTools, function_tool
from chatkit.actions import Action
from chatkit.agents import ClientToolCall
from chatkit.errors import CustomStreamError, ErrorCode, StreamError
from chatkit.types import (
    ClientEffectEvent,
    CustomTask,
    ThreadMetadata,
    ThreadStreamEvent,
    WidgetItem,
    Workflow,
)
from chatkit.widgets import Card, Markdown, Text
from pydantic import TypeAdapter

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.run_context import RunContext
from todochat.clock import utc_now

_EVENTS: Final = TypeAdapter(list[ThreadStreamEvent])
_METADATA: Final = TypeAdapter(ThreadMetadata)


@function_tool(strict_mode=False)
async def emit(context: RunContextWrapper[RunContext], events: list[dict[str, Any]]) -> str:
    """Emit events unchanged."""
    await say(context.context, events)
    return "said"


@function_tool(strict_mode=False)
async def set_thread(context: RunContextWrapper[RunContext], fields: dict[str, Any]) -> str:
    """Change fields of the thread."""
    thread = context.context.thread
    changed = _METADATA.validate_python({**thread.model_dump(), **fields})
    for name in fields:
        setattr(thread, name, getattr(changed, name))
    return "changed"


@function_tool
async def read_thread(context: RunContextWrapper[RunContext]) -> str:
    """Return the thread's owner-only metadata to the model."""
    return context.context.thread.model_dump_json()


@function_tool
async def read_options(context: RunContextWrapper[RunContext]) -> str:
    """Return the user's composer choices to the model."""
    message = context.context.message
    return message.inference_options.model_dump_json() if message else "nothing"


@function_tool(strict_mode=False)
async def ask_browser(
    context: RunContextWrapper[RunContext], name: str, arguments: dict[str, Any]
) -> None:
    """Run a client tool in the browser and wait for its output."""
    context.context.client_tool_call = ClientToolCall(name=name, arguments=arguments)


@function_tool
async def write_widget(context: RunContextWrapper[RunContext], texts: list[str]) -> str:
    """Show a card whose text grows from one of the texts to the next."""

    async def growing() -> AsyncGenerator[Any, None]:
        for text in texts:
            yield Card(children=[Markdown(id="text", value=text, streaming=True)])

    await context.context.stream_widget(growing(), copy_text=texts[-1])
    return "shown"


@function_tool
async def work(context: RunContextWrapper[RunContext], steps: list[str]) -> str:
    """Show a workflow, one step after the other."""
    run = context.context
    await run.start_workflow(Workflow(type="custom", tasks=[]))
    for index, step in enumerate(steps):
        await run.add_workflow_task(CustomTask(title=step, status_indicator="loading"))
        await run.update_workflow_task(CustomTask(title=step, status_indicator="complete"), index)
    await run.end_workflow()
    return "worked"


@function_tool(failure_error_function=None)
async def fail(context: RunContextWrapper[RunContext], how: str, allow_retry: bool) -> str:
    """Raise an error that an agent may raise."""
    match how:
        case "custom":
            raise CustomStreamError("The kitchen is closed.", allow_retry=allow_retry)
        case "coded":
            raise StreamError(ErrorCode.STREAM_ERROR, allow_retry=allow_retry)
        case _:
            msg = f"secret of {context.context.user_id}"
            raise RuntimeError(msg)


async def say(run: RunContext, events: list[dict[str, Any]]) -> None:
    """Emit events, whose items need no thread and time."""
    here = {"thread_id": run.thread.id, "created_at": utc_now()}
    placed = [
        {**event, "item": {**here, **event["item"]}} if "item" in event else event
        for event in events
    ]
    for parsed in _EVENTS.validate_python(placed):
        await run.stream(parsed)


async def handle_action(
    action: Action[str, Any], sender: WidgetItem | None, run: RunContext
) -> None:
    """Perform the action's type with its payload."""
    match action.type:
        case "change" if sender is not None:
            widget = Card(children=[Text(id="t", value=action.payload)])
            await run.update_widget(
                sender.id, lambda item: item.model_copy(update={"widget": widget})
            )
        case "echo":
            data = {"payload": action.payload, "sender": sender and sender.id}
            await run.stream(ClientEffectEvent(name="echo", data=data))
        case "emit":
            await say(run, action.payload)
        case "refuse":
            raise CustomStreamError("The kitchen is closed.", allow_retry=action.payload)
        case _:
            msg = f"secret of {run.user_id}"
            raise RuntimeError(msg)


def create_assistant(environment: AgentEnvironment) -> Assistant:
    """Build the agent; `ask_browser` ends the turn, which the browser's output continues."""
    agent = Agent[RunContext](
        name="Contract",
        instructions="Do as the script says.",
        model=environment.model,
        model_settings=environment.model_settings,
        tools=[emit, set_thread, read_thread, read_options, ask_browser, write_widget, work, fail],
        tool_use_behavior=StopAtTools(stop_at_tool_names=["ask_browser"]),
    )
    return Assistant(agent=agent, handle_action=handle_action)
