"""`examples/own-server` over the whole stack: a ChatKitServer that knows only openai-chatkit."""

from collections.abc import Iterator
from typing import Any

import pytest

from stack_kit import SignUp, Stack, example_variables, run_stack
from todochat.testing.model_script import ModelRequest
from todochat.testing.model_server import Call, Say, ScriptedModelServer, ScriptedResponse
from todochat.testing.person import ChatResponse, Person

pytestmark = pytest.mark.slow  # a stack of its own


@pytest.fixture(scope="module")
def shop(scripted_model: ScriptedModelServer) -> Iterator[Stack]:
    variables = example_variables("own-server", "shop:ShopServer", scripted_model.url)
    yield from run_stack("shop", variables, workers=2)


@pytest.fixture
def clerk(scripted_model: ScriptedModelServer) -> list[Call | Say]:
    """The clerk's next answers; the titler, which runs beside it, always has the same one."""
    answers: list[Call | Say] = []

    def answer(request: ModelRequest) -> ScriptedResponse:
        is_title = "title of 2 to 5 words" in str(request.body)
        return ScriptedResponse(parts=(Say("Old books") if is_title else answers.pop(0),))

    scripted_model.otherwise = answer
    return answers


async def see_books(person: Person, clerk: list[Call | Say]) -> tuple[ChatResponse, dict[str, Any]]:
    """Ask for the books; return the response and its widget."""
    clerk += [Call("show_books"), Say("Which one?")]
    answer = await person.ask("what do you have?")
    (widget,) = [item for item in answer.items if item["type"] == "widget"]
    return answer, widget


async def test_server_shows_its_widget_and_titles_the_thread(
    shop: Stack, clerk: list[Call | Say], sign_up: SignUp
) -> None:
    ada = await sign_up(shop)

    answer, widget = await see_books(ada, clerk)

    assert answer.text == "Which one?"
    assert "Dracula" in str(widget["widget"])
    thread = (await ada.chatkit("threads.get_by_id", {"thread_id": answer.thread_id})).json()
    assert thread["title"] == "Old books"


async def test_click_fills_the_basket_and_the_model_knows_it(
    shop: Stack, clerk: list[Call | Say], sign_up: SignUp, scripted_model: ScriptedModelServer
) -> None:
    ada = await sign_up(shop)
    answer, widget = await see_books(ada, clerk)
    button = widget["widget"]["children"][0]["children"][1]

    click = {
        "type": "threads.custom_action",
        "params": {
            "thread_id": answer.thread_id,
            "item_id": widget["id"],
            "action": {key: button["onClickAction"][key] for key in ("type", "payload")},
        },
    }
    async with ada.stream(click) as stream:
        events = await stream.rest()
    clerk.append(Say("Enjoy Emma."))
    thanked = await ada.ask("thanks", answer.thread_id)
    assert thanked.text == "Enjoy Emma.", thanked.events

    (replaced,) = [event["item"] for event in events if event["type"] == "thread.item.replaced"]
    assert "In your basket" in str(replaced["widget"])
    listed = (await ada.chatkit("items.list", {"thread_id": answer.thread_id})).json()
    (stored,) = [item for item in listed["data"] if item["type"] == "widget"]
    assert stored["id"] == replaced["id"] == widget["id"]
    assert "In your basket" in str(stored["widget"])
    assert "put Emma into the basket" in str(scripted_model.requests[-1].history)


async def test_page_answers_a_client_tool(
    shop: Stack, clerk: list[Call | Say], sign_up: SignUp, scripted_model: ScriptedModelServer
) -> None:
    ada = await sign_up(shop)
    clerk.append(Call("get_open_book"))
    asked = await ada.ask("is this one any good?")

    clerk.append(Say("Walden is slow and good."))
    output = {"thread_id": asked.thread_id, "result": {"open_book": "Walden"}}
    async with ada.stream({"type": "threads.add_client_tool_output", "params": output}) as stream:
        answer = ChatResponse(stream.response.headers, await stream.rest(), stream.ended)

    (call,) = [item for item in asked.items if item["type"] == "client_tool_call"]
    assert call["name"] == "get_open_book"
    assert answer.text == "Walden is slow and good."
    assert "Walden" in str(scripted_model.requests[-1].history)
