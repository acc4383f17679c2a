"""Tool calls are repaired for the SDK."""

import json
from typing import Any, Final

import pytest
from agents import Agent, function_tool, handoff
from answer_kit import model_answer
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage

from durable_chatkit.agent.model_output import (
    MAX_DEPTH,
    make_parseable,
    repair_calls,
    tool_schemas,
)


@function_tool
def add_task(title: str, list_name: str | None = None, tags: list[str] | None = None) -> str:
    """Add a task."""
    return f"{title} {list_name} {tags}"


SCHEMAS: Final = tool_schemas([add_task], [handoff(Agent(name="Clerk"))])
MILK: Final = '{"title": "milk"}'


def call(arguments: str, name: str = "add_task") -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall(
        type="function_call", id="fc_1", call_id="call_1", name=name, arguments=arguments
    )


@pytest.mark.parametrize(
    ("name", "arguments", "meant"),
    [
        ("add_task", "{'title': 'milk', 'list_name': None}", {"title": "milk", "list_name": None}),
        (
            "add_task",
            '{"title": "milk", "list_name": "null"}',
            {"title": "milk", "list_name": None},
        ),
        ("add_task", '{"title": "milk", "reason": "asked"}', {"title": "milk"}),
        (
            "add_task",
            '{"title": "milk", "tags": "[\\"shop\\"]"}',
            {"title": "milk", "tags": ["shop"]},
        ),
        ("functions.add_task", MILK, {"title": "milk"}),
        ("add_task<|channel|>commentary", MILK, {"title": "milk"}),
    ],
)
def test_certain_meaning_is_carried_out(name: str, arguments: str, meant: dict[str, Any]) -> None:
    (repaired,) = repair_calls(model_answer(call(arguments, name)), SCHEMAS)

    assert isinstance(repaired, ResponseFunctionToolCall)
    assert repaired.name == "add_task"
    assert json.loads(repaired.arguments) == meant


def test_handoffs_are_known_names() -> None:
    (repaired,) = repair_calls(model_answer(call("{}", "functions.transfer_to_clerk")), SCHEMAS)

    assert isinstance(repaired, ResponseFunctionToolCall)
    assert repaired.name == "transfer_to_clerk"


def test_objects_in_a_row_are_calls_with_ids_of_their_own() -> None:
    output = repair_calls(model_answer(call(MILK + '{"title": "eggs"}')), SCHEMAS)

    calls = [item for item in output if isinstance(item, ResponseFunctionToolCall)]
    assert [json.loads(each.arguments)["title"] for each in calls] == ["milk", "eggs"]
    assert [(each.id, each.call_id) for each in calls] == [("fc_1", "call_1"), (None, "")]


@pytest.mark.parametrize("arguments", ["", '{"title": "mi'])
def test_call_that_was_cut_off_is_no_json(arguments: str) -> None:
    output = repair_calls(model_answer(call(MILK), call(arguments), status="incomplete"), SCHEMAS)

    calls = [item for item in output if isinstance(item, ResponseFunctionToolCall)]
    assert calls[0].arguments == MILK
    with pytest.raises(json.JSONDecodeError):
        json.loads(calls[1].arguments)


def test_answer_without_repairs_is_unchanged() -> None:
    message = ResponseOutputMessage(
        id="msg_1", type="message", role="assistant", status="completed", content=[]
    )
    whole = model_answer(message, call(MILK), call("not JSON", "of_another_server"))

    assert repair_calls(whole, SCHEMAS) == whole.output
    assert repair_calls(whole, {}) == whole.output


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "not JSON",
        '{"title": "Buy \\u00e4pfel \\ud83d\\ude00"}',
        '{"title": "C:\\\\ud800"}',
        "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        json.dumps({"title": "[{" * 500}),
        json.dumps({"title": '\\"' + "[" * 500 + "\\"}),
        json.dumps([[]] * 500),
    ],
    ids=lambda text: text[:20],
)
def test_parseable_arguments_are_unchanged(arguments: str) -> None:
    assert make_parseable(arguments) == arguments


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_deep_nesting_is_cut_to_malformed_json(opening: str) -> None:
    cut = make_parseable(opening * 100_000)

    assert cut.count("[") + cut.count("{") == MAX_DEPTH
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut)


def test_lone_surrogates_become_replacement_characters() -> None:
    arguments = r'{"title": "a\ud800b", "tags": ["\udc00\ud83d\ude00"]}'

    assert json.loads(make_parseable(arguments)) == {
        "title": "a\ufffdb",
        "tags": ["\ufffd\U0001f600"],
    }
