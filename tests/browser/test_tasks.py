"""The task panel: a user's actions in it, and concurrent changes elsewhere."""

import pytest
from playwright.async_api import expect

from browser.browser_kit import Chat, Visitor
from browser.task_panel_kit import add_task, box
from todochat.testing.model_server import Call, Say, ScriptedModelServer


async def test_assistants_task_appears_while_the_response_streams(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    model.answer(Call("add_task", {"title": "Water the plants", "priority": "high"}))
    model.answer(Say("Done."))
    page = await ada.open("/")
    await page.get_by_role("button", name="Open chat").click()
    chat = Chat(page)

    await chat.send("remind me of the plants")

    await expect(box(page, "Water the plants")).to_be_visible()
    await expect(page.get_by_role("list", name="Tasks")).to_contain_text("High")
    await expect(chat.answers).to_contain_text("Done.")


async def test_checkbox_in_the_chat_completes_the_task_in_the_panel(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    for title in ("Milk", "Eggs"):
        await ada.person.api("POST", "/tasks", json={"title": title})
    model.answer(Call("find_tasks", {}))
    model.answer(Say("Two things."))
    page = await ada.open("/")
    await page.get_by_role("button", name="Open chat").click()
    chat = Chat(page)
    await chat.send("what is there to do?")

    ticked = chat.widgets.get_by_role("checkbox", name="Milk")
    await ticked.click()

    await expect(box(page, "Milk")).to_have_count(0)
    await expect(box(page, "Eggs")).to_be_visible()
    await expect(ticked).to_be_checked()
    await page.reload()
    await page.get_by_role("button", name="Open chat").click()
    await expect(ticked).to_be_checked()


async def test_list_in_the_chat_follows_the_tasks(ada: Visitor, model: ScriptedModelServer) -> None:
    milk, eggs = [
        (await ada.person.api("POST", "/tasks", json={"title": title})).json()["id"]
        for title in ("Milk", "Eggs")
    ]
    model.answer(Call("find_tasks", {}))
    model.answer(Say("Two things."))
    page = await ada.open("/chat")
    chat = Chat(page)
    await chat.send("what is there to do?")
    await expect(chat.answers).to_contain_text("Two things.")

    await ada.person.api("PATCH", f"/tasks/{milk}", json={"title": "Oat milk", "completed": True})

    ticked = chat.widgets.get_by_role("checkbox", name="Oat milk")
    await expect(ticked).to_be_checked()
    await ada.person.api("DELETE", f"/tasks/{eggs}")
    await expect(chat.widgets.get_by_role("checkbox")).to_have_count(1)
    await expect(chat.widgets).to_contain_text("No longer exists")
    await page.reload()
    await expect(ticked).to_be_checked()
    await expect(chat.widgets).to_contain_text("No longer exists")


async def test_mention_in_the_chat_opens_its_task_or_list(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    home = (await ada.person.api("POST", "/lists", json={"name": "Home"})).json()["id"]
    milk = {"title": "Milk", "list_id": home}
    (await ada.person.api("POST", "/tasks", json=milk)).raise_for_status()
    model.answer(Say("It is for you."))
    page = await ada.open("/chat")
    chat = Chat(page)
    for word in ("milk", "home"):
        await chat.composer.press_sequentially(f"@{word}")
        await expect(chat.host.get_by_role("option")).to_have_count(1)
        await chat.composer.press("Enter")
    await chat.composer.press("Enter")
    await expect(chat.answers).to_contain_text("It is for you.")

    await chat.host.get_by_role("button", name="Milk").click()

    await expect(page.get_by_role("form", name="Edit Milk")).to_be_visible()
    await page.go_back()
    await chat.host.get_by_role("button", name="Home").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Home")


async def test_task_is_edited_in_place(ada: Visitor) -> None:
    page = await ada.open("/")
    await add_task(page, "Call Ann")

    await page.get_by_role("button", name="Edit: Call Ann").click()
    form = page.get_by_role("form", name="Edit Call Ann")
    await form.get_by_role("textbox", name="Title").fill("Call Anna")
    await form.get_by_role("combobox", name="Priority").select_option("high")
    await form.get_by_role("textbox", name="Tags").fill("family, phone")
    await form.get_by_role("button", name="Save").click()

    await expect(box(page, "Call Anna")).to_be_visible()
    await page.reload()
    await expect(box(page, "Call Anna")).to_be_visible()
    ticks = page.get_by_role("checkbox", name="Done: Call Anna")
    row = page.get_by_role("listitem").filter(has=ticks)
    await expect(row).to_contain_text("High")
    await expect(row).to_contain_text("family")


@pytest.mark.slow
async def test_undo_restores_a_deleted_task(ada: Visitor) -> None:
    page = await ada.open("/")
    await add_task(page, "Old thing")

    await page.get_by_role("button", name="Delete: Old thing").click()
    await expect(box(page, "Old thing")).to_have_count(0)
    messages = page.get_by_role("region", name="Notifications")
    await expect(messages).to_contain_text("Deleted “Old thing”")
    await messages.get_by_role("button", name="Undo").click()

    await expect(box(page, "Old thing")).to_be_visible()
    assert [task["title"] for task in await ada.person.tasks()] == ["Old thing"]


@pytest.mark.slow
async def test_refused_edit_is_reverted_and_reported(ada: Visitor) -> None:
    page = await ada.open("/")
    await add_task(page, "Stays open")
    ada.watch.expect_status(503, "/tasks/")
    await page.route(
        "**/tasks/tsk_*", lambda route: route.fulfill(status=503, json={"detail": "Not now."})
    )

    await box(page, "Stays open").click()

    await expect(page.get_by_role("region", name="Notifications")).to_contain_text("Not now.")
    await expect(box(page, "Stays open")).not_to_be_checked()


async def test_two_tabs_show_the_same_tasks(ada: Visitor) -> None:
    first = await ada.open("/")
    second = await ada.open_tab("/")
    await expect(second.get_by_role("textbox", name="New task")).to_be_visible()

    await add_task(first, "Seen in both")
    await expect(box(second, "Seen in both")).to_be_enabled()
    await box(second, "Seen in both").click()

    await expect(box(first, "Seen in both")).to_have_count(0)


@pytest.mark.slow
async def test_lists_and_filters_find_a_task(ada: Visitor) -> None:
    page = await ada.open("/")
    await page.get_by_role("button", name="New list").click()
    await page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("Work")
    await page.get_by_role("button", name="Create list").click()
    await expect(page.get_by_role("heading", name="Work")).to_be_visible()
    await add_task(page, "Write the report")
    await box(page, "Write the report").click()
    await expect(box(page, "Write the report")).to_have_count(0)

    await page.get_by_role("navigation", name="Lists").get_by_role("button", name="All").click()
    await page.get_by_role("button", name="Done", exact=True).click()

    await expect(box(page, "Write the report")).to_be_checked()
    await expect(page.get_by_role("list", name="Tasks")).to_contain_text("Work")


@pytest.mark.slow
async def test_change_made_elsewhere_is_shown_at_once(ada: Visitor) -> None:
    page = await ada.open("/")
    await expect(page.get_by_role("heading", name="No tasks yet")).to_be_visible()

    answer = await ada.person.api("POST", "/tasks", json={"title": "From a script"})

    await expect(box(page, "From a script")).to_be_visible()
    await ada.person.api("DELETE", f"/tasks/{answer.json()['id']}")
    await expect(box(page, "From a script")).to_have_count(0)
