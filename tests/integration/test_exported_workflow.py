"""`examples/exported-workflow` over the whole stack: `run_workflow` as Agent Builder exports it."""

import json
from collections.abc import Iterator

import pytest

from stack_kit import SignUp, Stack, example_variables, run_stack
from todochat.testing.model_server import Say, ScriptedModelServer

pytestmark = pytest.mark.slow  # a stack of its own


@pytest.fixture(scope="module")
def desk(scripted_model: ScriptedModelServer) -> Iterator[Stack]:
    variables = example_variables("exported-workflow", "returns:run_workflow", scripted_model.url)
    yield from run_stack("returns", variables, workers=2)


def category(name: str) -> Say:
    return Say(json.dumps({"category": name}))


async def test_last_agent_of_the_workflow_answers(
    desk: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(desk)
    scripted_model.answer(category("question"))
    scripted_model.answer(Say("Free for 30 days."))
    scripted_model.answer(Say("Of course", ": it is free for 30 days!"))

    answer = await ada.ask("what does a return cost?")

    thread = (await ada.chatkit("threads.get_by_id", {"thread_id": answer.thread_id})).json()
    texts = [
        item["content"][0]["text"]
        for item in thread["items"]["data"]
        if item["type"] == "assistant_message"
    ]
    assert texts == ["Of course: it is free for 30 days!"]
    models = [request.body["model"] for request in scripted_model.requests[-3:]]
    assert models == ["gpt-4.1-mini", "gpt-5-mini", "gpt-4.1"]


async def test_structured_result_is_shown_as_text(
    desk: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(desk)
    form = {"book": "Emma", "reason": "read it", "label_sent_by": "post"}
    scripted_model.answer(category("return"))
    scripted_model.answer(Say(json.dumps(form)))

    answer = await ada.ask("I want to return Emma; I have no printer")

    assert "Emma" in answer.text
    assert "{" not in answer.text


async def test_agents_know_the_earlier_turns(
    desk: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(desk)
    scripted_model.answer(category("other"))
    first = await ada.ask("my book is Walden")
    scripted_model.answer(category("other"))

    second = await ada.ask("which book?", first.thread_id)

    assert second.text == "This is the return desk. I can answer questions about returns."
    assert "Walden" in str(scripted_model.requests[-1].history)
