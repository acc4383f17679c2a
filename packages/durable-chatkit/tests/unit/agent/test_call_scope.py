"""Call paths: keys of the journal, idempotency keys and the numbers of siblings."""

from typing import Any

import pytest
from run_kit import RUN, MakeScope

from durable_chatkit.agent.call_scope import (
    AssistantScope,
    CallScope,
    RunnerCall,
    ToolCallScope,
    current_tool_call,
    enter_scope,
    hash_input,
)
from durable_chatkit.agent.run_scope import CallPosition, is_choice, step_kind


def tool_of(call: RunnerCall, answer: int = 0, index: int = 0) -> ToolCallScope:
    position = CallPosition(answer, index)
    return ToolCallScope(call.scope, call.key(position.key), call, position)


def test_assistants_runner_call_keeps_the_keys_of_earlier_versions(make_scope: MakeScope) -> None:
    call = AssistantScope(make_scope()).open_run("Todo assistant", "hi")

    assert call.answer_key(2) == "answer/0002"
    assert tool_of(call, 2, 1).path == "tool/0002/1"
    assert tool_of(call, 2, 1).idempotency_key == f"{RUN}:2:1"


def test_path_of_a_runner_call_depends_on_agent_and_input_only(make_scope: MakeScope) -> None:
    first, second = CallScope(make_scope()), CallScope(make_scope(attempt=2))

    paths = [first.open_run(agent, "x").path for agent in ("A", "B", "A")]
    again = [second.open_run(agent, "x").path for agent in ("B", "A", "A")]

    assert sorted(paths) == sorted(again)
    assert len(set(paths)) == 3
    assert paths[2] == paths[0].removesuffix("0") + "1"


def test_call_inside_a_tool_is_below_its_path(make_scope: MakeScope) -> None:
    call = AssistantScope(make_scope()).open_run("A", "hi")

    nested = tool_of(call).open_run("Clerk, the 2nd/b", "x")

    assert nested.path.startswith("tool/0000/0/run/Clerk-the-2nd-b~")
    assert tool_of(nested).idempotency_key not in {f"{RUN}:0:0", nested.idempotency_key}


def test_mismatch_gives_the_rest_of_a_runner_call_a_new_path(make_scope: MakeScope) -> None:
    call = AssistantScope(make_scope()).open_run("A", "hi")

    call.diverge("a test")

    assert call.answer_key(1) == "!1/answer/0001"
    assert tool_of(call, 1).idempotency_key != f"{RUN}:1:0"


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("input", "input"),
        ("answer/0000", "answer"),
        ("tool/0000/0", "tool"),
        ("tool/9999/0", "tool"),
        ("tool/0000/0/target", "choice"),
        ("tool/0000/0/7", "choice"),
        ("tool/0000/0/run/A~1~0/answer/0003", "answer"),
        ("tool/0000/0/run/A~1~0/tool/0003/1/choice/target", "choice"),
        ("run/A~1~0!2/handoff/0000/0", "handoff"),
        ("step/now/0", "step"),
        ("step/answer/0", "step"),
    ],
)
def test_kind_of_a_key(key: str, kind: str) -> None:
    assert step_kind(key) == kind
    assert is_choice(key, "target") == (kind == "choice" and key.endswith("/target"))


def test_names_of_steps_with_equal_slugs_have_different_keys(make_scope: MakeScope) -> None:
    scope = CallScope(make_scope())

    paths = [scope.open_step(name).path for name in ("a/b", "a-b", "a b", "a-b")]

    assert len(set(paths)) == 4
    assert (paths[1], paths[3]) == ("step/a-b/0", "step/a-b/1")


def test_innermost_call_is_current_inside_a_nested_runner_call(make_scope: MakeScope) -> None:
    tool = tool_of(AssistantScope(make_scope()).open_run("A", "hi"))

    with enter_scope(tool), enter_scope(tool.open_run("B", "x")):
        assert current_tool_call() is tool
    assert current_tool_call() is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hi", "ho"),
        ([{"role": "user", "content": "hi"}], [{"role": "user", "content": "ho"}]),
        ([{"call_id": "call_1"}], [{"call_id": "call_2"}]),
    ],
)
def test_different_input_has_another_hash(one: Any, other: Any) -> None:
    assert hash_input(one) != hash_input(other)


def test_hash_leaves_out_ids_and_the_order_of_keys() -> None:
    assert hash_input([{"id": "a", "role": "user", "x": 1}]) == hash_input(
        [{"x": 1, "role": "user"}]
    )


def test_unclaimed_steps_are_those_that_no_replayed_call_stands_for(make_scope: MakeScope) -> None:
    steps = [
        "input",
        "answer/0000",
        "answer/0001",
        "tool/0000/0",
        "tool/0000/0/run/A~1~0/answer/0000",
    ]
    journal: Any = make_scope().journal
    journal.steps = dict.fromkeys(steps, b"")
    scope = make_scope(attempt=2)

    scope.load("answer/0000")
    scope.load("tool/0000/0")

    assert scope.unclaimed_steps() == {"answer/0001"}
