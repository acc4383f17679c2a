"""The site of another assistant: name, greeting and prompts from `/api/site`, in the same export."""

import re

from playwright.async_api import expect

from browser.browser_kit import Visitor, answer_text
from todochat.testing.model_server import Say, ScriptedModelServer

TEXTS = {
    "name": "Tea house",
    "greeting": "Which tea would you like?",
    "prompts": [{"label": "Green tea", "prompt": "a pot of green tea", "icon": "star"}],
}


async def test_site_shows_the_configured_assistant(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    await ada.page.route("**/api/site", lambda route: route.fulfill(json={"assistant": TEXTS}))
    model.answer(Say("Coming."))

    chat = await ada.open_chat()

    await expect(ada.page).to_have_title("Chat · Tea house")
    await expect(ada.page.get_by_role("heading", name="Tea house", exact=True)).to_be_visible()
    await expect(chat.start_screen).to_contain_text("Which tea would you like?")
    await chat.button("Green tea").click()
    await expect(chat.questions).to_contain_text("a pot of green tea")
    await expect(chat.answers).to_have_text(answer_text("Coming."))
    await ada.page.get_by_role("link", name="Tasks").click()
    await expect(ada.page).to_have_title(re.compile("Tea house$"))
    await expect(ada.page.get_by_role("banner")).to_contain_text("Tea house")
    await expect(ada.page.get_by_role("button", name="a pot of green tea")).to_be_visible()
