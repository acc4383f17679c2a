"""Past conversations: their list, long ones, files."""

import re
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, expect

from browser.browser_kit import Chat, Visitor, answer_text
from todochat.testing.model_server import Say, ScriptedModelServer
from todochat.testing.sample_files import HEIC, pdf, png


async def test_chats_can_be_listed_opened_renamed_and_deleted(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    for subject in ("milk", "trains"):
        model.answer(Say(f"About {subject}."))
        await ada.person.ask(f"Tell me of {subject}")
    chat = await ada.open_chat()

    await chat.open_from_history("Tell me of milk")
    await expect(chat.answers).to_have_text(answer_text("About milk."))

    await chat.show_history()
    await chat.button("More for Tell me of milk").click()
    await chat.host.get_by_role("menuitem", name="Rename").click()
    title = chat.host.get_by_role("textbox", name="Chat title")
    await title.fill("Dairy")
    await title.press("Enter")
    await expect(chat.history.get_by_role("button", name="Dairy", exact=True)).to_be_visible()

    await chat.button("More for Tell me of trains").click()
    await chat.host.get_by_role("menuitem", name="Delete").click()
    question = chat.host.get_by_role("alertdialog")
    await question.get_by_role("button", name="Delete").click()
    await expect(chat.history.get_by_role("button", name="Tell me of trains")).to_have_count(0)

    await ada.page.reload()
    await chat.show_history()
    await expect(chat.history.get_by_role("listitem")).to_have_count(1)
    await expect(chat.history.get_by_role("button", name="Dairy", exact=True)).to_be_visible()


async def test_search_finds_chats_by_title_and_messages(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    for asked, answered in (
        ("Plan the party", "Ask Priya for **balloons**."),
        ("Balloons to order", "Red ones."),
        ("Trains", "The 8:15."),
    ):
        model.answer(Say(answered))
        await ada.person.ask(asked)
    chat = await ada.open_chat()
    await chat.show_history()

    await chat.history.get_by_role("searchbox").fill("balloon")

    rows = chat.history.get_by_role("listitem")
    await expect(rows).to_have_count(2)
    found = rows.filter(has_text="Plan the party")
    await expect(found).to_contain_text("Ask Priya for")
    await expect(found.locator("mark")).to_have_text("balloons")
    await found.get_by_role("button").first.click()
    await expect(chat.answers).to_have_text(answer_text("Ask Priya for balloons."))


async def test_search_opens_a_long_chat_at_the_message_that_it_found(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    model.answer(Say("帰りに牛乳を買ってください。"))
    thread_id = (await ada.person.ask("Plan the evening")).thread_id
    for number in range(26):  # the first answer isn't on the first page
        model.answer(Say(f"{number} lines. " * 60))
        await ada.person.ask("More", thread_id)
    chat = await ada.open_chat()
    await chat.show_history()

    await chat.history.get_by_role("searchbox").fill("牛乳")

    announced = chat.host.locator("[aria-live][aria-atomic]")
    await expect(announced).to_have_text("Chats: 1")
    row = chat.history.get_by_role("listitem")
    await expect(row.locator("mark")).to_have_text("牛乳")
    await row.get_by_role("button").first.click()
    found = chat.answers.filter(has_text="牛乳")
    await expect(found).to_be_in_viewport()
    await expect(found).to_have_class(re.compile("found"))

    await chat.button("Scroll to the latest message").click()
    # The turns on the way get their height when they come into view, which moves the end.
    await expect(chat.answers.last).to_be_in_viewport()
    await expect(chat.button("Scroll to the latest message")).to_be_hidden()

    await chat.button("New chat").click()
    await chat.open_from_history("Plan the evening")

    await expect(chat.answers.last).to_be_in_viewport()


@pytest.mark.slow
async def test_chat_deleted_elsewhere_can_be_left(ada: Visitor, model: ScriptedModelServer) -> None:
    model.answer(Say("First."))
    chat = await ada.open_chat()
    await chat.send("begin")
    await expect(chat.answers).to_have_text(answer_text("First."))
    threads = (await ada.person.chatkit("threads.list", {"limit": 1})).json()
    thread_id = threads["data"][0]["id"]
    await ada.person.chatkit("threads.delete", {"thread_id": thread_id})
    ada.watch.expect_status(404, "/chat$")

    await ada.page.reload()

    await expect(chat.start_screen).to_be_visible()
    model.answer(Say("Second."))
    await chat.send("begin again")
    await expect(chat.answers).to_have_text(answer_text("Second."))


@pytest.mark.slow
async def test_long_conversation_loads_page_by_page(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    thread_id = None
    for number in range(30):
        model.answer(Say(f"Answer {number}."))
        thread_id = (await ada.person.ask(f"Question {number}", thread_id)).thread_id
    chat = await ada.open_chat()
    await chat.open_from_history("Question 0")
    await expect(chat.answers.last).to_have_text(answer_text("Answer 29."))
    await expect(chat.questions.first).not_to_contain_text("Question 0")

    await chat.thread.hover()
    await ada.page.mouse.wheel(0, -100_000)

    await expect(chat.questions.first).to_contain_text("Question 0")
    await expect(chat.questions).to_have_count(30)


def picture(folder: Path, size_bytes: int = 0) -> Path:
    path = folder / "milk.png"
    path.write_bytes(png().ljust(size_bytes, b"\0"))
    return path


async def attach(chat: Chat, file: Path | FilePayload) -> None:
    async with chat.page.expect_file_chooser() as chooser:
        await chat.button("Add files").click()
    await (await chooser.value).set_files(file)


async def test_picture_is_sent_and_shown_after_a_reload(
    ada: Visitor, model: ScriptedModelServer, tmp_path: Path
) -> None:
    model.answer(Say("A red dot."))
    chat = await ada.open_chat()

    await chat.composer.fill("what is this?")
    await attach(chat, picture(tmp_path))
    await chat.send_button.click()

    await expect(chat.answers).to_have_text(answer_text("A red dot."))
    assert "input_image" in str(model.requests[0].history)
    await ada.page.reload()
    shown = chat.questions.get_by_role("img", name="milk.png")
    await expect(shown).to_be_visible()
    await expect(shown).to_have_js_property("naturalWidth", 1)


async def test_text_of_a_pdf_reaches_the_model(ada: Visitor, model: ScriptedModelServer) -> None:
    model.answer(Say("Two tasks."))
    chat = await ada.open_chat()

    await chat.composer.fill("what is in it?")
    letter = FilePayload(name="letter.pdf", mimeType="application/pdf", buffer=pdf("Buy milk"))
    await attach(chat, letter)
    await chat.send_button.click()

    await expect(chat.answers).to_have_text(answer_text("Two tasks."))
    assert "Buy milk" in str(model.requests[0].history)
    await expect(chat.questions.get_by_text("letter.pdf")).to_be_visible()


async def test_photo_that_is_not_supported_says_what_to_convert_it_to(ada: Visitor) -> None:
    chat = await ada.open_chat()
    ada.watch.expect_status(422, "/chat$")

    await attach(chat, FilePayload(name="IMG_1.HEIC", mimeType="image/heic", buffer=HEIC))

    reason = chat.host.get_by_role("alert").filter(has_text="Convert it to JPEG or PNG.")
    await expect(reason).to_be_visible()
    assert await reason.evaluate("element => element.scrollWidth <= element.clientWidth")
    await chat.button("Remove IMG_1.HEIC").click()
    await expect(chat.host.get_by_role("list", name="Files")).to_have_count(0)


@pytest.mark.slow
async def test_file_over_the_limit_is_refused_and_the_limit_shown(
    ada: Visitor, tmp_path: Path
) -> None:
    chat = await ada.open_chat()

    await attach(chat, picture(tmp_path, size_bytes=6 * 1024 * 1024))

    await expect(chat.host.get_by_text("milk.png is larger than 5 MB.")).to_be_visible()
    await expect(chat.host.get_by_role("list", name="Files")).to_have_count(0)
