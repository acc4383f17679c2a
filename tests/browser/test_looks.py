"""The site's themes and text direction. Phones are in test_phones.py."""

import pytest
from playwright.async_api import expect

from browser.browser_kit import Chat, Visit, Visitor, answer_text
from stack_kit import SignUp, Stack
from todochat.testing.model_server import Say, ScriptedModelServer


async def brightness(chat: Chat) -> float:
    """Return the brightness of the chat's background, from 0 to 255."""
    painted: float = await chat.frame.evaluate(
        """(frame) => {
          const canvas = document.createElement("canvas").getContext("2d");
          canvas.fillStyle = getComputedStyle(frame).backgroundColor;
          canvas.fillRect(0, 0, 1, 1);
          const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
          return (red + green + blue) / 3;
        }"""
    )
    return painted


async def test_chat_follows_the_theme_at_once(ada: Visitor, model: ScriptedModelServer) -> None:
    model.answer(Say("Still here."))
    page = await ada.open("/")
    await page.get_by_role("button", name="Open chat").click()
    chat = Chat(page)
    await chat.send("hello")
    await expect(chat.answers).to_have_text(answer_text("Still here."))
    assert await brightness(chat) > 200

    await page.get_by_role("button", name="Use dark colours").click()

    await expect(chat.frame).not_to_have_css("background-color", "rgb(255, 255, 255)")
    assert await brightness(chat) < 60
    # The browser's own parts follow, too: scroll bars, lists of options.
    await expect(chat.frame).to_have_css("color-scheme", "dark")
    await expect(chat.answers).to_have_text(answer_text("Still here."))
    await page.reload()
    await page.get_by_role("button", name="Open chat").click()
    await chat.frame.wait_for()
    assert await brightness(chat) < 60


@pytest.mark.slow
async def test_dark_device_gets_dark_pages(site: Stack, sign_up: SignUp, visit: Visit) -> None:
    ada = await visit(site, await sign_up(site), color_scheme="dark")

    chat = await ada.open_chat()

    await expect(ada.page.locator("html")).to_have_class("dark")
    assert await brightness(chat) < 60


@pytest.mark.slow
async def test_arabic_is_laid_out_from_right_to_left(
    site: Stack, sign_up: SignUp, visit: Visit, model: ScriptedModelServer
) -> None:
    ada = await visit(site, await sign_up(site, locale="ar"), locale="ar")
    model.answer(Say("أضفت المهمة: buy milk"))
    chat = await ada.open_chat()
    await expect(chat.composer).to_have_css("direction", "rtl")  # its placeholder
    await chat.composer.fill("add a task")
    await expect(chat.composer).to_have_css("direction", "ltr")

    await chat.composer.fill("أضف مهمة")
    await chat.composer.press("Enter")

    await expect(chat.answers).to_contain_text("أضفت المهمة")
    await expect(chat.frame).to_have_attribute("dir", "rtl")
    await expect(chat.button("سجل المحادثات")).to_be_visible()
    send = await chat.host.locator("[part~=send-button]").bounding_box()
    field = await chat.composer.bounding_box()
    assert send is not None
    assert field is not None
    assert send["x"] < field["x"] + field["width"] / 2  # on the left, where the line ends
