"""Events that a replayed call publishes, and the workflow that it leaves to the next one."""

from typing import Any

import pytest
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


@pytest.mark.parametrize(
    ("calls", "tasks"),
    [
        (("begin", "go_on"), ["one", "two", "three"]),
        (("begin", "finish"), None),
        (("prepare", "go_on"), ["three"]),  # not published before its first task
    ],
    ids=["open", "ended", "unpublished"],
)
async def test_replay_shows_the_same_items_and_leaves_the_same_workflow(
    make_scope: MakeScope, make_context: MakeContext, calls: tuple[str, ...], tasks: Any
) -> None:
    first, workflow = await run_attempt(make_scope, make_context, *calls)

    again, replayed = await run_attempt(make_scope, make_context, *calls)

    assert shown(again) == shown(first)
    if tasks is None:
        assert replayed is None
    else:
        assert [task.title for task in replayed.workflow.tasks] == tasks
        assert replayed.id == workflow.id


async def test_replay_shows_an_items_last_state_instead_of_its_updates(
    make_scope: MakeScope, make_context: MakeContext
) -> None:
    first, _ = await run_attempt(make_scope, make_context, "begin", "go_on")

    again, _ = await run_attempt(make_scope, make_context, "begin", "go_on")

    assert len(again) < len(first)
