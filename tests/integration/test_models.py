"""The whole path with a scripted model, for each of OpenAI's two APIs."""

import pytest

from stack_kit import SignUp, Stack
from todochat.testing.model_script import Part
from todochat.testing.model_server import (
    Call,
    Disconnect,
    ErrorFrame,
    Gate,
    Raw,
    Say,
    ScriptedModelServer,
)

ASK = {"title": "Buy milk"}


async def test_tokens_stream_one_by_one(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    """The model sends its second word only after the client has received the first."""
    ada = await sign_up(model_stack)
    gates = [Gate(), Gate()]
    model.answer(Say("One", gates[0], " two", gates[1], " three"))

    async with ada.say("count") as stream:
        seen = []
        for gate in gates:
            seen.append((await stream.until("assistant_message.content_part.text_delta"))["update"])
            gate.open()
        await stream.rest()

    assert [update["delta"] for update in seen] == ["One", " two"]
    assert stream.ended == "completed"


async def test_tool_call_creates_a_task_and_returns_its_result_to_the_model(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    model.answer(Call("add_task", {"title": "Buy milk", "priority": "high"}))
    model.answer(Say("Added", " it."))

    answer = await ada.ask("buy milk, it is urgent")

    assert (answer.text, answer.ended) == ("Added it.", "completed")
    (task,) = await ada.tasks()
    assert (task["title"], task["priority"]) == ("Buy milk", "high")
    assert "Buy milk" in str(model.requests[1].history)


async def test_parallel_tool_calls_all_run(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    model.answer(*(Call("add_task", {"title": title}) for title in ("Milk", "Eggs", "Bread")))
    model.answer(Say("Three."))

    await ada.ask("milk, eggs and bread")

    assert {task["title"] for task in await ada.tasks()} == {"Milk", "Eggs", "Bread"}


async def test_repeated_call_ids_are_separate_calls(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    """Some servers number the calls of each response from `call_0`."""
    ada = await sign_up(model_stack)
    model.answer(Call("add_task", {"title": "Milk"}, call_id="call_0"))
    model.answer(Call("add_task", {"title": "Eggs"}, call_id="call_0"))
    model.answer(Say("Both."))

    answer = await ada.ask("milk, then eggs")

    assert answer.ended == "completed"
    assert {task["title"] for task in await ada.tasks()} == {"Milk", "Eggs"}


async def test_later_turns_include_the_history_and_tool_results(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    model.answer(Call("add_task", ASK))
    for text in ("First.", "Second.", "Third."):
        model.answer(Say(text))

    first = await ada.ask("add buy milk")
    second = await ada.ask("and now?", first.thread_id)
    third = await ada.ask("and then?", first.thread_id)

    assert [answer.text for answer in (first, second, third)] == ["First.", "Second.", "Third."]
    history = str(model.requests[-1].history)
    for text in ("add buy milk", "First.", "and now?", "Second.", "and then?"):
        assert text in history


async def test_stream_stays_open_for_a_slow_first_token(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    gate = Gate()
    model.answer(gate, Say("At last."))

    async with ada.say("take your time") as stream:
        await stream.until("stream_options")
        await gate.wait_reached()
        gate.open()
        events = await stream.rest()

    assert events[-1]["type"] in {"thread.item.done", "thread.updated"}
    assert stream.ended == "completed"


@pytest.mark.parametrize(
    "broken",
    [
        [Say("Half a")],
        [ErrorFrame("internal secret 42")],
        [Disconnect()],
        [Raw(b"data: {not json\n\n")],
    ],
    ids=["none", "error", "disconnect", "malformed"],
)
async def test_broken_model_stream_ends_in_a_visible_error(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp, broken: list[Part]
) -> None:
    ada = await sign_up(model_stack)
    if isinstance(broken[0], Say):
        model.answer(*broken)
    else:
        model.answer(Say("Half a"), *broken)

    answer = await ada.ask("hello")

    if isinstance(broken[0], Say):
        assert (answer.ended, answer.errors) == ("completed", [])
        return
    assert answer.ended == "failed"
    (error,) = answer.errors
    assert error["allow_retry"] is True
    assert "secret" not in str(answer.events)


async def test_malformed_arguments_are_returned_to_the_model(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    model.answer(Call("add_task", '{"title": '))
    model.answer(Say("Sorry, again?"))

    answer = await ada.ask("add something")

    assert (answer.text, answer.ended) == ("Sorry, again?", "completed")
    assert await ada.tasks() == []


@pytest.mark.parametrize("status", [429, 500])
async def test_model_error_is_retried(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp, status: int
) -> None:
    ada = await sign_up(model_stack)
    model.fail(status, retry_after="0")
    model.answer(Say("Here."))

    assert (await ada.ask("hello")).text == "Here."


async def test_permanent_model_error_is_retryable_by_the_user(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    for _ in range(3):
        model.fail(500, retry_after="0")

    answer = await ada.ask("hello")

    assert answer.ended == "failed"
    assert [error["allow_retry"] for error in answer.errors] == [True]


async def test_retry_regenerates_the_response(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    model.answer(Say("Half"), ErrorFrame())
    failed = await ada.ask("hello")
    user_message = next(item for item in failed.items if item["type"] == "user_message")
    model.answer(Say("Whole."))

    params = {"thread_id": failed.thread_id, "item_id": user_message["id"]}
    async with ada.stream({"type": "threads.retry_after_item", "params": params}) as stream:
        events = await stream.rest()

    done = [event["item"] for event in events if event["type"] == "thread.item.done"]
    assert [item["content"][0]["text"] for item in done if item["type"] == "assistant_message"] == [
        "Whole."
    ]
    page = (await ada.chatkit("items.list", {"thread_id": failed.thread_id})).json()
    assert [item["type"] for item in page["data"]].count("user_message") == 1


async def test_stop_keeps_streamed_text_and_closes_the_model_stream(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    gate = Gate()
    model.answer(Say("Half", gate, " never said"))

    async with ada.say("talk") as stream:
        run_id = stream.response.headers["x-run-id"]
        await stream.until("assistant_message.content_part.text_delta")
        cancelled = await ada.cancel(run_id)
        await stream.rest()

    assert cancelled.status_code == 202
    assert stream.ended == "cancelled"
    page = (
        await ada.chatkit(
            "items.list", {"thread_id": stream.response.headers["x-thread-id"], "order": "asc"}
        )
    ).json()
    assert page["data"][-1]["content"][0]["text"] == "Half"
    assert model.requests[-1].closed_by_client


DEEP = 5_000
UNUSABLE_ARGUMENTS = [
    '{"title": ' + "[" * DEEP + "]" * DEEP + "}",
    '{"a":' * DEEP + "1" + "}" * DEEP,
    "[" * DEEP,
    '{"title": "x", "tags": ' + "[" * 900 + "]" * 900 + "}",
    '{"title": ' + "1" * DEEP + "}",
    '{"title": 1e999}',
    '{"title": NaN}',
    '{"title": "nul \\u0000"}',
    '{"title": "x", "due_at": "0000-01-01T00:00:00Z"}',
    '{"title": "x", "due_at": "9999-12-31T23:59:59-23:59"}',
    '{"title": "x", "due_at": "0001-01-01T00:00:00+23:59"}',
    '{"title": "x", "due_date": "9999-12-31"}',
    '{"title": "' + "x" * 300_000 + '"}',
    "[1]",
    '"x"',
    "null",
]


async def test_unusable_arguments_are_reported_to_the_model(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    """Arguments that overflow a parser or that can't be stored; the model can correct them."""
    ada = await sign_up(model_stack)
    model.answer(*(Call("add_task", arguments) for arguments in UNUSABLE_ARGUMENTS))
    model.answer(Say("Sorry."))

    answer = await ada.ask("add milk")

    assert (answer.text, answer.ended) == ("Sorry.", "completed")
    outputs = [
        entry.get("output") or entry["content"]
        for entry in model.requests[-1].history
        if "function_call_output" in entry.get("type", "") or entry.get("role") == "tool"
    ]
    assert len(outputs) == len(UNUSABLE_ARGUMENTS)
    assert [output for output in outputs if '"ok": false' not in output] == []
    assert await ada.tasks() == []


async def test_invalid_utf8_text_becomes_replacement_characters(
    model_stack: Stack, model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(model_stack)
    model.answer(Call("add_task", '{"title": "half \\ud83d"}'))
    model.answer(Say("Half \ud83d", " an emoji \udc00", " and \ud83d\ude00."))
    model.answer(Say("Yes."))

    answer = await ada.ask("add half")
    again = await ada.ask("is it there?", answer.thread_id)

    assert (answer.text, answer.ended) == (
        "Half \ufffd an emoji \ufffd and \U0001f600.",
        "completed",
    )
    assert again.ended == "completed"
    (task,) = await ada.tasks()
    assert task["title"] == "half \ufffd"
