"""The assistant's cards: Undo, the form of a new task, the plan of a day, and pages of a search."""

from playwright.async_api import expect

from browser.browser_kit import Chat, Visitor
from browser.task_panel_kit import box
from todochat.testing.model_server import Call, Say, ScriptedModelServer


async def open_chat_beside_tasks(ada: Visitor) -> Chat:
    page = await ada.open("/")
    await page.get_by_role("button", name="Open chat").click()
    return Chat(page)


async def test_undo_under_an_answer_removes_the_added_task(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    model.answer(Call("add_task", {"title": "Buy milk"}))
    model.answer(Say("Added."))
    chat = await open_chat_beside_tasks(ada)
    await chat.send("add buy milk")
    await expect(box(chat.page, "Buy milk")).to_be_visible()

    await chat.widgets.get_by_role("button", name="Undo").click()

    await expect(chat.widgets.get_by_role("button", name="Redo")).to_be_visible()
    await expect(box(chat.page, "Buy milk")).to_have_count(0)
    assert await ada.person.tasks() == []


async def test_form_in_the_chat_adds_a_task(ada: Visitor, model: ScriptedModelServer) -> None:
    model.answer(Call("show_task", {"task": None}))
    model.answer(Say("Here is a form."))
    chat = await open_chat_beside_tasks(ada)
    await chat.send("let me add a task")
    await chat.widgets.get_by_role("textbox").first.fill("Pay rent")

    await chat.widgets.get_by_role("button", name="Save").click()

    await expect(chat.widgets).to_contain_text("Added “Pay rent”")
    await expect(box(chat.page, "Pay rent")).to_be_visible()


async def test_plan_of_a_day_is_accepted(ada: Visitor, model: ScriptedModelServer) -> None:
    await ada.person.api("POST", "/tasks", json={"title": "Write report"})
    entries = [{"task": 1, "at": "23:00", "minutes": 30}]
    model.answer(Call("plan_day", {"day": "2999-01-01", "entries": entries}))
    model.answer(Say("Like this?"))
    chat = await open_chat_beside_tasks(ada)
    await chat.send("plan my day")

    await chat.widgets.get_by_role("button", name="Accept").click()

    await expect(chat.widgets).to_contain_text("Planned for")
    (task,) = await ada.person.tasks()
    assert (task["duration_minutes"], task["start"]["timezone"]) == (30, "Europe/Berlin")


async def test_search_is_turned_page_by_page(ada: Visitor, model: ScriptedModelServer) -> None:
    for number in range(1, 13):
        await ada.person.api("POST", "/tasks", json={"title": f"Chapter {number:02}"})
    model.answer(Call("find_tasks", {"text": "chapter"}))
    model.answer(Say("Twelve."))
    chat = await open_chat_beside_tasks(ada)
    await chat.send("find chapter")
    await expect(chat.widgets).to_contain_text("1 to 10 of 12")

    await chat.widgets.get_by_role("button", name="Next").click()

    await expect(chat.widgets).to_contain_text("11 to 12 of 12")
    await expect(chat.widgets.get_by_role("checkbox")).to_have_count(2)
