"""The chat: streaming, reloads, other tabs, Stop, retries."""

import pytest
from playwright.async_api import expect

from browser.browser_kit import Chat, Visitor, answer_text
from todochat.testing import wait_until
from todochat.testing.model_server import Gate, Say, ScriptedModelServer


async def test_words_appear_as_they_stream(ada: Visitor, model: ScriptedModelServer) -> None:
    """The model sends a word only after the page shows the one before it."""
    words = ["One", " two", " three", " four"]
    gates = [Gate() for _ in words[1:]]
    later = zip(gates, words[1:], strict=True)
    model.answer(Say(words[0], *(part for pair in later for part in pair)))
    chat = await ada.open_chat()

    await chat.send("count to four")

    for number, gate in enumerate(gates, start=1):
        await expect(chat.answers).to_have_text(answer_text("".join(words[:number])))
        gate.open()
    await expect(chat.answers).to_have_text(answer_text("One two three four"))
    # Screen reader users jump from response to response.
    await expect(chat.answers.get_by_role("heading", name="The assistant said:")).to_have_count(1)
    await expect(chat.questions).to_contain_text("count to four")
    await expect(chat.send_button).to_be_visible()


async def test_reload_mid_stream_loses_nothing(ada: Visitor, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(Say("Before the reload,", gate, " and after it."))
    chat = await ada.open_chat()
    await chat.send("tell me a story")
    await expect(chat.answers).to_have_text(answer_text("Before the reload,"))

    await ada.page.reload()
    await expect(chat.answers).to_have_text(answer_text("Before the reload,"))
    await expect(chat.stop_button).to_be_visible()
    gate.open()

    await expect(chat.answers).to_have_text(answer_text("Before the reload, and after it."))
    await expect(chat.questions).to_have_count(1)
    await expect(chat.send_button).to_be_visible()
    assert len(model.requests) == 1


async def test_element_that_is_moved_mid_stream_resumes(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("Before the move,", gate, " and after it."))
    chat = await ada.open_chat()
    await chat.send("tell me a story")
    await expect(chat.answers).to_have_text(answer_text("Before the move,"))

    await chat.host.evaluate(
        "async (element) => { const place = element.parentNode; element.remove();"
        " await new Promise(requestAnimationFrame); place.append(element); }"
    )
    await expect(chat.answers).to_have_text(answer_text("Before the move,"))
    gate.open()

    await expect(chat.answers).to_have_text(answer_text("Before the move, and after it."))
    await expect(chat.questions).to_have_count(1)
    assert len(model.requests) == 1


async def test_second_tab_joins_running_stream(ada: Visitor, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(Say("Half", gate, " and whole."))
    chat = await ada.open_chat()
    await chat.send("say something long")
    await expect(chat.answers).to_have_text(answer_text("Half"))

    other = Chat(await ada.open_tab("/chat"))
    await other.open_from_history("New chat")  # it is titled when it is answered
    await expect(other.answers).to_have_text(answer_text("Half"))
    gate.open()

    for tab in (chat, other):
        await expect(tab.answers).to_have_text(answer_text("Half and whole."))
        await expect(tab.stop_button).to_be_hidden()


async def test_stop_ends_response_and_keeps_partial_text(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    never = Gate()
    model.answer(Say("This much", never, " and no more."))
    chat = await ada.open_chat()
    await chat.send("write forever")
    await expect(chat.answers).to_have_text(answer_text("This much"))

    await chat.stop_button.click()

    await expect(chat.stop_button).to_be_hidden()
    await expect(chat.answers).to_contain_text("This much")
    await expect(chat.composer).to_be_enabled()
    await wait_until(lambda: model.requests[0].closed_by_client, timeout_s=25)
    stopped = chat.host.locator("[part=stopped]")
    await expect(stopped).to_have_text("You stopped this response.")
    await ada.page.evaluate("() => localStorage.clear()")  # as on another device
    await ada.page.reload()
    await expect(chat.answers).to_contain_text("This much")
    await expect(stopped).to_have_text("You stopped this response.")
    await expect(chat.answers).not_to_contain_text("no more")


async def test_message_typed_during_response_is_sent_after_it(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("One thing", gate, " after the other."))
    model.answer(Say("And the other."))
    chat = await ada.open_chat()
    await chat.send("what first?")
    await expect(chat.answers).to_have_text(answer_text("One thing"))

    await chat.send("and then?")
    await expect(chat.host.get_by_text("Waiting to be sent")).to_be_visible()
    await expect(chat.composer).to_have_value("and then?")
    gate.open()

    await expect(chat.answers.last).to_have_text(answer_text("And the other."))
    await expect(chat.answers.first).to_have_text(answer_text("One thing after the other."))
    await expect(chat.questions).to_have_count(2)
    await expect(chat.composer).to_have_value("")


async def test_failed_response_can_be_retried_after_a_reload(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    """The model fails permanently, so that nothing retries before the user does."""
    model.fail(400)
    chat = await ada.open_chat()
    await chat.send("answer me")
    await expect(chat.error).to_be_visible()
    await ada.page.reload()
    await expect(chat.error).to_be_visible()

    model.answer(Say("Here I am."))
    await chat.error.get_by_role("button", name="Retry").click()

    await expect(chat.answers).to_have_text(answer_text("Here I am."))
    await expect(chat.error).to_be_hidden()
    await expect(chat.questions).to_have_count(1)


@pytest.mark.slow
async def test_response_can_be_regenerated(ada: Visitor, model: ScriptedModelServer) -> None:
    model.answer(Say("Heads."))
    model.answer(Say("Tails."))
    chat = await ada.open_chat()
    await chat.send("flip a coin")
    await expect(chat.answers).to_have_text(answer_text("Heads."))

    await chat.button("Try again").click()

    await expect(chat.answers).to_have_text(answer_text("Tails."))
    await expect(chat.questions).to_have_count(1)


@pytest.mark.slow
async def test_response_can_be_rated(ada: Visitor, model: ScriptedModelServer) -> None:
    model.answer(Say("Forty-two."))
    chat = await ada.open_chat()
    await chat.send("what is the answer?")
    await expect(chat.answers).to_have_text(answer_text("Forty-two."))

    await chat.button("Good response").click()

    await expect(chat.button("Good response")).to_have_attribute("aria-pressed", "true")
    export = await wait_until(lambda: _feedback(ada), timeout_s=25)
    assert export[0]["kind"] == "positive"


async def _feedback(ada: Visitor) -> list[dict[str, str]]:
    given: list[dict[str, str]] = (await ada.person.chat("GET", "/export")).json()["feedback"]
    return given


@pytest.mark.slow
async def test_start_screen_prompt_starts_conversation(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    model.answer(Say("I can do a lot."))
    chat = await ada.open_chat()
    await expect(chat.start_screen).to_contain_text("What needs doing?")

    await chat.button("What can you do?").click()

    await expect(chat.questions).to_contain_text("help")
    await expect(chat.answers).to_have_text(answer_text("I can do a lot."))


@pytest.mark.slow
async def test_floating_chat_shows_the_conversation_of_the_chat_page(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    model.answer(Say("Noted."))
    chat = await ada.open_chat()
    await chat.send("remember the milk")
    await expect(chat.answers).to_have_text(answer_text("Noted."))

    await ada.page.get_by_role("link", name="Tasks").click()
    await ada.page.get_by_role("button", name="Open chat").click()

    await expect(chat.answers).to_have_text(answer_text("Noted."))
    await chat.host.press("Escape")
    await expect(chat.frame).to_be_hidden()
    await expect(ada.page.get_by_role("button", name="Open chat")).to_be_focused()


@pytest.mark.slow
async def test_markdown_is_rendered_and_sanitized(ada: Visitor, model: ScriptedModelServer) -> None:
    hostile = '<img src="x" onerror="alert(1)"> ![out](https://tracker.example/p.png)'
    model.answer(Say("**Bold** and `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n", hostile))
    chat = await ada.open_chat()

    await chat.send("show me")

    await expect(chat.answers.locator("strong")).to_have_text("Bold")
    await expect(chat.answers.get_by_role("table")).to_contain_text("1")
    link = chat.answers.get_by_role("link", name="tracker.example")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(chat.answers.locator("img")).to_have_count(0)
