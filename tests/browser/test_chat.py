"""Talking to the assistant: words as they come, reloads, other tabs, stopping, trying again."""

import pytest
from playwright.async_api import expect

from browser.browser_kit import Chat, Visitor, said
from todochat.testing import wait_until
from todochat.testing.model_server import Gate, Say, ScriptedModelServer


async def test_words_appear_as_they_are_said(ada: Visitor, model: ScriptedModelServer) -> None:
    """The model says a word only after the one before it stands on the page."""
    words = ["One", " two", " three", " four"]
    gates = [Gate() for _ in words[1:]]
    later = zip(gates, words[1:], strict=True)
    model.answer(Say(words[0], *(part for pair in later for part in pair)))
    chat = await ada.open_chat()

    await chat.send("count to four")

    for number, gate in enumerate(gates, start=1):
        await expect(chat.answers).to_have_text(said("".join(words[:number])))
        gate.open()
    await expect(chat.answers).to_have_text(said("One two three four"))
    # Listeners jump from answer to answer.
    await expect(chat.answers.get_by_role("heading", name="The assistant said:")).to_have_count(1)
    await expect(chat.questions).to_contain_text("count to four")
    await expect(chat.send_button).to_be_visible()


async def test_a_reload_in_the_middle_of_an_answer_loses_nothing(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("Before the reload,", gate, " and after it."))
    chat = await ada.open_chat()
    await chat.send("tell me a story")
    await expect(chat.answers).to_have_text(said("Before the reload,"))

    await ada.page.reload()
    await expect(chat.answers).to_have_text(said("Before the reload,"))
    await expect(chat.stop_button).to_be_visible()
    gate.open()

    await expect(chat.answers).to_have_text(said("Before the reload, and after it."))
    await expect(chat.questions).to_have_count(1)
    await expect(chat.send_button).to_be_visible()
    assert len(model.requests) == 1


async def test_a_second_tab_finds_the_answer_that_is_being_written(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("Half", gate, " and whole."))
    chat = await ada.open_chat()
    await chat.send("say something long")
    await expect(chat.answers).to_have_text(said("Half"))

    other = Chat(await ada.open_tab("/chat"))
    await other.open_from_history("New chat")  # it gets its name when it is answered
    await expect(other.answers).to_have_text(said("Half"))
    gate.open()

    for tab in (chat, other):
        await expect(tab.answers).to_have_text(said("Half and whole."))
        await expect(tab.stop_button).to_be_hidden()


async def test_stop_ends_the_answer_and_keeps_what_was_said(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    never = Gate()
    model.answer(Say("This much", never, " and no more."))
    chat = await ada.open_chat()
    await chat.send("go on for ever")
    await expect(chat.answers).to_have_text(said("This much"))

    await chat.stop_button.click()

    await expect(chat.stop_button).to_be_hidden()
    await expect(chat.answers).to_contain_text("This much")
    await expect(chat.composer).to_be_enabled()
    await wait_until(lambda: model.requests[0].closed_by_client, timeout_s=25)
    await ada.page.reload()
    await expect(chat.answers).to_contain_text("This much")
    await expect(chat.answers).not_to_contain_text("no more")


async def test_a_message_written_meanwhile_is_sent_after_the_answer(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("One thing", gate, " after the other."))
    model.answer(Say("And the other."))
    chat = await ada.open_chat()
    await chat.send("what first?")
    await expect(chat.answers).to_have_text(said("One thing"))

    await chat.send("and then?")
    await expect(chat.host.get_by_text("Waiting to be sent")).to_be_visible()
    await expect(chat.composer).to_have_value("and then?")
    gate.open()

    await expect(chat.answers.last).to_have_text(said("And the other."))
    await expect(chat.answers.first).to_have_text(said("One thing after the other."))
    await expect(chat.questions).to_have_count(2)
    await expect(chat.composer).to_have_value("")


async def test_an_answer_that_failed_is_asked_for_again(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    """The model refuses for good, so that nothing tries again before the person does."""
    model.fail(400)
    chat = await ada.open_chat()
    await chat.send("answer me")
    await expect(chat.error).to_be_visible()

    model.answer(Say("Here I am."))
    await chat.error.get_by_role("button", name="Retry").click()

    await expect(chat.answers).to_have_text(said("Here I am."))
    await expect(chat.error).to_be_hidden()
    await expect(chat.questions).to_have_count(1)


@pytest.mark.slow
async def test_an_answer_is_said_anew(ada: Visitor, model: ScriptedModelServer) -> None:
    model.answer(Say("Heads."))
    model.answer(Say("Tails."))
    chat = await ada.open_chat()
    await chat.send("flip a coin")
    await expect(chat.answers).to_have_text(said("Heads."))

    await chat.button("Try again").click()

    await expect(chat.answers).to_have_text(said("Tails."))
    await expect(chat.questions).to_have_count(1)


@pytest.mark.slow
async def test_an_answer_is_rated(ada: Visitor, model: ScriptedModelServer) -> None:
    model.answer(Say("Forty-two."))
    chat = await ada.open_chat()
    await chat.send("what is the answer?")
    await expect(chat.answers).to_have_text(said("Forty-two."))

    await chat.button("Good response").click()

    await expect(chat.button("Good response")).to_have_attribute("aria-pressed", "true")
    export = await wait_until(lambda: _feedback(ada), timeout_s=25)
    assert export[0]["kind"] == "positive"


async def _feedback(ada: Visitor) -> list[dict[str, str]]:
    given: list[dict[str, str]] = (await ada.person.chat("GET", "/export")).json()["feedback"]
    return given


@pytest.mark.slow
async def test_a_prompt_of_the_start_screen_begins_the_talk(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    model.answer(Say("I can do a lot."))
    chat = await ada.open_chat()
    await expect(chat.start_screen).to_contain_text("What needs doing?")

    await chat.button("What can you do?").click()

    await expect(chat.questions).to_contain_text("help")
    await expect(chat.answers).to_have_text(said("I can do a lot."))


@pytest.mark.slow
async def test_the_floating_chat_goes_on_where_the_page_s_chat_was(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    model.answer(Say("Noted."))
    chat = await ada.open_chat()
    await chat.send("remember the milk")
    await expect(chat.answers).to_have_text(said("Noted."))

    await ada.page.get_by_role("link", name="Tasks").click()
    await ada.page.get_by_role("button", name="Open chat").click()

    await expect(chat.answers).to_have_text(said("Noted."))
    await chat.host.press("Escape")
    await expect(chat.frame).to_be_hidden()
    await expect(ada.page.get_by_role("button", name="Open chat")).to_be_focused()


@pytest.mark.slow
async def test_markdown_is_shown_and_cannot_do_harm(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    hostile = '<img src="x" onerror="alert(1)"> ![out](https://tracker.example/p.png)'
    model.answer(Say("**Bold** and `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n", hostile))
    chat = await ada.open_chat()

    await chat.send("show me")

    await expect(chat.answers.locator("strong")).to_have_text("Bold")
    await expect(chat.answers.get_by_role("table")).to_contain_text("1")
    link = chat.answers.get_by_role("link", name="tracker.example")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(chat.answers.locator("img")).to_have_count(0)
