"""Responses streams as servers send them, each in one piece, byte by byte and in pieces of 7."""

from typing import Any

import pytest
from model_client_kit import CUTS, receive, sse
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseFunctionWebSearch,
    ResponseOutputMessage,
    ResponseReasoningItem,
)

from model_client.errors import (
    ModelBrokenOffError,
    ModelBusyError,
    ModelReportedError,
    ModelServerError,
)

CREATED = {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}}
USAGE = {
    "input_tokens": 3,
    "input_tokens_details": {"cached_tokens": 2},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 8,
}


def text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def message(text: str, item_id: str | None = "msg_1", **fields: Any) -> dict[str, Any]:
    content = [text_part(text)] if text else []
    return {"type": "message", "id": item_id, "role": "assistant", "content": content, **fields}


def call(arguments: Any = '{"title":"milk"}', **fields: Any) -> dict[str, Any]:
    call_: dict[str, Any] = {"type": "function_call", "id": "fc_1", "call_id": "call_1"}
    return {**call_, "name": "add_task", "arguments": arguments, **fields}


def at(kind: str, item_id: str | None = "msg_1", index: int = 0, **fields: Any) -> dict[str, Any]:
    position = {"item_id": item_id, "output_index": index, "content_index": 0}
    return {"type": f"response.{kind}", **position, **fields}


