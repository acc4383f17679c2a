"""The tool calls of chat completions, in the dialects of model servers."""

import json
from typing import Any

import pytest
from completion_kit import TOOLS, Outcome, call, delta, read_all, say

from model_client.chat_calls import ChatCalls

END = delta("tool_calls")
A = '{"room":"A","note":null,"level":null,"guests":null}'
B = '{"room":"B","note":null,"level":null,"guests":null}'
HALF, REST = A[:9], A[9:]


def book(arguments: Any, **fields: Any) -> dict[str, Any]:
    return call("book_room", arguments, **fields)


def more(arguments: Any, **fields: Any) -> dict[str, Any]:
    return call(None, arguments, **fields)


def rooms(outcome: Outcome) -> list[str]:
    return [json.loads(arguments)["room"] for _, arguments in outcome.calls]


def call_ids(outcome: Outcome) -> list[str]:
    return [item.call_id for item in outcome.items if item.type == "function_call"]


@pytest.mark.parametrize(
    "chunks",
    [
        [book(A, index=0, id="a"), book(B, index=1, id="b")],
        [book(A, index=0, id="a"), book(B, index=0, id="b")],
        [book(A, id="a"), book(B, id="b")],
        [book(A), book(B)],
        [book(A, id=""), book(B, id="")],
        [book(A, index=0), book(B, index=0)],
        [book(A, index=1, id="a"), book(B, index=2, id="b")],
        [book(A, index=0, id="a"), book(B, index=1, id="a")],
        [book(A, index=0, id="a"), book(B, index=0, id="a")],
        [book(A + B, index=0, id="a")],
        [book("", index=0, id="a"), more(A, index=0), more(B, index=0)],
        [book(HALF, id="a"), more(REST), book(B[:5], id="b"), more(B[5:])],
        [book(HALF), more(REST), book(B[:5]), more(B[5:])],
        [book(HALF, index=0), more(REST, index=0), book("", index=0), more(B, index=0)],
        [book("", index=0, id="a"), book("", index=1, id="b"), more(HALF, index=0),
         more(B[:5], index=1), more(REST, index=0), more(B[5:], index=1)],
        [book(HALF, index=0, id="a"), book(B[:5], index=0, id="b"), more(REST, id="a"),
         more(B[5:], id="b")],
        [delta(tool_calls=[{"index": n, "id": str(n), "function": {"name": "book_room", "arguments": text}}
                           for n, text in enumerate((A, B))])],
        [book(A, index=0, id="a"), *say("And then"), book(B, index=1, id="b")],
    ],
)  # fmt: skip
def test_two_calls(chunks: list[Any]) -> None:
    outcome = read_all(*chunks, END)

    assert rooms(outcome) == ["A", "B"]
    first, second = call_ids(outcome)
    assert first
    assert second
    assert first != second


@pytest.mark.parametrize(
    "chunks",
    [
        [book(A, index=0, id="a")],
        [book(HALF, id="a"), more(REST)],
        [book(HALF, index=0, id="a"), book(REST, index=0, id="a")],
        [book("", index=0, id="a"), more(HALF, index=0, id=""), more(REST, index=0, id="")],
        [book("", index=0, id="a"), call("", HALF, index=0, id=""), more(REST, index=0)],
        [book(HALF, index=0, id="a"), more(REST, index=0, id="other")],
        [book(HALF, index=0, id="a"), more(REST, index=3)],
        [book(HALF), book(REST)],
        [book(None, index=0, id="a"), more(A, index=0)],
        [call("book_", "", index=0, id="a"), call("room", A, index=0)],
        [more("", index=0, id="a"), book(A, index=0)],
        [book(A, index=0, id="a"), more("", index=0, id="x"), more(None, index=0)],
        [book(A, index=0, id="a"), book(A, index=0, id="a")],
        [book(A, index=0), book(A, index=0)],
        [book("{}", index=0, id="a"), more(A, index=0)],
        [book(json.loads(A), index=0, id="a")],
        [delta(function_call={"name": "book_room", "arguments": HALF}),
         delta(function_call={"arguments": REST})],
        [delta(tool_calls={"id": "a", "function": {"name": "book_room", "arguments": A}})],
        [call("functions.book_room", A), delta(tool_calls=[{"type": "custom", "custom": {}}])],
        [call("book_room<|channel|>commentary", A, index=0, id="a")],
    ],
)  # fmt: skip
def test_one_call(chunks: list[Any]) -> None:
    outcome = read_all(*chunks, END)

    assert [name for name, _ in outcome.calls] == ["book_room"]
    assert rooms(outcome) == ["A"]


