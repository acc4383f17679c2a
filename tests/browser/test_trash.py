"""The trash: restoring tasks, and deleting them for good."""

from playwright.async_api import expect

from browser.browser_kit import Visitor
from browser.task_panel_kit import box, lists_of


async def test_deleted_task_is_restored_and_another_one_purged(ada: Visitor) -> None:
    for title in ("Keep me", "Secret"):
        answer = await ada.person.api("POST", "/tasks", json={"title": title})
        await ada.person.api("DELETE", f"/tasks/{answer.json()['id']}")
    page = await ada.open("/")
    await lists_of(page).get_by_role("button", name="Trash").click()

    await page.get_by_role("button", name="Restore: Keep me").click()
    await page.get_by_role("button", name="Delete for good: Secret").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Delete “Secret” for good?")
    await dialog.get_by_role("button", name="Delete for good").click()

    await expect(page.get_by_text("The trash is empty.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("The trash is empty.")).to_be_visible()
    await lists_of(page).get_by_role("button", name="All tasks").click()
    await expect(box(page, "Keep me")).to_be_visible()
