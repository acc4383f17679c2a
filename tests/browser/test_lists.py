"""Lists: their look, their order and the archive."""

import re

from playwright.async_api import expect

from browser.browser_kit import Visitor
from browser.task_panel_kit import box, lists_of


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