def added(item: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(item: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def end(*output: dict[str, Any], kind: str = "completed", **fields: Any) -> dict[str, Any]:
    response = {"id": "resp_1", "model": "m", "status": kind, "output": output, "usage": USAGE}
    return {"type": f"response.{kind}", "response": {**response, **fields}}


DELTAS = (at("output_text.delta", delta="Hel"), at("output_text.delta", delta="lo."))
WHOLE = (
    CREATED,
    added(message("")),
    at("content_part.added", part=text_part("")),
    *DELTAS,
    at("output_text.done", text="Hello."),
    at("content_part.done", part=text_part("Hello.")),
    done(message("Hello.")),
)
ONE_MESSAGE = [
    "created",
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
    "completed",
]

HELLO: dict[str, tuple[dict[str, Any], ...]] = {
    "whole": (*WHOLE, end(message("Hello."))),
    "no content parts": (CREATED, added(message("")), *DELTAS, end(message("Hello."))),
    "no item": (CREATED, *DELTAS, end(message("Hello."))),
    "no deltas": (CREATED, done(message("Hello.")), end(message("Hello."))),
    "text done only": (CREATED, at("output_text.done", text="Hello."), end()),
    "part done only": (CREATED, at("content_part.done", part=text_part("Hello.")), end()),
    "completed only": (CREATED, end(message("Hello."))),
    "type that is no text": (CREATED, {"type": ["ping"]}, *WHOLE[1:], end(message("Hello."))),
    "type of an item that is no text": (
        CREATED,
        {"type": "response.output_item.done", "item": {"type": {}, "id": "x"}},
        *WHOLE[1:],
        end(),
    ),
    "content that is a number": (*WHOLE[:-1], done(message("", content=1)), end()),
    "output that is a number": (*WHOLE, {"type": "response.completed", "response": {"output": 1}}),
    "content as text": (CREATED, end(message("", content="Hello."))),
    "parts without fields": (
        CREATED,
        end(message("", content=[{"type": "text", "text": "Hello."}])),
    ),
    "parts with null": (
        *WHOLE[:-1],
        done(message("", content=[{"text": "Hello.", "annotations": None}])),
        end(),
    ),
    "completed without output": (*WHOLE, {"type": "response.completed", "response": {}}),
    "completed without response": (*WHOLE, {"type": "response.completed"}),
    "empty message at the end": (*WHOLE, end(message(""))),
    "response.done": (*WHOLE, end(message("Hello."), kind="done", status="completed")),
    "deltas begun by the item": (CREATED, added(message("Hel")), DELTAS[1], end(message("Hello."))),
    "end of the deltas only when done": (CREATED, added(message("")), DELTAS[0], *WHOLE[5:], end()),
    "new ids": (
        CREATED,
        added(message("", "a")),
        at("content_part.added", "b", part=text_part("")),
        at("output_text.delta", "c", delta="Hel"),
        at("output_text.delta", "d", delta="lo."),
        at("output_text.done", "e", text="Hello."),
        at("content_part.done", "f", part=text_part("Hello.")),
        done(message("Hello.", "g")),
        end(message("Hello.", "h")),
    ),
    "no ids and no indexes": (
        CREATED,
        {"type": "response.output_item.added", "item": message("", None)},
        {"type": "response.output_text.delta", "delta": "Hel"},
        {"type": "response.output_text.delta", "delta": "lo."},
        {"type": "response.output_item.done", "item": message("Hello.", None)},
        end(message("Hello.", None)),
    ),
    "everything twice": (*[each for each in WHOLE if each not in DELTAS for _ in "12"], end()),
    "unknown events and items": (
        {"type": "keepalive"},
        *WHOLE[:4],
        {"type": "response.from.the.future", "text": "?"},
        added({"type": "item_of_the_future", "id": "x"}, 7),
        *WHOLE[4:],
        end(message("Hello."), {"type": "item_of_the_future", "id": "x"}),
    ),
    "empty messages beside it": (
        *WHOLE,
        added(message("", "msg_2"), 1),
        at("output_text.delta", "msg_2", 1, delta="\n "),
        done(message("\n ", "msg_2"), 1),
        end(message("Hello."), message("\n ", "msg_2")),
    ),
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("events", HELLO.values(), ids=HELLO)
async def test_text_is_streamed_once_in_one_message(
    events: tuple[dict[str, Any], ...], cut: int | None
) -> None:
    received = await receive(sse(*events), cut)

    assert [each for each in received.types if each != "created"] == ONE_MESSAGE[1:]
    assert list(received.streamed().values()) == ["Hello."]
    assert [item.content[0].text for item in received.response.output] == ["Hello."]
    assert [item.content[0].annotations for item in received.response.output] == [[]]
    ids = {event.item_id for event in received.events if hasattr(event, "item_id")}
    items = {event.item.id for event in received.events if hasattr(event, "item")}
    assert len(ids) == 1
    assert ids == items


async def test_events_without_names_and_types_in_names() -> None:
    body = sse(*WHOLE, end(message("Hello.")))
    without_names = b"\n".join(line for line in body.splitlines() if not line.startswith(b"event:"))
    without_types = body
    for event in (*WHOLE, end()):
        without_types = without_types.replace(f'"type": "{event["type"]}", '.encode(), b"")

    for each in (without_names, without_types):
        assert (await receive(each)).types == ONE_MESSAGE


async def test_end_mark_replaces_the_completed_event() -> None:
    received = await receive(sse(*WHOLE) + b"data: [DONE]\n\n")

    assert received.response.output[0].content[0].text == "Hello."
    assert (received.response.id, received.response.usage) == ("resp_1", None)


@pytest.mark.parametrize("cut", CUTS)
async def test_two_messages_with_the_same_id(cut: int | None) -> None:
    items = (message("One.", "msg"), message("Two.", "msg"))
    stream = [
        event
        for index, (item, text) in enumerate(zip(items, ("One.", "Two."), strict=True))
        for event in (
            added(message("", "msg"), index),
            at("output_text.delta", "msg", index, delta=text),
            done(item, index),
        )
    ]

    received = await receive(sse(CREATED, *stream, end(*items)), cut)

    assert received.streamed() == {"msg": "One.", "msg.1": "Two."}
    assert [item.content[0].text for item in received.response.output] == ["One.", "Two."]


async def test_completed_answer_without_some_of_the_items_is_not_believed() -> None:
    stream = [
        each
        for index, text in enumerate(("One.", "Two."))
        for each in (added(message("", text), index), done(message(text, text), index))
    ]

    received = await receive(sse(*stream, end(message("Two.", "Two."))))

    assert [item.content[0].text for item in received.response.output] == ["One.", "Two."]


CALLS: dict[str, tuple[dict[str, Any], ...]] = {
    "whole": (
        added(call("")),
        at("function_call_arguments.delta", "fc_1", delta='{"title":'),
        at("function_call_arguments.delta", "fc_1", delta='"milk"}'),
        at("function_call_arguments.done", "fc_1", arguments='{"title":"milk"}'),
        done(call()),
        end(call()),
    ),
    "done only": (done(call()), end(call())),
    "completed only": (end(call()),),
    "null in the beginning, empty at the end": (
        added(call(None, status=None)),
        at("function_call_arguments.done", "fc_1", arguments='{"title":"milk"}'),
        done(call("")),
        end(),
    ),
    "never done": (
        added(call("", status="in_progress")),
        at("function_call_arguments.delta", "fc_1", delta='{"title":"milk"}'),
        end(),
    ),
    "no item id": (
        added(call("", id=None)),
        at("function_call_arguments.delta", None, delta='{"title":"milk"}'),
        done(call(id=None)),
        end(call(id=None)),
    ),
    "arguments before the call": (
        at("function_call_arguments.delta", "fc_1", delta='{"title":"milk"}'),
        done(call()),
        end(call()),
    ),
    "arguments as an object": (done(call({"title": "milk"})), end(call({"title": "milk"}))),
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("events", CALLS.values(), ids=CALLS)
async def test_call(events: tuple[dict[str, Any], ...], cut: int | None) -> None:
    received = await receive(sse(CREATED, *events), cut)

    (made,) = received.response.output
    assert isinstance(made, ResponseFunctionToolCall)
    assert (made.name, made.arguments, made.call_id) == ("add_task", '{"title":"milk"}', "call_1")
    dones = [each.item for each in received.events if each.type == "response.output_item.done"]
    assert [each.call_id for each in dones] == ["call_1"]
    assert list(received.streamed("function_call_arguments").values()) == ['{"title":"milk"}']


@pytest.mark.parametrize("call_id", ["", None, "same"])
async def test_calls_have_different_ids(call_id: str | None) -> None:
    calls = [call(call_id=call_id, id=f"fc_{number}") for number in (1, 2)]

    received = await receive(sse(*map(done, calls, (0, 1)), end(*calls)))

    ids = [made.call_id for made in received.response.output]
    assert len(set(ids)) == 2
    assert all(ids)
    dones = [each.item for each in received.events if each.type == "response.output_item.done"]
    assert [made.call_id for made in dones] == ids


@pytest.mark.parametrize("cut", CUTS)
async def test_parallel_calls_stay_separate(cut: int | None) -> None:
    calls = [call(f'{{"n":{number}}}', id=f"fc_{number}", call_id=str(number)) for number in (0, 1)]
    halves = [
        at("function_call_arguments.delta", f"fc_{index}", index, delta=delta)
        for delta, index in (('{"n":', 0), ('{"n":', 1), ("0}", 0), ("1}", 1))
    ]

    received = await receive(
        sse(
            *(added({**each, "arguments": ""}, index) for index, each in enumerate(calls)),
            *halves,
            *(done(each, index) for index, each in enumerate(calls)),
            end(),
        ),
        cut,
    )

    assert received.streamed("function_call_arguments") == {"fc_0": '{"n":0}', "fc_1": '{"n":1}'}
    assert [made.arguments for made in received.response.output] == ['{"n":0}', '{"n":1}']


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    "events",
    [
        (at("refusal.delta", delta="I can't "), at("refusal.delta", delta="help.")),
        (at("refusal.done", refusal="I can't help."),),
        (at("content_part.done", part={"type": "refusal", "refusal": "I can't help."}),),
        (),
    ],
)
async def test_refusal_is_the_answer(events: tuple[dict[str, Any], ...], cut: int | None) -> None:
    item = message("", content=[{"type": "refusal", "refusal": "I can't help."}])

    received = await receive(sse(added(message("")), *events, done(item), end(item)), cut)

    assert received.streamed("refusal") == {"msg_1": "I can't help."}
    (part,) = received.response.output[0].content
    assert (part.type, part.refusal) == ("refusal", "I can't help.")


THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [],
    "content": [{"type": "reasoning_text", "text": "Milk."}],
    "encrypted_content": "abc",
}
SUMMARY = {**THOUGHT, "summary": [{"type": "summary_text", "text": "Milk."}], "content": None}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("kind", "events", "item"),
    [
        ("reasoning_text", (at("reasoning_text.delta", "rs_1", delta="Milk."),), THOUGHT),
        ("reasoning_text", (at("reasoning.delta", "rs_1", delta={"text": "Milk."}),), THOUGHT),
        ("reasoning_text", (at("reasoning_text.done", "rs_1", text="Milk."),), THOUGHT),
        ("reasoning_text", (), THOUGHT),
        ("reasoning_text", (at("reasoning_text.delta", "x", delta="Milk."),), {"id": "rs_1"}),
        (
            "reasoning_summary_text",
            (
                at("reasoning_summary_part.added", "rs_1", summary_index=0, part={}),
                at("reasoning_summary_text.delta", "rs_1", summary_index=0, delta="Mil"),
                at("reasoning_summary_text.delta", "rs_1", summary_index=0, delta="k."),
                at("reasoning_summary_text.done", "rs_1", summary_index=0, text="Milk."),
                at("reasoning_summary_part.done", "rs_1", summary_index=0, part={"text": "Milk."}),
            ),
            SUMMARY,
        ),
        ("reasoning_summary_text", (), SUMMARY),
    ],
)
async def test_reasoning(
    kind: str, events: tuple[dict[str, Any], ...], item: dict[str, Any], cut: int | None
) -> None:
    item = {**item, "type": "reasoning"}

    received = await receive(sse(*events, done(item), *WHOLE[1:], end(item)), cut)

    assert list(received.streamed(kind).values()) == ["Milk."]
    thought, answer = received.response.output
    assert isinstance(thought, ResponseReasoningItem)
    texts = thought.summary if "summary" in kind else thought.content
    assert [part.text for part in texts or []] == ["Milk."]
    assert thought.encrypted_content == item.get("encrypted_content")
    assert isinstance(answer, ResponseOutputMessage)


def deltas(text: str) -> list[dict[str, Any]]:
    return [at("output_text.delta", delta=text[n : n + 3]) for n in range(0, len(text), 3)]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("sent", "thought", "answer"),
    [
        ("<think>\nOr eggs?</think>\n\nWhich milk?", "\nOr eggs?", "Which milk?"),
        ("Milk【4:0†source】 and eggs [", "", "Milk and eggs ["),
        ("<|channel|>analysis<|message|>Hm.<|end|><|channel|>final<|message|>Yes.", "Hm.", "Yes."),
    ],
)
async def test_reasoning_and_marks_in_a_text(
    sent: str, thought: str, answer: str, cut: int | None
) -> None:
    whole = message(sent)
    for events in (
        (added(message("")), *deltas(sent), done(whole), end(whole)),
        (*deltas(sent), at("output_text.done", text=sent), end()),
        (CREATED, end(whole)),
    ):
        received = await receive(sse(*events), cut)

        assert "".join(received.streamed().values()) == answer
        assert "".join(received.streamed("reasoning_text").values()) == thought
        *thoughts, final = received.response.output
        assert [each.type for each in thoughts] == ["reasoning"] * bool(thought)
        assert final.content[0].text == answer


