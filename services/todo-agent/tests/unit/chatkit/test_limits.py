"""Each bound of a request from both sides."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from chatkit.types import is_streaming_req

from todo_agent.chatkit.limits import (
    MAX_ATTACHMENTS,
    MAX_CONTENT_PARTS,
    MAX_FEEDBACK_ITEMS,
    MAX_MESSAGE_CHARS,
    MAX_TITLE_CHARS,
    check_non_streaming,
    check_streaming,
)
from todo_agent.chatkit.requests import SimpleForm, parse_request
from todochat.errors import InvalidInputError


def title(length: int) -> dict[str, Any]:
    return {"type": "threads.update", "params": {"thread_id": "thr_1", "title": "x" * length}}


def feedback(count: int) -> dict[str, Any]:
    ids = [f"msg_{n}" for n in range(count)]
    params = {"thread_id": "thr_1", "item_ids": ids, "kind": "positive"}
    return {"type": "items.feedback", "params": params}


def new_thread(**changes: Any) -> dict[str, Any]:
    said = {
        "content": [{"type": "input_text", "text": "hi"}],
        "attachments": [],
        "inference_options": {},
        **changes,
    }
    return {"type": "threads.create", "params": {"input": said}}


def text(length: int) -> dict[str, Any]:
    return new_thread(content=[{"type": "input_text", "text": "x" * length}])


def quoted(length: int) -> dict[str, Any]:
    return new_thread(quoted_text="x" * (length - len("hi")))


def parts(count: int) -> dict[str, Any]:
    return new_thread(content=[{"type": "input_text", "text": "hi"}] * count)


def attachments(count: int) -> dict[str, Any]:
    return new_thread(attachments=[f"atc_{n}" for n in range(count)])


def check(body: dict[str, Any]) -> None:
    request: Any = parse_request(msgspec.json.encode(body))
    (check_streaming if is_streaming_req(request) else check_non_streaming)(request)


@pytest.mark.parametrize(
    ("make", "limit", "pointer"),
    [
        (title, MAX_TITLE_CHARS, "/params/title"),
        (feedback, MAX_FEEDBACK_ITEMS, "/params/item_ids"),
        (text, MAX_MESSAGE_CHARS, "/params/input/content"),
        (quoted, MAX_MESSAGE_CHARS, "/params/input/content"),
        (parts, MAX_CONTENT_PARTS, "/params/input/content"),
        (attachments, MAX_ATTACHMENTS, "/params/input/attachments"),
    ],
)
def test_a_request_is_taken_up_to_its_limit_and_not_beyond(
    make: Callable[[int], dict[str, Any]], limit: int, pointer: str
) -> None:
    check(make(limit))

    with pytest.raises(InvalidInputError) as caught:
        check(make(limit + 1))

    assert [error.pointer for error in caught.value.extensions["errors"]] == [pointer]


@pytest.mark.parametrize("make", [title, feedback])
def test_what_has_a_least_size_is_refused_below_it(make: Callable[[int], dict[str, Any]]) -> None:
    check(make(1))

    with pytest.raises(InvalidInputError):
        check(make(0))


def test_the_simple_form_is_taken_up_to_its_limit_and_not_beyond() -> None:
    longest = {"message": "x" * MAX_MESSAGE_CHARS}
    assert parse_request(msgspec.json.encode(longest)) == SimpleForm("x" * MAX_MESSAGE_CHARS)

    with pytest.raises(InvalidInputError):
        parse_request(msgspec.json.encode({"message": "x" * (MAX_MESSAGE_CHARS + 1)}))
