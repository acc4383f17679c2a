"""Talking to the assistant."""

from playwright.async_api import expect

from browser.browser_kit import Visitor
from todochat.testing.model_server import Gate, Say, ScriptedModelServer


async def test_words_appear_as_they_are_said(ada: Visitor, model: ScriptedModelServer) -> None:
    """The model says a word only after the one before it stands on the page."""
    words = ["One", " two", " three", " four"]
    gates = [Gate() for _ in words[1:]]
    model.answer(
        Say(words[0], *(part for pair in zip(gates, words[1:], strict=True) for part in pair))
    )
    chat = await ada.open_chat()

    await chat.send("count to four")

    for number, gate in enumerate(gates, start=1):
        await expect(chat.answers).to_have_text("Answer:" + "".join(words[:number]))
        gate.open()
    await expect(chat.answers).to_have_text("Answer:One two three four")