async def test_text_that_is_only_a_thought_is_no_message() -> None:
    received = await receive(sse(*deltas("<think>Hm."), end(message("<think>Hm."))))

    assert [each.type for each in received.response.output] == ["reasoning"]


@pytest.mark.parametrize(
    "last", [{}, {"type": "error", "message": "x"}, {"type": "response.failed"}]
)
async def test_text_that_was_held_back_comes_before_an_error(last: dict[str, Any]) -> None:
    received = await receive(sse(*deltas("Milk ["), {"type": "ping", **last}))

    assert received.streamed() == {"msg_1": "Milk ["}
    assert received.error is not None


async def test_calls_of_hosted_tools_are_passed_through() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    searching = {"type": "response.web_search_call.searching", "item_id": "ws_1", "output_index": 0}

    received = await receive(
        sse(added({**search, "status": "in_progress"}), searching, done(search), end(search))
    )

    assert received.types == [
        "output_item.added",
        "web_search_call.searching",
        "output_item.done",
        "completed",
    ]
    assert isinstance(received.response.output[0], ResponseFunctionWebSearch)


async def test_citation_arrives_with_its_message() -> None:
    citation = {"type": "url_citation", "url": "http://h", "title": "t"} | dict.fromkeys(
        ("start_index", "end_index"), 0
    )
    part = {**text_part("Hello."), "annotations": [citation]}

    received = await receive(
        sse(
            added(message("")),
            *DELTAS,
            at("output_text.annotation.added", annotation=citation, annotation_index=0),
            done(message("", content=[part])),
            end(),
        )
    )

    assert "output_text.annotation.added" in received.types
    assert received.response.output[0].content[0].annotations[0].url == "http://h"


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (
            end(kind="incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "max_output_tokens",
        ),
        (
            end(
                kind="completed",
                status="incomplete",
                incomplete_details={"reason": "content_filter"},
            ),
            "content_filter",
        ),
        (end(kind="done", status="incomplete", incomplete_details=None), None),
        ({"type": "response.incomplete"}, None),
    ],
)
async def test_incomplete_answer_keeps_its_text(
    last: dict[str, Any], reason: str | None, cut: int | None
) -> None:
    received = await receive(sse(*WHOLE[:5], last), cut)

    response = received.response
    assert response.status == "incomplete"
    assert (response.incomplete_details and response.incomplete_details.reason) == reason
    assert response.output[0].content[0].text == "Hello."
    assert received.types == ONE_MESSAGE


