"""Conversion of ChatKit frames into the lines of the simple form."""

import json
from typing import Any

import pytest

from chat_gateway.streams.simple_format import SimpleFormat
from todochat.bus.frames import EndStatus, encode_end, encode_frame


def frames(*events: dict[str, Any]) -> bytes:
    return b"".join(encode_frame(n, json.dumps(e).encode()) for n, e in enumerate(events, 1))


def update(kind: str, item_id: str = "msg_1", **members: object) -> dict[str, Any]:
    return {
        "type": "thread.item.updated",
        "item_id": item_id,
        "update": {"type": f"assistant_message.content_part.{kind}", "content_index": 0, **members},
    }


def message(
    kind: str, text: str, item_id: str = "msg_1", item_type: str = "assistant_message"
) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    item = {"id": item_id, "type": item_type, "thread_id": "thr_1", "content": content}
    return {"type": f"thread.item.{kind}", "item": item}


def test_each_delta_is_one_line() -> None:
    data = frames(update("text_delta", delta="Good "), update("text_delta", delta="day"))

    assert SimpleFormat().frames(data) == (
        b'data: {"type":"text","content":"Good "}\n\ndata: {"type":"text","content":"day"}\n\n'
    )


def test_line_breaks_and_quotes_are_escaped() -> None:
    line = SimpleFormat().frames(frames(update("text_delta", delta='a\n\n"b"\u2028')))

    assert line.count(b"\n") == 2
    assert json.loads(line.removeprefix(b"data: "))["content"] == 'a\n\n"b"\u2028'


def test_streamed_message_is_not_repeated_when_done() -> None:
    form = SimpleFormat()
    form.frames(frames(message("added", ""), update("text_delta", delta="hi")))

    done = update("done", content={"text": "hi", "type": "output_text"})
    assert form.frames(frames(done, message("done", "hi"))) == b""


def test_message_without_deltas_is_sent_once() -> None:
    form = SimpleFormat()

    lines = form.frames(
        frames(message("added", ""), message("done", "Hello."), message("done", "-"))
    )

    assert lines == b'data: {"type":"text","content":"Hello."}\n\n'


def test_initial_text_of_a_part_is_sent() -> None:
    part = update("added", content={"text": "Hi", "type": "output_text", "annotations": []})

    assert SimpleFormat().frames(frames(part)) == b'data: {"type":"text","content":"Hi"}\n\n'


@pytest.mark.parametrize(
    "event",
    [
        {"type": "thread.created", "thread": {"id": "thr_1"}},
        {"type": "thread.item.removed", "item_id": "msg_1"},
        {"type": "progress_update", "text": "searching"},
        {"type": "client_effect", "name": "tasks.changed", "data": {}},
        {"type": "a.type.of.tomorrow", "item": 7, "update": "x", "message": 1},
        message("done", "my own words", item_type="user_message"),
        {"type": "thread.item.done", "item": {"type": "workflow", "id": "w", "content": 3}},
        {"type": "thread.item.updated", "item_id": "w", "update": {"type": "w", "delta": 3}},
    ],
)
def test_other_events_are_dropped(event: dict[str, Any]) -> None:
    assert SimpleFormat().frames(frames(event)) == b""


def test_completed_run_ends_with_done() -> None:
    assert SimpleFormat().ended("completed", encode_end(1, "completed")) == b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("status", "message"),
    [("failed", "Failed to process message"), ("cancelled", "The response was stopped")],
)
def test_failed_or_cancelled_run_ends_with_an_error(status: EndStatus, message: str) -> None:
    line = SimpleFormat().ended(status, encode_end(1, status))

    assert line == b'data: {"type":"error","message":"' + message.encode() + b'"}\n\n'


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_error_is_sent_once_and_nothing_follows(status: EndStatus) -> None:
    form = SimpleFormat()
    first = form.frames(frames({"type": "error", "code": "stream.error", "allow_retry": True}))

    assert first == b'data: {"type":"error","message":"Failed to process message"}\n\n'
    assert form.ended(status, encode_end(2, status)) == b""
    assert form.failed("too late") == b""
