"""Lists: their look, their order and the archive."""

import re

from playwright.async_api import expect

from browser.browser_kit import Visitor
from browser.task_panel_kit import box, edit_task, lists_of, messages


async def test_archived_list_hides_its_tasks_until_it_is_back(ada: Visitor) -> None:
    answer = await ada.person.api("POST", "/lists", json={"name": "Old house"})
    task = {"title": "Paint the door", "list_id": answer.json()["id"]}
    await ada.person.api("POST", "/tasks", json=task)
    page = await ada.open("/")
    await lists_of(page).get_by_role("button", name="Old house").click()
    await page.get_by_role("button", name="Edit list").click()
    dialog = page.get_by_role("dialog")

    await dialog.get_by_role("button", name="Archive").click()

    await expect(lists_of(page).get_by_role("button", name="Old house")).to_have_count(0)
    await lists_of(page).get_by_role("button", name="All tasks").click()
    await expect(box(page, "Paint the door")).to_have_count(0)
    await lists_of(page).get_by_role("button", name="Archived").click()
    await lists_of(page).get_by_role("button", name="Old house").click()
    await expect(box(page, "Paint the door")).to_be_visible()
    await page.get_by_role("button", name="Edit list").click()
    await dialog.get_by_role("button", name="Unarchive").click()
    await expect(lists_of(page).get_by_role("button", name="Archived")).to_have_count(0)
    await expect(lists_of(page).get_by_role("button", name="Old house")).to_be_visible()


async def test_list_gets_a_look_and_another_place(ada: Visitor) -> None:
    for name in ("Alpha", "Beta"):
        await ada.person.api("POST", "/lists", json={"name": name})
    page = await ada.open("/")
    await lists_of(page).get_by_role("button", name="Beta").click()
    await page.get_by_role("button", name="Edit list").click()
    dialog = page.get_by_role("dialog")
    for name in ("purple", "plane"):
        await dialog.locator("label").filter(has=page.get_by_role("radio", name=name)).click()
    await dialog.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Edit list").click()
    await expect(dialog.get_by_role("radio", name="plane")).to_be_checked()

    await dialog.get_by_role("button", name="Move up").click()

    names = lists_of(page).get_by_role("button", name=re.compile(r"^(Alpha|Beta)$"))
    await expect(names).to_have_text(["Beta", "Alpha"])
    stored = (await ada.person.api("GET", "/lists")).json()["items"]
    assert [(each["name"], each["color"], each["icon"]) for each in stored[1:]] == [
        ("Beta", "purple", "plane"),
        ("Alpha", None, None),
    ]


async def test_sections_are_renamed_ordered_and_deleted_by_keyboard(ada: Visitor) -> None:
    shopping = (await ada.person.api("POST", "/lists", json={"name": "Shopping"})).json()
    for name in ("Dairy", "Fruit"):
        section = {"list_id": shopping["id"], "name": name}
        made = (await ada.person.api("POST", "/sections", json=section)).json()
        task = {"title": f"Buy {name}", "section_id": made["id"]}
        await ada.person.api("POST", "/tasks", json=task)
    page = await ada.open("/")
    await lists_of(page).get_by_role("button", name="Shopping").click()
    await page.get_by_role("button", name="Edit list").click()
    sections = page.get_by_role("dialog").get_by_role("region", name="Sections")
    names = sections.get_by_role("textbox", name="Rename: ")

    field = sections.get_by_role("textbox", name="Rename: Dairy")
    await field.fill("Oops")
    await field.press("Escape")
    await expect(field).to_have_value("Dairy")
    await field.fill("Milk and cheese")
    await field.press("Enter")
    up = sections.get_by_role("button", name="Move up: Fruit")
    await up.press("Enter")
    await expect(names.first).to_have_value("Fruit")
    await expect(up).to_be_focused()
    await sections.get_by_role("textbox", name="New section").fill("Bread")
    await page.keyboard.press("Enter")
    await expect(names).to_have_count(3)
    await sections.get_by_role("button", name="Delete: Milk and cheese").press("Enter")
    await expect(sections.get_by_role("alert")).to_contain_text("Its tasks stay in the list.")
    await expect(sections.get_by_role("button", name="Cancel")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")

    await expect(names).to_have_count(2)
    await expect(sections.get_by_role("textbox", name="New section")).to_be_focused()
    milk = page.get_by_role("main").get_by_role("region", name="Milk and cheese")
    await expect(milk).to_have_count(0)
    await messages(page.get_by_role("dialog")).get_by_role("button", name="Undo").press("Enter")
    await expect(names).to_have_count(3)
    await page.keyboard.press("Escape")
    await expect(box(milk, "Buy Dairy")).to_be_visible()
    stored = (await ada.person.api("GET", "/sections")).json()["items"]
    assert [each["name"] for each in stored] == ["Fruit", "Milk and cheese", "Bread"]


async def test_tasks_of_a_list_are_under_the_headings_of_its_sections(ada: Visitor) -> None:
    shopping = (await ada.person.api("POST", "/lists", json={"name": "Shopping"})).json()
    for name in ("Dairy", "Fruit"):
        await ada.person.api("POST", "/sections", json={"list_id": shopping["id"], "name": name})
    await ada.person.api("POST", "/tasks", json={"title": "Bags", "list_id": shopping["id"]})
    page = await ada.open("/")
    await lists_of(page).get_by_role("button", name="Shopping").click()
    dairy = page.get_by_role("main").get_by_role("region", name="Dairy")
    fruit = page.get_by_role("main").get_by_role("region", name="Fruit")

    await dairy.get_by_role("button", name="Add task to Dairy").press("Enter")
    for title in ("Milk", "Cream"):
        await page.keyboard.type(title)
        await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")

    await expect(dairy.get_by_role("button", name="Add task to Dairy")).to_be_focused()
    await expect(dairy.get_by_role("checkbox")).to_have_count(2)
    titles = page.get_by_role("main").get_by_role("checkbox", name="Done: ")
    await expect(titles.first).to_have_accessible_name("Done: Bags")
    form = await edit_task(page, "Milk")
    await form.get_by_label("Section").select_option("Fruit")
    await form.get_by_role("button", name="Save").click()
    await expect(box(fruit, "Milk")).to_be_visible()
    await dairy.get_by_role("button", name="Dairy 1").press("Enter")
    await expect(box(page, "Cream")).to_have_count(0)
