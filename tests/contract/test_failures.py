"""Failures inside a stream: one error event, which says nothing of the inside."""

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
async def test_an_agents_own_error_is_what_the_person_reads(
    ada: Chatter, model: ScriptedModelServer, allow_retry: bool
) -> None:
    script(model, Call("fail", {"how": "custom", "allow_retry": allow_retry}), then=None)

    turn = await ada.tell("cook")

    (error,) = turn.errors
    assert (error.code, error.message) == ("custom", "The kitchen is closed.")
    assert error.allow_retry is allow_retry
    assert turn.ended == "failed"


@pytest.mark.parametrize("allow_retry", [True, False])
async def test_an_agents_coded_error_says_whether_to_try_again(
    ada: Chatter, model: ScriptedModelServer, allow_retry: bool
) -> None:
    script(model, Call("fail", {"how": "coded", "allow_retry": allow_retry}), then=None)

    turn = await ada.tell("cook")

    (error,) = turn.errors
    assert error.allow_retry is allow_retry
    assert turn.ended == "failed"


async def test_an_agents_crash_says_nothing_of_the_inside(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    script(model, Call("fail", {"how": "crash", "allow_retry": True}), then=None)

    turn = await ada.tell("cook")

    (error,) = turn.errors
    assert error.allow_retry is True
    assert turn.ended == "failed"
    assert "secret" not in str(turn.raw)


@pytest.mark.parametrize("broken", BREAKS)
async def test_a_model_that_breaks_off_is_an_error_with_a_retry(
    ada: Chatter, model: ScriptedModelServer, broken: str
) -> None:
    model.answer(Say("Half an ans"), BREAKS[broken])

    turn = await ada.tell("hello")

    (error,) = turn.errors
    assert error.allow_retry is True
    assert "secret" not in str(turn.raw)
    assert turn.outline[-1] in {"error", "thread.updated"}


async def test_a_model_that_refuses_is_an_error_with_a_retry(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    model.fail(400)

    turn = await ada.tell("hello")

    assert [error.allow_retry for error in turn.errors] == [True]
    assert turn.outline[:3] == ["thread.created", "done:user_message", "stream_options"]


async def test_a_failed_turn_keeps_the_message_and_what_was_said(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    model.answer(Say("Half an ans"), ErrorFrame())

    turn = await ada.tell("hello")

    stored = await ada.items(turn.thread_id)
    assert kinds(stored) == ["user_message", "assistant_message"]
    assert stored.data == turn.done
    assert turn.text == "Half an ans"


async def test_a_conversation_goes_on_after_a_failure(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    model.answer(Say("Half"), Disconnect())
    failed = await ada.tell("hello")
    script(model, then="Here I am.")

    turn = await ada.tell("are you there?", failed.thread_id)

    assert (turn.ended, turn.text) == ("completed", "Here I am.")
