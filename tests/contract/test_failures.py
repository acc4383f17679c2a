"""Failures in a stream: one error event without internals."""

import pytest

from contract.chat_kit import Chatter, kinds, script
from todochat.testing.model_server import (
    Call,
    Disconnect,
    ErrorFrame,
    Raw,
    Say,
    ScriptedModelServer,
)

BREAKS: dict[str, ErrorFrame | Disconnect | Raw] = {
    "error": ErrorFrame("secret of the model"),
    "disconnect": Disconnect(),
    "malformed": Raw(b"data: {secret\n\n"),
}


@pytest.mark.parametrize("allow_retry", [True, False])
async def test_agents_error_message_reaches_the_user(
    ada: Chatter, model: ScriptedModelServer, allow_retry: bool
) -> None:
    script(model, Call("fail", {"how": "custom", "allow_retry": allow_retry}), then=None)

    turn = await ada.send_message("cook")

    (error,) = turn.errors
    assert (error.code, error.message) == ("custom", "The kitchen is closed.")
    assert error.allow_retry is allow_retry
    assert turn.ended == "failed"


@pytest.mark.parametrize("allow_retry", [True, False])
async def test_agents_coded_error_states_whether_retry_is_allowed(
    ada: Chatter, model: ScriptedModelServer, allow_retry: bool
) -> None:
    script(model, Call("fail", {"how": "coded", "allow_retry": allow_retry}), then=None)

    turn = await ada.send_message("cook")

    (error,) = turn.errors
    assert error.allow_retry is allow_retry
    assert turn.ended == "failed"


async def test_agent_crash_reveals_no_internals(ada: Chatter, model: ScriptedModelServer) -> None:
    script(model, Call("fail", {"how": "crash", "allow_retry": True}), then=None)

    turn = await ada.send_message("cook")

    (error,) = turn.errors
    assert error.allow_retry is True
    assert turn.ended == "failed"
    assert "secret" not in str(turn.raw)


@pytest.mark.parametrize("broken", BREAKS)
async def test_broken_model_stream_is_a_retryable_error(
    ada: Chatter, model: ScriptedModelServer, broken: str
) -> None:
    model.answer(Say("Half an ans"), BREAKS[broken])

    turn = await ada.send_message("hello")

    (error,) = turn.errors
    assert error.allow_retry is True
    assert "secret" not in str(turn.raw)
    assert turn.outline[-1] in {"error", "thread.updated"}


async def test_model_refusal_is_a_retryable_error(ada: Chatter, model: ScriptedModelServer) -> None:
    model.fail(400)

    turn = await ada.send_message("hello")

    assert [error.allow_retry for error in turn.errors] == [True]
    assert turn.outline[:3] == ["thread.created", "done:user_message", "stream_options"]


async def test_failed_turn_keeps_message_and_streamed_text(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    model.answer(Say("Half an ans"), ErrorFrame())

    turn = await ada.send_message("hello")

    stored = await ada.items(turn.thread_id)
    assert kinds(stored) == ["user_message", "assistant_message"]
    assert stored.data == turn.done
    assert turn.text == "Half an ans"


async def test_conversation_continues_after_a_failure(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    model.answer(Say("Half"), Disconnect())
    failed = await ada.send_message("hello")
    script(model, then="Here I am.")

    turn = await ada.send_message("are you there?", failed.thread_id)

    assert (turn.ended, turn.text) == ("completed", "Here I am.")
