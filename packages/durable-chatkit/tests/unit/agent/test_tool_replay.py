"""Events that a replayed call publishes, and the workflow that it leaves to the next one."""

from typing import Any

from agents import Agent, RunContextWrapper, Runner, function_tool
from chatkit.types import CustomTask, ThreadItemUpdatedEvent, Workflow
from chatkit.widgets import Card, Text
from run_kit import MakeContext, MakeScope
from runner_kit import RespondingModel, call, outputs_in

from durable_chatkit.agent.call_scope import AssistantScope, enter_scope
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.sdk_hooks import install


@function_tool
async def begin(context: RunContextWrapper[RunContext]) -> str:
    """Open a workflow, and show a widget in two states."""
    run = context.context
    await run.add_workflow_task(CustomTask(title="one"))
    await run.add_workflow_task(CustomTask(title="two"))

    async def states() -> Any:
        for text in ("a", "ab"):
            yield Card(children=[Text(id="text", value=text, streaming=True)])

    await run.stream_widget(states())
    return "begun"


@function_tool
async def prepare(context: RunContextWrapper[RunContext]) -> str:
    """Open a workflow that is published with its first task."""
    await context.context.start_workflow(Workflow(type="custom", tasks=[]))
    return "prepared"


@function_tool
async def go_on(context: RunContextWrapper[RunContext]) -> str:
    """Continue the workflow."""
    await context.context.add_workflow_task(CustomTask(title="three"))
    return "continued"


@function_tool
async def finish(context: RunContextWrapper[RunContext]) -> str:
    """End the workflow."""
    await context.context.end_workflow()
    return "finished"


TOOLS: Any = [begin, prepare, go_on, finish]


async def run_attempt(make_scope: MakeScope, make_context: MakeContext, *names: str) -> list[Any]:
    """Run an agent that calls the tools one after another; return the events and the workflow."""
    install()
    scope = make_scope()
    context = make_context(scope)

    def respond(history: list[Any]) -> list[Any]:
        done = len(outputs_in(history))
        return [call(names[done], f"call_{done}")] if done < len(names) else ["done"]

    agent = Agent(name="Worker", model=RespondingModel(respond), tools=TOOLS)
    with enter_scope(AssistantScope(scope)):
        result = Runner.run_streamed(agent, "go", context=context)
    async for _ in result.stream_events():
        pass
    events = []
    while not context.queue.empty():
        event = context.queue.get_nowait()
        if getattr(event, "item", None) is None or event.item.type != "hidden_context_item":
            events.append(event)
    return [events, context.workflow_item]


def shown(events: list[Any]) -> dict[str, Any]:
    """Return the items as a viewer has them, without times."""
    items: dict[str, Any] = {}
    for event in events:
        if event.type in {"thread.item.added", "thread.item.done"}:
            items[event.item.id] = event.item.model_dump(exclude={"created_at"})
        elif isinstance(event, ThreadItemUpdatedEvent) and event.update.type.startswith("workflow"):
            update: Any = event.update
            tasks = items[event.item_id]["workflow"]["tasks"]
            tasks[update.task_index : update.task_index + 1] = [update.task.model_dump()]
    return items


async def test_replay_shows_what_the_tools_have_shown(
    make_scope: MakeScope, make_context: MakeContext
) -> None:
    first, workflow = await run_attempt(make_scope, make_context, "begin", "go_on")

    again, replayed = await run_attempt(make_scope, make_context, "begin", "go_on")

    assert shown(again) == shown(first)
    assert [task.title for task in replayed.workflow.tasks] == ["one", "two", "three"]
    assert replayed.id == workflow.id
    assert len(again) < len(first)  # an item's last state stands for its updates


async def test_replay_leaves_no_workflow_that_was_ended(
    make_scope: MakeScope, make_context: MakeContext
) -> None:
    first, _ = await run_attempt(make_scope, make_context, "begin", "finish")

    again, replayed = await run_attempt(make_scope, make_context, "begin", "finish")

    assert shown(again) == shown(first)
    assert replayed is None


async def test_replay_restores_a_workflow_that_is_not_published_yet(
    make_scope: MakeScope, make_context: MakeContext
) -> None:
    first, workflow = await run_attempt(make_scope, make_context, "prepare", "go_on")

    again, replayed = await run_attempt(make_scope, make_context, "prepare", "go_on")

    assert shown(again) == shown(first)
    assert replayed.id == workflow.id
    assert [task.title for task in replayed.workflow.tasks] == ["three"]
