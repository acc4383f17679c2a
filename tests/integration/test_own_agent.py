"""`examples/own-agent` over the whole stack: an agent unknown to the other packages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stack_kit import SignUp, Stack, run_stack
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer

pytestmark = pytest.mark.slow  # a stack of its own

EXAMPLE = Path(__file__).parents[2] / "examples" / "own-agent" / "tea_house.py"


@pytest.fixture(scope="module")
def tea_house(scripted_model: ScriptedModelServer) -> Iterator[Stack]:
    variables = {
        "TODO_AGENT_FACTORY": "tea_house:create",
        "OPENAI_BASE_URL": scripted_model.url,
        "TODO_AGENT_MODEL": "scripted",
    }
    yield from run_stack("tea", variables, files=[EXAMPLE], workers=2)


def orders(stack: Stack) -> list[str]:
    folder = stack.data_dir.parent / "orders"
    return sorted(order.read_text() for order in folder.glob("*")) if folder.exists() else []


def widget_of(answer: Any) -> dict[str, Any]:
    (found,) = [item for item in answer.items if item["type"] == "widget"]
    assert isinstance(found, dict)
    return found


async def test_agent_uses_its_own_tool_and_widget(
    tea_house: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(tea_house)
    scripted_model.answer(Call("order_tea", {"kind": "green"}))
    scripted_model.answer(Say("It is coming."))

    answer = await ada.ask("a pot of green tea, please")

    assert answer.text == "It is coming."
    assert f"green for {ada.user_id}" in orders(tea_house)
    assert "A pot of green is on its way." in str(widget_of(answer)["widget"])
    thread = (await ada.chatkit("threads.get_by_id", {"thread_id": answer.thread_id})).json()
    assert thread["title"] == "Tea house"


async def test_another_agent_handles_complaints(
    tea_house: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(tea_house)
    scripted_model.answer(Call("transfer_to_complaints"))
    scripted_model.answer(Call("order_tea", {"kind": "fresh mint"}))
    scripted_model.answer(Say("I am sorry. A new pot is coming."))

    answer = await ada.ask("my tea is cold")

    assert answer.text == "I am sorry. A new pot is coming."
    assert orders(tea_house).count(f"fresh mint for {ada.user_id}") == 1


async def test_click_cancels_the_order_during_a_response(
    tea_house: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada = await sign_up(tea_house)
    scripted_model.answer(Call("order_tea", {"kind": "black"}))
    scripted_model.answer(Say("It is coming."))
    answer = await ada.ask("black tea")
    widget = widget_of(answer)
    gate = Gate()
    scripted_model.answer(Say("Well", gate, ", then."))

    async with ada.say("and?", answer.thread_id) as stream:
        await gate.wait_reached()
        action = widget["widget"]["cancel"]["action"]
        clicked = await ada.chatkit(
            "threads.sync_custom_action",
            {
                "thread_id": answer.thread_id,
                "item_id": widget["id"],
                "action": {"type": action["type"], "payload": action["payload"]},
            },
        )
        gate.open()
        await stream.rest()

    assert clicked.status_code == 200
    assert "Order cancelled." in str(clicked.json()["updated_item"])
    assert stream.ended == "completed"
    assert f"black for {ada.user_id}" not in orders(tea_house)


async def test_other_users_cannot_cancel_an_order(
    tea_house: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada, eve = await sign_up(tea_house), await sign_up(tea_house)
    for _ in (ada, eve):
        scripted_model.answer(Call("order_tea", {"kind": "white"}))
        scripted_model.answer(Say("It is coming."))
    adas, eves = await ada.ask("white tea"), await eve.ask("white tea")

    stolen = await eve.chatkit(
        "threads.sync_custom_action",
        {
            "thread_id": eves.thread_id,
            "item_id": widget_of(eves)["id"],
            "action": {
                "type": "order.cancel",
                "payload": widget_of(adas)["widget"]["cancel"]["action"]["payload"],
            },
        },
    )

    assert stolen.status_code == 409
    assert "another user's" in stolen.json()["detail"]
    assert f"white for {ada.user_id}" in orders(tea_house)
