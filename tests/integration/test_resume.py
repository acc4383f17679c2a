"""A dropped stream resumes on any gateway, with every frame once."""

import httpx
import pytest

from stack_kit import SignUp, Stack
from todochat.testing.model_server import Gate, Say, ScriptedModelServer
from todochat.testing.person import message


async def test_dropped_stream_resumes_at_its_cursor(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    gate = Gate()
    model.answer(Say("One", gate, " two", " three"))
    async with ada.say("count") as stream:
        run_id = stream.response.headers["x-run-id"]
        await stream.until("assistant_message.content_part.text_delta")

    gate.open()
    async with ada.attach(run_id, after=stream.last_id) as resumed:
        events = await resumed.rest()

    deltas = [
        event["update"]["delta"]
        for event in events
        if event.get("update", {}).get("type") == "assistant_message.content_part.text_delta"
    ]
    assert "".join(deltas) == " two three"
    assert resumed.ended == "completed"


async def test_late_viewer_on_another_gateway_gets_the_same_bytes(
    stack: Stack, sign_up: SignUp
) -> None:
    ada = await sign_up(stack)
    async with ada.say("add buy milk") as stream:
        run_id = stream.response.headers["x-run-id"]
        await stream.rest()

    replays = []
    for gateway in stack.urls("chat-gateway"):
        response = await ada.client.get(
            f"{gateway}/api/{ada.user_id}/chat/runs/{run_id}/events",
            headers={"Authorization": f"Bearer {ada.client_secret}", "X-Resumable": "1"},
        )
        replays.append(response.content)

    assert len(replays) == 2
    assert replays == [stream.raw, stream.raw]


async def test_active_run_is_found_after_a_reload_and_replayed(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    gate = Gate()
    model.answer(Say("One", gate, " two"))
    async with ada.say("count") as stream:
        thread_id = stream.response.headers["x-thread-id"]
        await stream.until("assistant_message.content_part.text_delta")

    found = await ada.runs(thread_id=thread_id, status="active")
    attach = {
        "type": "threads.custom_action",
        "params": {"thread_id": thread_id, "action": {"type": "run.attach", "payload": {}}},
    }
    async with ada.stream(attach) as attached:
        await attached.until("assistant_message.content_part.text_delta")
        gate.open()
        await attached.rest()

    assert [run["run_id"] for run in found] == [stream.response.headers["x-run-id"]]
    assert attached.ended == "completed"
    assert await ada.runs(thread_id=thread_id, status="active") == []


async def test_message_during_a_run_gets_409_with_the_run(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    gate = Gate()
    model.answer(Say("One", gate, " two"))
    async with ada.say("count") as stream:
        thread_id = stream.response.headers["x-thread-id"]
        await stream.until("assistant_message.content_part.text_delta")

        async with ada.say("hurry", thread_id) as second:
            problem = second.response.json()
        gate.open()
        await stream.rest()

    assert second.response.status_code == 409
    assert problem["type"] == "urn:todochat:problem:thread-busy"
    assert problem["run_id"] == stream.response.headers["x-run-id"]


async def test_message_sent_twice_is_one_run(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)
    body = message("add buy milk")
    key = {"Idempotency-Key": "message-1"}

    async with ada.stream(body, headers=key) as first, ada.stream(body, headers=key) as second:
        events = [await first.rest(), await second.rest()]

    assert first.response.headers["x-run-id"] == second.response.headers["x-run-id"]
    assert events[0] == events[1]
    assert len(await ada.tasks()) == 1


async def test_client_without_resume_gets_plain_frames(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)

    async with ada.stream(message("add buy milk"), resumable=False) as stream:
        await stream.rest()

    assert b"id: " not in stream.raw
    assert b": end" not in stream.raw
    assert stream.raw.startswith(b"data: {")


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", ""])
async def test_non_numeric_cursor_is_refused(stack: Stack, sign_up: SignUp, cursor: str) -> None:
    ada = await sign_up(stack)
    answer = await ada.ask("hello")

    response = await ada.client.get(
        f"/api/{ada.user_id}/chat/runs/{answer.run_id}/events",
        headers={"Authorization": f"Bearer {ada.client_secret}", "Last-Event-ID": cursor},
    )

    assert response.status_code == 400


async def test_edge_retries_on_the_other_gateway(stack: Stack, sign_up: SignUp) -> None:
    """Requests to a dead gateway are served by the other one."""
    ada = await sign_up(stack)
    async with httpx.AsyncClient() as direct:
        for gateway in stack.urls("chat-gateway"):
            assert (await direct.get(f"{gateway}/health/ready")).status_code == 200

    answers = [await ada.chatkit("threads.list") for _ in range(10)]

    assert {answer.status_code for answer in answers} == {200}
