"""Changes that tools made in the agent's context are there after a replay, once."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from agents import Agent, RunContextWrapper, Runner, function_tool
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from run_kit import MakeScope
from runner_kit import Attempts, RespondingModel, call, outputs_in

from durable_chatkit.agent.context_changes import find_change, make_change
from todochat.testing.logs import captured_logs


class Line(BaseModel):
    """A line of an order."""

    item: str


@dataclasses.dataclass
class Order:
    """An agent's context."""

    total: int = 0
    lines: list[Line] = dataclasses.field(default_factory=list)
    notes: dict[str, Any] = dataclasses.field(default_factory=dict)
    tags: set[str] = dataclasses.field(default_factory=set)
    last: Line | None = None
    client: Any = None


class OrderModel(BaseModel):
    """The same as a Pydantic model."""

    total: int = 0
    lines: list[Line] = []
    notes: dict[str, Any] = {}
    tags: set[str] = set()
    last: Line | None = None


@function_tool
async def add(context: RunContextWrapper[Any], item: str) -> str:
    """Add a line."""
    order = context.context
    if isinstance(order, dict):
        order["total"] = order.get("total", 0) + 2
        order.setdefault("lines", []).append(item)
    else:
        order.total += 2
        order.lines.append(Line(item=item))
        order.notes[item] = {"at": order.total}
        order.tags.add(item)
        order.last = Line(item=item)
    return "added"


def adds_two(history: list[Any]) -> list[Any]:
    if outputs_in(history):
        return ["done"]
    return [call("add", "call_0", item="tea"), call("add", "call_1", item="milk")]


@pytest.fixture
def attempts(make_scope: MakeScope) -> Attempts:
    """Attempts on the test's journal."""
    return Attempts(make_scope)


@pytest.mark.parametrize("make", [Order, OrderModel, dict])
async def test_replayed_tools_leave_the_context_as_before(
    attempts: Attempts, make: Callable[[], Any]
) -> None:
    agent = Agent(name="Waiter", model=RespondingModel(adds_two), tools=[add])
    first, again = make(), make()

    await attempts.run(lambda: Runner.run(agent, "order", context=first))
    await attempts.run(lambda: Runner.run(agent, "order", context=again))

    assert again == first
    assert (first["total"] if make is dict else first.total) == 4


async def test_object_that_code_knows_is_changed_in_place(attempts: Attempts) -> None:
    agent = Agent(name="Waiter", model=RespondingModel(adds_two), tools=[add])
    order = Order()
    lines = order.lines
    await attempts.run(lambda: Runner.run(agent, "order", context=Order()))

    await attempts.run(lambda: Runner.run(agent, "order", context=order))

    assert [line.item for line in lines] == ["tea", "milk"]


async def test_changes_of_the_turns_own_code_are_made_once(attempts: Attempts) -> None:
    """It runs again in each attempt."""
    agent = Agent(name="Waiter", model=RespondingModel(adds_two), tools=[add])

    async def turn() -> int:
        order = Order(total=10)
        await Runner.run(agent, "order", context=order)
        order.total += 100
        await Runner.run(agent, "order", context=order)
        return order.total

    assert await attempts.run(turn) == await attempts.run(turn) == 118


@pytest.mark.parametrize("is_outer_recorded", [True, False])
async def test_changes_inside_a_nested_call_are_made_once(
    attempts: Attempts, is_outer_recorded: bool
) -> None:
    """With the outer tool's row its changes come from there, without it from the inner rows."""
    inner = Agent(name="Waiter", model=RespondingModel(adds_two), tools=[add])

    @function_tool
    async def serve(context: RunContextWrapper[Order]) -> str:
        """Change the context before and after an agent does."""
        context.context.total += 1000
        await Runner.run(inner, "order", context=context.context)
        context.context.total += 1000
        return "served"

    def outer(history: list[Any]) -> list[Any]:
        return ["done"] if outputs_in(history) else [call("serve")]

    agent = Agent(name="Boss", model=RespondingModel(outer), tools=[serve])
    first, again = Order(), Order()
    await attempts.run(lambda: Runner.run(agent, "order", context=first))
    if not is_outer_recorded:
        steps = attempts.scope.journal.steps  # type: ignore[attr-defined]
        del steps[min((key for key in steps if "/tool/" in key), key=len)]
        del steps[max(key for key in steps if key.startswith("run/Boss") and "answer/0001" in key)]

    await attempts.run(lambda: Runner.run(agent, "order", context=again))

    assert again == first
    assert first.total == 2004


async def test_field_that_json_cannot_restore_is_skipped_and_logged_once(
    attempts: Attempts,
) -> None:
    agent = Agent(name="Waiter", model=RespondingModel(adds_two), tools=[add])
    order = Order(client=object())

    with captured_logs() as logs:
        await attempts.run(lambda: Runner.run(agent, "order", context=order))

    skipped = [each["field"] for each in logs if each["event"] == "context.field_skipped"]
    assert skipped == ["client"]


@pytest.mark.parametrize("value", [object(), float("inf")])
@pytest.mark.parametrize("make", [Order, dict])
async def test_field_that_gets_a_value_without_json_is_left_as_it_is(
    attempts: Attempts, make: Callable[[], Any], value: object
) -> None:
    @function_tool
    async def connect(context: RunContextWrapper[Any]) -> str:
        """Connect, and keep the connection in the context."""
        order = context.context
        if isinstance(order, dict):
            order.update(client=value, total=1)
        else:
            order.client, order.total = value, 1
        return "connected"

    def respond(history: list[Any]) -> list[Any]:
        return ["done"] if outputs_in(history) else [call("connect")]

    agent = Agent(name="Waiter", model=RespondingModel(respond), tools=[connect])
    contexts = [make(), make()]
    for context in contexts:
        if isinstance(context, dict):
            context.update(client="none yet", total=0)
        else:
            context.client = "none yet"
        await attempts.run(partial(Runner.run, agent, "connect", context=context))

    again = contexts[1] if make is dict else vars(contexts[1])
    assert (again["client"], again["total"]) == ("none yet", 1)


SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x"])
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.dictionaries(NAMES, inner) | st.lists(inner, max_size=2), max_leaves=8
)


@given(before=st.dictionaries(NAMES, SCALARS), after=st.dictionaries(NAMES, VALUES))
def test_made_change_gives_the_value_it_was_found_from(before: Any, after: Any) -> None:
    change = find_change(before, after)
    assert (change is None) == (before == after)
    assert change is None or make_change(before, change) == after


@pytest.mark.parametrize(
    ("before", "ours", "theirs", "both"),
    [
        (1, 3, 6, 8),
        (["a"], ["a", "b"], ["c", "a"], ["a", "b", "c"]),
        ({"a": 1}, {"a": 2}, {"a": 1, "b": 1}, {"a": 2, "b": 1}),
        ({"a": 1, "b": 1}, {"a": 1}, {"a": 5, "b": 1}, {"a": 5}),
        (["a", "b"], ["b"], ["a", "b", "c"], ["b", "c"]),
        ("a", "b", "c", "c"),
    ],
)
def test_changes_of_parallel_calls_add_up(before: Any, ours: Any, theirs: Any, both: Any) -> None:
    value = before
    for after in (ours, theirs):
        change = find_change(before, after)
        assert change is not None
        value = make_change(value, change)
    assert value == both