BOOM = {"code": "server_error", "message": "boom"}
LIMIT = {"code": "rate_limit_exceeded", "message": "Rate limit reached. Try again in 7.2s."}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("last", "kind", "words"),
    [
        (sse(end(kind="failed", error=BOOM)), ModelReportedError, "boom"),
        (sse(end(kind="done", status="failed", error=BOOM)), ModelReportedError, "boom"),
        (sse(end(kind="failed", error=None)), ModelReportedError, "failed"),
        (sse(end(kind="cancelled")), ModelReportedError, "cancelled"),
        (sse(end(kind="failed", error=LIMIT)), ModelBusyError, "7.2s"),
        (sse({"type": "error", **BOOM}), ModelReportedError, "boom"),
        (sse({"type": "error", "error": LIMIT}), ModelBusyError, "7.2s"),
        (b"event: error\ndata: upstream closed\n\n", ModelReportedError, "upstream closed"),
        (b'data: {"error": "boom"}\n\n', ModelReportedError, "boom"),
        (b"", ModelBrokenOffError, ""),
        (b"data: [DONE]\n\n", ModelBrokenOffError, ""),
        (b'data: {"type": "response.output_te', ModelBrokenOffError, "response.output_te"),
    ],
)
async def test_text_before_an_error_is_kept(
    last: bytes, kind: type[ModelServerError], words: str, cut: int | None
) -> None:
    received = await receive(sse(*WHOLE[:5]) + last, cut)

    assert received.streamed() == {"msg_1": "Hello."}
    assert type(received.error) is kind
    assert received.error.model == "local"
    assert words in received.error.body


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ""),
        (b"\n\n", ""),
        (b"<html><h1>Sign in</h1></html>", "Sign in"),
        (b"Not found", "Not found"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"cut": ', "cut"),
        (b'data: {"choices": []}\n\n', '{"choices":[]}'),
    ],
)
async def test_body_without_an_answer_is_named(body: bytes, words: str) -> None:
    received = await receive(body)

    assert type(received.error) is ModelBrokenOffError
    assert words in received.error.body
    assert received.events == []


