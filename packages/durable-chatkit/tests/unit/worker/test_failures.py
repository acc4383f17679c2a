"""Model failures with both APIs: one visible error without internal details."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from stand_in_kit import TasksStandIn
from worker_kit import USER, Chat

from durable_chatkit.agent import failures
from durable_chatkit.storage.run import MAX_CRASHES
from todo_agent import confirmations
from todochat.contracts.runs import AcceptedRun
from todochat.testing import wait_until
from todochat.testing.logs import captured_logs
from todochat.testing.model_server import (
    Call,
    Disconnect,
    ErrorFrame,
    Gate,
    Raw,
    Say,
    ScriptedModelServer,
)


def errors(events: list[Any]) -> list[Any]:
    return [event for event in events if event.type == "error"]


async def failure_of(chat: Chat, run: AcceptedRun) -> Any:
    """Return the single error of a failed run."""
    assert await chat.wait_for_end(run) == "failed"
    (error,) = errors(await chat.events(run))
    assert error.allow_retry
    assert error.message
    return error


@pytest.mark.parametrize(("status", "failure"), [(429, failures.BUSY), (500, failures.UNREACHABLE)])
async def test_model_errors_are_retried_until_the_limit(
    chat: Chat,
    model: ScriptedModelServer,
    wire: str,
    model_client: str,
    status: int,
    failure: failures.Failure,
) -> None:
    for _ in range(3):
        model.fail(status, retry_after="0.01")
    await chat.start_worker(api=wire, model_client=model_client, model_retries=2)

    run = await chat.ask("hi")

    assert (await failure_of(chat, run)).message == failure.message
    assert (await chat.row(run))["error"] == failure.code
    assert len(model.requests) == 3


async def test_recovered_model_error_is_not_shown(
    chat: Chat, model: ScriptedModelServer, wire: str, model_client: str
) -> None:
    model.fail(429, retry_after="0.01")
    model.fail(503, retry_after="0.01")
    model.answer(Say("here I am"))
    await chat.start_worker(api=wire, model_client=model_client)

    run = await chat.ask("hi")

    assert await chat.wait_for_end(run) == "completed"
    assert errors(await chat.events(run)) == []


async def test_rejected_model_call_is_not_retried(chat: Chat, model: ScriptedModelServer) -> None:
    model.fail(401)
    await chat.start_worker()

    run = await chat.ask("hi")

    assert (await failure_of(chat, run)).message == failures.REFUSED.message
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [ErrorFrame("secret detail of the server"), Raw(b"data: {not json\n\n"), Disconnect()],
    ids=["error frame", "malformed", "disconnect"],
)
async def test_broken_stream_keeps_partial_text_and_shows_error(
    chat: Chat, model: ScriptedModelServer, wire: str, model_client: str, fault: Any
) -> None:
    gate = Gate()
    model.answer(Say("The answer", " is", gate), fault)
    await chat.start_worker(api=wire, model_client=model_client, model_retries=0)

    run = await chat.say("well?")
    await wait_until(lambda: chat.has_text(run, "The answer is"))
    gate.open()

    error = await failure_of(chat, run)
    assert "secret" not in error.model_dump_json()
    assert await chat.texts(run) == ["well?", "The answer is"]
    published = [event.type for event in await chat.events(run)]
    assert published.index("thread.item.done", 2) < published.index("error")
    assert "thread.item.removed" not in published


def cut_answer(reason: str | None, *content: dict[str, Any]) -> Raw:
    """Return the stream of an answer that a server of the Responses API cuts off."""
    details = {"reason": reason} if reason else None
    item = {"type": "message", "id": "msg_1", "role": "assistant", "content": list(content)}
    response = {"status": "incomplete", "incomplete_details": details, "output": [item]}
    event = {"type": "response.incomplete", "response": response}
    return Raw(f"data: {json.dumps(event)}\n\n".encode())


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("max_output_tokens", "length limit"),
        ("content_filter", "content filter"),
        (None, "cut off"),
    ],
)
async def test_cut_answer_keeps_its_text_and_shows_a_notice(
    chat: Chat, model: ScriptedModelServer, reason: str | None, words: str
) -> None:
    model.answer(cut_answer(reason, {"type": "output_text", "text": "The answer is"}))
    await chat.start_worker()

    run = await chat.ask("well?")

    assert await chat.wait_for_end(run) == "completed"
    assert await chat.texts(run) == ["well?", "The answer is"]
    events = await chat.events(run)
    (notice,) = [event for event in events if event.type == "notice"]
    assert words in notice.message
    assert errors(events) == []


async def test_cut_answer_without_text_fails_with_the_reason(
    chat: Chat, model: ScriptedModelServer
) -> None:
    model.answer(cut_answer("content_filter"))
    await chat.start_worker()

    run = await chat.ask("well?")

    assert "content filter" in (await failure_of(chat, run)).message
    assert "notice" not in {event.type for event in await chat.events(run)}


async def test_error_of_the_model_server_is_in_the_log(
    chat: Chat, model: ScriptedModelServer, model_client: str
) -> None:
    model.fail(404)
    await chat.start_worker(model_client=model_client)

    with captured_logs() as logs:
        run = await chat.ask("hi")

    (failed,) = [entry for entry in logs if entry["event"] == "run.failed"]
    assert failed["status"] == 404
    assert "scripted status 404" in failed["body"]
    assert "scripted" not in (await failure_of(chat, run)).message


async def test_failure_leaks_no_task(
    chat: Chat, model: ScriptedModelServer, running: Callable[[], Counter[str]]
) -> None:
    model.answer(Say("hello"))
    model.fail(401)
    worker = await chat.start_worker()
    await chat.ask("hi")
    before = running()

    await chat.ask("hi")

    await wait_until(lambda: not worker.active)
    await wait_until(lambda: not running() - before)


async def test_empty_answer_fails_the_run(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    model.answer()
    await chat.start_worker(api=wire)

    run = await chat.ask("hi")

    assert (await failure_of(chat, run)).message == failures.EMPTY.message


async def test_malformed_arguments_are_returned_to_the_model(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn
) -> None:
    model.answer(Call("add_task", '{"title": '))
    model.answer(Say("I got that wrong."))
    await chat.start_worker()

    run = await chat.ask("add milk")

    assert await chat.wait_for_end(run) == "completed"
    assert tasks.effects == []
    history = json.dumps(model.requests[1].history)
    assert "invalid-arguments" in history


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize(
    ("budget_s", "failures", "calls", "titles"),
    [(0.001, 10, 1, []), (20, 4, 5, ["milk"])],
    ids=["no budget: one call", "a budget for four retries"],
)
async def test_tool_call_is_retried_within_its_budget(
    chat: Chat,
    model: ScriptedModelServer,
    tasks: TasksStandIn,
    status: int,
    budget_s: float,
    failures: int,
    calls: int,
    titles: list[str],
) -> None:
    model.answer(Call("add_task", {"title": "milk"}))
    model.answer(Say("I tried."))
    tasks.failures = [status] * failures
    await chat.start_worker(tasks_retry_budget_s=budget_s)

    run = await chat.ask("add milk")

    assert await chat.wait_for_end(run) == "completed"
    sent = Counter((request.method, request.path) for request in tasks.requests)
    assert sent["POST", f"/api/{USER}/tasks"] == calls
    assert sent["GET", f"/api/{USER}/changes"] == 1  # for the card with Undo
    assert tasks.titles == titles


async def test_turn_completes_without_undo_if_its_changes_cannot_be_read(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirmations, "HISTORY_TIMEOUT_S", 0.5)
    gate = Gate()
    model.answer(Call("add_task", {"title": "milk"}))
    model.answer(Say("Added", gate, "."))
    await chat.start_worker(tasks_retry_budget_s=600)
    run = await chat.say_until(gate, "add milk")
    changes = len(tasks.requests)
    tasks.failures = [503] * 1000

    gate.open()

    assert await chat.wait_for_end(run) == "completed"
    assert {request.path for request in tasks.requests[changes:]} == {f"/api/{USER}/changes"}
    assert await chat.texts(run) == ["add milk", "Added."]
    assert errors(await chat.events(run)) == []


async def test_unknown_tool_fails_the_run(chat: Chat, model: ScriptedModelServer) -> None:
    model.answer(Call("launch_rocket"))
    await chat.start_worker()

    run = await chat.ask("launch")

    await failure_of(chat, run)


async def test_endless_tool_calls_are_stopped(chat: Chat, model: ScriptedModelServer) -> None:
    for _ in range(4):
        model.answer(Call("find_lists"))
    await chat.start_worker(max_turns=3)

    run = await chat.ask("hi")

    assert (await failure_of(chat, run)).message == failures.TOO_MANY_STEPS.message


async def test_retry_of_failed_turn_includes_its_side_effects(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn
) -> None:
    model.answer(Call("add_task", {"title": "milk"}))
    model.fail(500)
    model.answer(Say("I had added it already."))
    await chat.start_worker(model_retries=0)
    run = await chat.ask("add milk")
    message = (await chat.items(run))[0]

    again = await chat.request(
        {
            "type": "threads.retry_after_item",
            "params": {"thread_id": run.thread_id, "item_id": message.id},
        }
    )

    assert await chat.wait_for_end(again) == "completed"
    assert tasks.titles == ["milk"]
    assert '\\"milk\\"' in json.dumps(model.requests[2].history)
    assert await chat.texts(run) == ["add milk", "I had added it already."]


async def test_turn_after_failed_turn_works(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    gate = Gate()
    model.answer(Say("half", gate), ErrorFrame())
    model.answer(Say("whole"))
    await chat.start_worker(api=wire, model_retries=0)
    run = await chat.say("one")
    await wait_until(lambda: chat.has_text(run, "half"))
    gate.open()
    await chat.wait_for_end(run)

    last = await chat.ask("two", run.thread_id)

    assert await chat.wait_for_end(last) == "completed"
    assert await chat.texts(run) == ["one", "half", "two", "whole"]


async def test_poisoned_run_ends_as_failed(chat: Chat, model: ScriptedModelServer) -> None:
    run = await chat.say("hi")
    for _ in range(MAX_CRASHES + 1):
        assert await chat.claim_and_crash(run)

    await chat.start_worker()

    assert (await failure_of(chat, run)).message == failures.POISONED.message
    assert (await chat.row(run))["error"] == "poisoned"
    assert model.requests == []


async def test_action_without_handler_is_rejected(chat: Chat, model: ScriptedModelServer) -> None:
    model.answer(Say("hello"))
    await chat.start_worker()
    run = await chat.ask("hi")

    acted = await chat.request(
        {
            "type": "threads.custom_action",
            "params": {"thread_id": run.thread_id, "action": {"type": "dance", "payload": {}}},
        }
    )

    assert await chat.wait_for_end(acted) == "failed"
    (error,) = errors(await chat.events(acted))
    assert error.message == "This action isn't available here."
