"""The reference components, byte for byte, and the site's own window for the chat.

`frontend/app/tests/seed/seed.test.ts` checks the bytes by hash.
"""

import pytest
from playwright.async_api import Page, expect

from browser.browser_kit import Chat, Visit
from browser.element_kit import settle, wait_focus
from stack_kit import SignUp, Stack
from todochat.testing.model_server import Gate, Say, ScriptedModelServer
from todochat.testing.person import PASSWORD

pytestmark = pytest.mark.slow  # a separate stack, with pages built for it

FLOATING = "/seed/floating"


async def background(page: Page) -> str:
    """Return the background colour of the chat's text."""
    colour: str = await page.evaluate(
        """() => {
          const root = document.querySelector("openai-chatkit").shadowRoot;
          return getComputedStyle(root.querySelector("[part~=frame]")).backgroundColor;
        }"""
    )
    return colour


@pytest.mark.parametrize("path", ["/seed/chat", "/seed/container", "/seed/themed"])
async def test_reference_component_signs_in_and_streams(
    pages: Stack, sign_up: SignUp, visit: Visit, model: ScriptedModelServer, path: str
) -> None:
    person = await sign_up(pages)
    visitor = await visit(pages)
    page = await visitor.open(path)
    await page.get_by_label("E-mail address").fill(person.email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    chat = Chat(page)
    await chat.composer.wait_for()
    gate = Gate()
    model.answer(Say("Begun ", gate, "and finished"))

    await chat.send("hello")
    await expect(chat.answers).to_contain_text("Begun")
    gate.open()

    await expect(chat.answers).to_contain_text("Begun and finished")
    await settle(chat)


async def test_reference_button_opens_and_closes_the_chat(
    pages: Stack, sign_up: SignUp, visit: Visit, model: ScriptedModelServer
) -> None:
    visitor = await visit(pages, await sign_up(pages))
    page = await visitor.open(FLOATING)
    button = page.get_by_role("button").first
    model.answer(Say("Here."))

    await button.click()
    chat = Chat(page)
    await chat.send("are you there?")
    await expect(chat.answers).to_contain_text("Here.")
    await settle(chat)
    await button.click()

    await expect(chat.host).to_have_count(0)


async def test_reference_chat_follows_the_theme_at_once(
    pages: Stack, sign_up: SignUp, visit: Visit
) -> None:
    visitor = await visit(pages, await sign_up(pages))
    chat = await visitor.open_chat("/seed/themed")
    await chat.composer.fill("half a thought")
    light = await background(visitor.page)
    other = await visitor.open_tab("/")

    await other.get_by_role("button", name="Use dark colours").click()

    await expect(visitor.page.locator("html.dark")).to_have_count(1)
    await visitor.page.wait_for_function(
        """(light) => {
          const root = document.querySelector("openai-chatkit").shadowRoot;
          return getComputedStyle(root.querySelector("[part~=frame]")).backgroundColor !== light;
        }""",
        arg=light,
    )
    await expect(chat.composer).to_have_value("half a thought")


# The window of the site's own button


@pytest.mark.parametrize("way", ["composer", "prompt", "stop"])
async def test_escape_closes_the_window_from_wherever_the_focus_is(
    pages: Stack, sign_up: SignUp, visit: Visit, model: ScriptedModelServer, way: str
) -> None:
    visitor = await visit(pages, await sign_up(pages))
    page = await visitor.open("/")
    await page.get_by_role("button", name="Open chat").click()
    chat = Chat(page)
    await expect(chat.composer).to_be_focused()
    gate = Gate()
    if way != "composer":
        # The pressed control disappears with its action, and takes the focus along.
        model.answer(Say("Half ", gate, "never said"))
        await chat.button("What can you do?").click()
        await expect(chat.answers).to_contain_text("Half")
    if way == "stop":
        await chat.stop_button.click()
        await settle(chat)

    await page.keyboard.press("Escape")

    await expect(page.get_by_role("button", name="Open chat")).to_be_focused()
    await expect(chat.host).to_be_hidden()
    gate.open()
    if way == "prompt":
        await page.get_by_role("button", name="Open chat").click()
        await expect(chat.answers).to_contain_text("never said")


async def test_escape_closes_one_thing_at_a_time(
    pages: Stack, sign_up: SignUp, visit: Visit
) -> None:
    visitor = await visit(pages, await sign_up(pages))
    page = await visitor.open("/")
    await page.get_by_role("button", name="Open chat").click()
    chat = Chat(page)
    window = page.get_by_role("region", name="Todo assistant").first
    await expect(chat.composer).to_be_focused()
    await chat.button("Chat history").click()
    history = chat.host.get_by_role("dialog", name="Chat history")
    await expect(history).to_be_visible()

    await page.keyboard.press("Escape")
    await expect(history).to_have_count(0)
    await wait_focus(page, "button: Chat history")
    await window.get_by_role("button", name="Settings").click()
    await expect(page.get_by_role("dialog", name="Settings")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name="Settings")).to_have_count(0)
    await expect(chat.host).to_be_visible()
    await page.keyboard.press("Escape")

    await expect(chat.host).to_be_hidden()
    await expect(page.get_by_role("button", name="Open chat")).to_be_focused()