def test_call_without_arguments() -> None:
    for arguments in ("", None, "{}", "null"):
        assert read_all(call("list_rooms", arguments, id="a"), END).calls == [("list_rooms", "{}")]


def test_calls_of_different_tools_without_ids() -> None:
    outcome = read_all(call("list_rooms", "", index=0), book(A, index=0), END)

    assert outcome.calls == [("list_rooms", "{}"), ("book_room", A)]


def test_text_around_calls_is_one_message_before_them() -> None:
    outcome = read_all(*say("First A. "), book(A, id="a"), *say("Then B."), book(B, id="b"), END)

    assert [item.type for item in outcome.items] == ["message", "function_call", "function_call"]
    assert outcome.final_text == "First A. Then B."


@pytest.mark.parametrize("finish", ["length", "content_filter"])
@pytest.mark.parametrize("arguments", ['{"room":"A', "", "{"])
def test_call_that_was_cut_is_no_json(arguments: str, finish: str) -> None:
    outcome = read_all(book(B, id="b"), book(arguments, id="a"), delta(finish))

    (_, whole), (_, cut) = outcome.calls
    assert whole == B
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(cut)


def test_malformed_arguments_are_left_to_the_tool() -> None:
    assert read_all(book("room A, please", id="a"), END).calls == [("book_room", "room A, please")]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("web_search", "web_search"), ("", "unknown"), ("book a room!", "book_a_room_")],
)
def test_unknown_tool(name: str, kept: str) -> None:
    outcome = read_all(call(name, A, index=0, id="a"), END)

    assert outcome.calls == [(kept, A)]


def test_unknown_fields_stay_with_their_call() -> None:
    outcome = read_all(
        book(HALF, id="a", extra_content={"google": {"thought_signature": "c2ln"}}),
        more(REST, note=None),
        book(B, id="b"),
        END,
    )

    first, second = outcome.items
    assert first.provider_data["call"] == {
        "extra_content": {"google": {"thought_signature": "c2ln"}}
    }
    assert "provider_data" not in second.to_dict()


def test_reasoning_stays_with_the_first_call() -> None:
    outcome = read_all(
        delta(reasoning_content="I book "),
        delta(reasoning_content="both."),
        book(A, id="a"),
        book(B, id="b"),
        END,
    )

    _, first, second = outcome.items
    assert first.provider_data["message"] == {"reasoning_content": "I book both."}
    assert "provider_data" not in second.to_dict()


def test_reasoning_details_are_joined() -> None:
    kind = {"type": "reasoning.text", "index": 0}
    outcome = read_all(
        delta(reasoning_details=[{**kind, "text": "I "}]),
        delta(reasoning_details=[{**kind, "text": "book."}, {**kind, "signature": "s"}]),
        delta(reasoning_details=[{"type": "reasoning.encrypted", "data": "x", "index": 1}]),
        book(A, id="a"),
        END,
    )

    assert outcome.items[-1].provider_data["message"]["reasoning_details"] == [
        {**kind, "text": "I book.", "signature": "s"},
        {"type": "reasoning.encrypted", "data": "x", "index": 1},
    ]
    assert outcome.thought == "I book."


def test_surrogates_in_arguments() -> None:
    high, low = '{"room":"\ud83d', '\udd5b"}'

    ((_, arguments),) = read_all(call("any", high, id="a"), more(low), END).calls

    assert json.loads(arguments) == {"room": "\U0001f55b"}


def test_no_calls() -> None:
    calls = ChatCalls(TOOLS)

    assert not calls
    assert list(calls.finish(is_cut=True)) == []
