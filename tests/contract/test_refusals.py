"""The server's refusals: one problem document each, before any stream starts."""

from typing import Any

import pytest

from contract.chat_kit import UNKNOWN_ITEM, UNKNOWN_THREAD, Chatter, script, user_input
from todochat.testing.model_server import ScriptedModelServer

ACTION = {"type": "open", "payload": {}}
NAMING_A_THREAD: dict[str, dict[str, Any]] = {
    "threads.get_by_id": {},
    "threads.add_user_message": {"input": user_input("hello")},
    "threads.add_client_tool_output": {"result": {"ok": True}},
    "threads.add_structured_input": {"item_id": UNKNOWN_ITEM, "input": {}},
    "threads.custom_action": {"action": ACTION},
    "threads.sync_custom_action": {"action": ACTION},
    "threads.retry_after_item": {"item_id": UNKNOWN_ITEM},
    "threads.update": {"title": "Mine now"},
    "threads.delete": {},
    "items.list": {},
    "items.feedback": {"item_ids": [UNKNOWN_ITEM], "kind": "positive"},
}
NAMING_AN_ITEM = [request for request, params in NAMING_A_THREAD.items() if "item" in str(params)]
REQUIRED = {
    "threads.create": ["input"],
    "threads.add_user_message": ["thread_id", "input"],
    "threads.add_client_tool_output": ["thread_id", "result"],
    "threads.add_structured_input": ["thread_id", "item_id", "input"],
    "threads.custom_action": ["thread_id", "action"],
    "threads.sync_custom_action": ["thread_id", "action"],
    "threads.retry_after_item": ["thread_id", "item_id"],
    "threads.get_by_id": ["thread_id"],
    "threads.update": ["thread_id", "title"],
    "threads.delete": ["thread_id"],
    "items.list": ["thread_id"],
    "items.feedback": ["thread_id", "item_ids", "kind"],
    "attachments.create": ["name", "size", "mime_type"],
    "attachments.delete": ["attachment_id"],
    "input.transcribe": ["audio_base64", "mime_type"],
}
WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "thread id": ("threads.get_by_id", {"thread_id": 7}),
    "order": ("threads.list", {"order": "sideways"}),
    "limit": ("threads.list", {"limit": "many"}),
    "cursor": ("threads.list", {"after": {}}),
    "kind": (
        "items.feedback",
        {"thread_id": UNKNOWN_THREAD, "item_ids": [UNKNOWN_ITEM], "kind": "meh"},
    ),
    "ids": ("items.feedback", {"thread_id": UNKNOWN_THREAD, "item_ids": "one", "kind": "positive"}),
    "no ids": ("items.feedback", {"thread_id": UNKNOWN_THREAD, "item_ids": [], "kind": "positive"}),
    "title": ("threads.update", {"thread_id": UNKNOWN_THREAD, "title": None}),
    "empty title": ("threads.update", {"thread_id": UNKNOWN_THREAD, "title": ""}),
    "long title": ("threads.update", {"thread_id": UNKNOWN_THREAD, "title": "x" * 201}),
    "action": ("threads.custom_action", {"thread_id": UNKNOWN_THREAD, "action": "open"}),
    "size": ("attachments.create", {"name": "a.txt", "size": "big", "mime_type": "text/plain"}),
}
WRONG_MESSAGE: dict[str, dict[str, Any]] = {
    "no content": {"content": []},
    "blank": {"content": [{"type": "input_text", "text": " \n"}]},
    "content is text": {"content": "hello"},
    "unknown part": {"content": [{"type": "input_audio", "text": "hello"}]},
    "part without type": {"content": [{"text": "hello"}]},
    "text is missing": {"content": [{"type": "input_text"}]},
    "tag without data": {"content": [{"type": "input_tag", "id": "1", "text": "Milk"}]},
    "too long": {"content": [{"type": "input_text", "text": "x" * 32_001}]},
    "too many parts": {"content": [{"type": "input_text", "text": "x"}] * 101},
    "attachments are objects": {"attachments": [{"id": "atc_1"}]},
    "too many attachments": {"attachments": ["atc_1"] * 21},
    "options are missing": {"inference_options": None},
    "tool without id": {"inference_options": {"tool_choice": {}}},
    "quote is a list": {"quoted_text": ["a"]},
}


