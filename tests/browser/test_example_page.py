"""The page of `examples/own-server`, on a real stack with a scripted model."""

from collections.abc import Iterator

import pytest

from browser.browser_kit import Chat, Visit
from browser.example_kit import SHOP
from stack_kit import SignUp, Stack
from todochat.testing.model_server import ScriptedModelServer

pytestmark = pytest.mark.slow  # a stack of its own


@pytest.fixture(scope="module")
def shop(model_server: ScriptedModelServer) -> Iterator[Stack]:
    yield from SHOP.run(model_server, {"TODOCHAT_SITE": ""})


@pytest.mark.timeout(900)
async def test_own_page_has_a_widget_an_action_and_a_client_tool(
    shop: Stack, model_server: ScriptedModelServer, visit: Visit, sign_up: SignUp
) -> None:
    SHOP.script(model_server)
    ada = await visit(shop, await sign_up(shop))
    chat = Chat(await ada.open(SHOP.page))
    await chat.composer.wait_for()

    await SHOP.talk(chat)

    assert "Walden" in str(model_server.requests[-1].history)  # the page's answer
