"""Parsing of valid and invalid request bodies in both forms."""

import msgspec
import pytest
from chat_kit import MakeMessage
from chatkit.types import (
    ThreadsAddUserMessageReq,
    ThreadsCreateReq,
    ThreadsListReq,
    ThreadsUpdateReq,
)

from durable_chatkit.chatkit.limits import MAX_MESSAGE_CHARS, check_non_streaming_limits
from durable_chatkit.chatkit.requests import SimpleRequest, parse_request, simple_submission
from durable_chatkit.errors import UnknownRequestTypeError
from todochat.errors import BadRequestError, InvalidInputError


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b'{"type": "threads.list"',
        b'{"message": "\\ud800"}',
        b'{"type":"threads.add_client_tool_output","params":{"thread_id":"x","result":'
        + b"9" * 5000
        + b"}}",
        b"[" * 5000,
    ],
)
def test_invalid_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequestError):
        parse_request(body)


@pytest.mark.parametrize("body", [b"[]", b'"threads.list"', b"1", b"null", b"true"])
def test_non_object_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequestError):
        parse_request(body)


@pytest.mark.parametrize("kind", ["threads.explode", "", 5, None, ["threads.list"], {}])
def test_unknown_type_gets_400(kind: object) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse_request(msgspec.json.encode({"type": kind, "params": {}}))

    assert caught.value.status == 400
    assert isinstance(caught.value, UnknownRequestTypeError)


def test_missing_field_is_reported_with_its_pointer(message: MakeMessage) -> None:
    request = message()
    del request["params"]["input"]["attachments"]

    with pytest.raises(InvalidInputError) as caught:
        parse_request(msgspec.json.encode(request))

    assert caught.value.extensions["errors"][0].pointer == "/params/input/attachments"


def test_request_of_the_official_client_is_parsed(message: MakeMessage) -> None:
    assert isinstance(parse_request(msgspec.json.encode(message())), ThreadsCreateReq)
    assert isinstance(
        parse_request(b'{"type":"threads.list","params":{"limit":99999999999999999999}}'),
        ThreadsListReq,
    )


def test_simple_form_is_parsed() -> None:
    form = parse_request(b'{"message": "add milk", "conversation_id": 3}')

    assert form == SimpleRequest("add milk", 3)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": 5},
        {"message": None},
        {"message": ""},
        {"message": " \n"},
        {"message": "x" * (MAX_MESSAGE_CHARS + 1)},
        {"message": "hi", "conversation_id": 1.5},
        {"message": "hi", "conversation_id": True},
        {"message": "hi", "conversation_id": []},
        {"message": "hi", "user_id": "usr_other"},
        {"conversation_id": 1},
    ],
)
def test_invalid_simple_form_is_rejected(body: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_request(msgspec.json.encode(body))

    assert caught.value.extensions["errors"]


@pytest.mark.parametrize(
    ("name", "thread_id", "conversation_id"),
    [(3, None, 3), ("3", None, 3), ("thr_1", "thr_1", None), (-1, None, 0), (2**40, None, 0)],
)
def test_conversation_id_is_a_number_or_a_thread_id(
    name: int | str, thread_id: str | None, conversation_id: int | None
) -> None:
    submission = simple_submission(SimpleRequest("hi", name))

    assert (submission.thread_id, submission.conversation_id) == (thread_id, conversation_id)
    assert not submission.is_new_thread
    assert isinstance(submission.request, ThreadsAddUserMessageReq)


def test_missing_conversation_id_starts_a_conversation() -> None:
    assert simple_submission(SimpleRequest("hi")).is_new_thread


@pytest.mark.parametrize(("title", "is_fine"), [("", False), ("x", True), ("x" * 201, False)])
def test_title_length_is_limited(title: str, is_fine: bool) -> None:
    body = {"type": "threads.update", "params": {"thread_id": "thr_1", "title": title}}
    request = parse_request(msgspec.json.encode(body))
    assert isinstance(request, ThreadsUpdateReq)

    if is_fine:
        check_non_streaming_limits(request)
    else:
        with pytest.raises(InvalidInputError):
            check_non_streaming_limits(request)
