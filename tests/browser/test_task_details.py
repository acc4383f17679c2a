"""The details of a task: repetition, subtasks and history."""

from playwright.async_api import expect

from browser.browser_kit import Visitor
from browser.task_panel_kit import add_task, box, edit_task


async def test_completed_task_that_repeats_is_followed_by_the_next(ada: Visitor) -> None:
    page = await ada.open("/")
    await add_task(page, "Water the plants")
    form = await edit_task(page, "Water the plants")
    await form.get_by_label("Due", exact=True).fill("2030-01-07")
    await form.get_by_label("Repeat").select_option("weekly")
    await form.get_by_label("Every (weeks)").fill("2")
    for day in ("Monday", "Thursday"):
        await form.get_by_role("button", name=day).click()
    await form.get_by_label("Ends").select_option("count")
    await form.get_by_label("Times left").fill("5")
    await form.get_by_label("Remind me").select_option("60")
    await form.get_by_role("button", name="Save").click()
    tasks = page.get_by_role("list", name="Tasks")
    await expect(tasks).to_contain_text("Every 2 weeks on Mon, Thu, 5 left")

    await box(page, "Water the plants").click()

    await expect(tasks).to_contain_text("Every 2 weeks on Mon, Thu, 4 left")
    await expect(tasks).to_contain_text("Jan 10, 2030")
    form = await edit_task(page, "Water the plants")
    await expect(form.get_by_role("list", name="Reminders")).to_contain_text("1 hour before")
    await form.get_by_role("button", name="Skip this one").click()
    await expect(tasks).to_contain_text("Jan 21, 2030")


async def test_subtasks_are_completed_with_their_parent(ada: Visitor) -> None:
    page = await ada.open("/")
    await add_task(page, "Bake a cake")
    form = await edit_task(page, "Bake a cake")
    field = form.get_by_role("textbox", name="New subtask")
    for title in ("Buy flour", "Buy eggs"):
        await field.fill(title)
        await field.press("Enter")
        await expect(form.get_by_role("checkbox", name=f"Done: {title}")).to_be_enabled()
    await form.get_by_role("checkbox", name="Done: Buy eggs").click()
    await form.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("list", name="Tasks")).to_contain_text("1/2")
    ada.watch.expect_status(409, "/tasks/")

    await box(page, "Bake a cake").click()
    await page.get_by_role("dialog").get_by_role("button", name="Complete it, too").click()

    await expect(box(page, "Buy flour")).to_have_count(0)
    await expect(box(page, "Bake a cake")).to_have_count(0)
    assert await ada.person.tasks() == []


async def test_change_is_undone_in_the_history(ada: Visitor) -> None:
    page = await ada.open("/")
    await add_task(page, "Call Ann")
    form = await edit_task(page, "Call Ann")
    await form.get_by_role("textbox", name="Title").fill("Call Bob")
    await form.get_by_role("button", name="Save").click()
    form = await edit_task(page, "Call Bob")

    await form.get_by_role("button", name="History").click()
    await form.get_by_role("button", name="Undo: You changed the title to “Call Bob”").click()

    await expect(box(page, "Call Ann")).to_be_visible()