@pytest.mark.parametrize("request_type", NAMING_A_THREAD)
async def test_unknown_thread_returns_404(eve: Chatter, request_type: str) -> None:
    params = NAMING_A_THREAD[request_type]

    refused = await eve.refusal(request_type, thread_id=UNKNOWN_THREAD, **params)

    assert refused == (404, "not-found")


@pytest.mark.parametrize("request_type", NAMING_A_THREAD)
async def test_other_users_thread_returns_404(
    ada: Chatter, bob: Chatter, model: ScriptedModelServer, request_type: str
) -> None:
    script(model)
    hers = await ada.send_message("hello")
    message = hers.done[0].id
    params = NAMING_A_THREAD[request_type]
    named = {name: _name(value, message) for name, value in params.items()}

    refused = await bob.refusal(request_type, thread_id=hers.thread_id, **named)

    assert refused == (404, "not-found")
    thread = await ada.thread(hers.thread_id)
    assert (thread.title, thread.items.data) == ("Hello", hers.done)


@pytest.mark.parametrize("request_type", NAMING_AN_ITEM)
async def test_unknown_item_returns_404(
    ada: Chatter, model: ScriptedModelServer, request_type: str
) -> None:
    script(model)
    turn = await ada.send_message("hello")

    refused = await ada.refusal(
        request_type, thread_id=turn.thread_id, **NAMING_A_THREAD[request_type]
    )

    assert refused == (404, "not-found")
    assert (await ada.items(turn.thread_id)).data == turn.done


@pytest.mark.parametrize("request_type", REQUIRED)
async def test_every_missing_field_is_named(eve: Chatter, request_type: str) -> None:
    response = await eve.chatkit(request_type, {})

    assert response.status_code == 422
    pointers = {error["pointer"] for error in response.json()["errors"]}
    assert pointers == {f"/params/{name}" for name in REQUIRED[request_type]}


@pytest.mark.parametrize("case", WRONG)
async def test_invalid_field_is_refused(eve: Chatter, case: str) -> None:
    request_type, params = WRONG[case]

    assert await eve.refusal(request_type, **params) == (422, "invalid-input")


@pytest.mark.parametrize("case", WRONG_MESSAGE)
async def test_invalid_message_creates_no_thread(eve: Chatter, case: str) -> None:
    message = user_input("hello", **WRONG_MESSAGE[case])

    response = await eve.chatkit("threads.create", {"input": message})

    assert response.status_code == 422
    pointers = [error["pointer"] for error in response.json()["errors"]]
    assert all(pointer.startswith("/params/input/") for pointer in pointers)
    assert (await eve.threads()).data == []


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"type": "threads.explode", "params": {}}, (400, "unknown-request-type")),
        ({"type": None, "params": {}}, (400, "unknown-request-type")),
        ({"type": "threads.list"}, (422, "invalid-input")),
        ({"type": "threads.list", "params": []}, (422, "invalid-input")),
        ({"type": "threads.list", "params": {}, "metadata": "x"}, (422, "invalid-input")),
        ({}, (422, "invalid-input")),
    ],
    ids=["unknown", "null", "no-params", "params-list", "metadata", "empty"],
)
async def test_body_that_is_no_request_is_refused(
    eve: Chatter, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert await eve.refusal_of(body) == refusal


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"hello"', b"\xff", b'{"type": "threads.l'])
async def test_body_that_is_no_json_object_is_refused(eve: Chatter, body: bytes) -> None:
    response = await eve.client.post(
        f"/api/{eve.user_id}/chat",
        content=body,
        headers={"Authorization": f"Bearer {eve.client_secret}"},
    )

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


async def test_unknown_fields_are_ignored(ada: Chatter, model: ScriptedModelServer) -> None:
    """A newer client may send fields unknown to this server's openai-chatkit."""
    script(model)
    body = {
        "type": "threads.create",
        "params": {"input": user_input("hello", mood="good"), "colour": "red"},
        "trace": 1,
    }

    async with ada.stream(body) as stream:
        await stream.rest()

    assert stream.ended == "completed"


def _name(value: Any, item_id: str) -> Any:
    """Replace the unknown item's ID with a real one."""
    if value == [UNKNOWN_ITEM]:
        return [item_id]
    return item_id if value == UNKNOWN_ITEM else value
