"""Import and export of tasks in the settings, and the calendar feed."""

from playwright.async_api import FilePayload, expect

from browser.browser_kit import Visitor
from browser.task_panel_kit import box

CSV = """title,list,priority,due
Buy paint,Renovation,high,2030-01-07
Sand the floor,Renovation,low,soon
"""


async def test_imported_file_is_checked_first_and_undone_at_once(ada: Visitor) -> None:
    page = await ada.open("/?settings=transfer")
    dialog = page.get_by_role("dialog", name="Settings")
    file = FilePayload(name="tasks.csv", mimeType="text/csv", buffer=CSV.encode())
    await dialog.get_by_label("File").set_input_files(file)

    await dialog.get_by_role("button", name="Check file").click()

    await expect(dialog.get_by_text("This file would import")).to_be_visible()
    await expect(dialog).to_contain_text("2 new tasks")
    await dialog.get_by_text("1 row needs attention").click()
    await expect(dialog).to_contain_text("Sand the floor")
    assert await ada.person.tasks() == []
    await dialog.get_by_role("button", name="Import", exact=True).click()
    undo = dialog.get_by_role("button", name="Undo this import")
    await expect(undo).to_be_visible()
    await expect(box(page, "Buy paint")).to_have_count(1)
    await undo.click()
    await expect(dialog.get_by_role("region", name="Notifications")).to_contain_text("undone")
    await expect(box(page, "Buy paint")).to_have_count(0)
    assert await ada.person.tasks() == []


async def test_calendar_feed_is_created_and_revoked(ada: Visitor) -> None:
    await ada.person.api("POST", "/tasks", json={"title": "Dentist"})
    page = await ada.open("/?settings=transfer")
    dialog = page.get_by_role("dialog", name="Settings")

    await dialog.get_by_role("button", name="Create address").click()

    field = dialog.get_by_role("textbox", name="Address of the calendar feed")
    url = await field.input_value()
    assert "Dentist" in await page.evaluate("(url) => fetch(url).then((r) => r.text())", url)
    await dialog.get_by_role("button", name="Revoke").click()
    await expect(field).to_have_count(0)
    ada.watch.expect_status(404, r"\.ics$")
    assert await page.evaluate("(url) => fetch(url).then((r) => r.status)", url) == 404


async def test_tasks_are_exported_as_csv(ada: Visitor) -> None:
    await ada.person.api("POST", "/tasks", json={"title": "Dentist"})
    page = await ada.open("/?settings=transfer")

    async with page.expect_download() as download:
        await page.get_by_role("button", name="CSV", exact=True).click()

    path = await (await download.value).path()
    assert "Dentist" in path.read_text(encoding="utf-8-sig")