async def test_body_with_an_error_is_one() -> None:
    for body in (b'{"error": {"message": "no model"}}', b'[{"error": {"message": "no model"}}]'):
        received = await receive(body)

        assert type(received.error) is ModelReportedError
        assert "no model" in received.error.body


@pytest.mark.parametrize("cut", CUTS)
async def test_whole_answer_in_place_of_a_stream_is_shown(cut: int | None) -> None:
    body = sse(end(message("Hello."), object="response")).partition(b'"response": ')[2]

    received = await receive(body.rstrip()[:-1], cut)

    assert received.streamed() == {"msg_1": "Hello."}
    assert received.response.usage.total_tokens == 8


async def test_what_follows_the_answer_is_ignored() -> None:
    received = await receive(sse(*WHOLE, end(message("Hello.")), {"type": "error", **BOOM}))

    assert received.response.output[0].content[0].text == "Hello."


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (USAGE, (3, 2, 5, 1, 8)),
        ({"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}, (3, 0, 5, 0, 8)),
        ({"input_tokens": -3, "output_tokens": 5, "total_tokens": -1}, (0, 0, 5, 0, 5)),
        ({"input_tokens": "3", "output_tokens": 5.0, "total_tokens": None}, (3, 0, 5, 0, 8)),
        ({"input_tokens": 10**30, "output_tokens": 5, "total_tokens": True}, (0, 0, 5, 0, 5)),
    ],
)
async def test_usage_is_what_can_be_read(usage: Any, tokens: tuple[int, ...]) -> None:
    read = (await receive(sse(*WHOLE, end(usage=usage)))).response.usage

    assert tokens == (
        read.input_tokens,
        read.input_tokens_details.cached_tokens,
        read.output_tokens,
        read.output_tokens_details.reasoning_tokens,
        read.total_tokens,
    )


@pytest.mark.parametrize(
    "usage", [None, {}, {"input_tokens": None}, {"input_tokens": -1}, [], {"total_tokens": 1e999}]
)
async def test_unreadable_usage_is_none(usage: Any) -> None:
    assert (await receive(sse(*WHOLE, end(usage=usage)))).response.usage is None


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("deltas", "text"),
    [
        (rb'"\ud83d" "\ude00!"', "\U0001f600!"),
        (rb'"\ud83d" "!"', "\ufffd!"),
        (rb'"a" "\ud83d"', "a\ufffd"),
        (rb'"\ude00" "!"', "\ufffd!"),
        (b'"\xff" "!"', "\ufffd!"),
        (rb'"a\u0000" "b"', "ab"),
    ],
)
async def test_broken_characters(deltas: bytes, text: str, cut: int | None) -> None:
    body = b"".join(
        b'data: {"type": "response.output_text.delta", "item_id": "m", "delta": %s}\n\n' % delta
        for delta in deltas.split()
    )

    received = await receive(body + sse(end()), cut)

    assert received.streamed() == {"m": text}
    assert received.response.output[0].content[0].text == text
    received.response.model_dump_json().encode()


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("deltas", "arguments"),
    [
        (rb'"{\"a\": \"\ud83d" "\ude00\"}"', '{"a": "\U0001f600"}'),
        (rb'"{\"a\": \"" "\ud83d"', '{"a": "\ufffd'),
    ],
)
@pytest.mark.parametrize("is_repeated", [False, True])
async def test_halves_of_a_character_in_arguments(
    deltas: bytes, arguments: str, cut: int | None, is_repeated: bool
) -> None:
    body = b"".join(
        b'data: {"type": "response.function_call_arguments.delta", "item_id": "fc_1", '
        b'"delta": %s}\n\n' % delta
        for delta in deltas.replace(b'" "', b'"\n"').split(b"\n")
    )
    complete = done(call(arguments if is_repeated else ""))

    received = await receive(sse(CREATED, added(call(""))) + body + sse(complete, end()), cut)

    assert received.streamed("function_call_arguments") == {"fc_1": arguments}
    assert received.response.output[0].arguments == arguments
    received.response.model_dump_json().encode()
