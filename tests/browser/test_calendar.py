"""The calendar: a month on wide screens, a week on phones."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.async_api import expect

from browser.browser_kit import Visit, Visitor
from browser.task_panel_kit import lists_of
from stack_kit import SignUp, Stack

ZONE = "Europe/Berlin"


def today() -> date:
    return datetime.now(ZoneInfo(ZONE)).date()


def of_month(day: int) -> date:
    return today().replace(day=day)


async def test_task_is_dragged_to_another_day(ada: Visitor) -> None:
    task = {"title": "Dentist", "due": {"date": str(of_month(10)), "timezone": ZONE}}
    await ada.person.api("POST", "/tasks", json=task)
    page = await ada.open("/")
    await lists_of(page).get_by_role("button", name="Calendar").click()
    days = page.get_by_role("cell")

    def day(number: int) -> str:
        return f"{of_month(number):%A, %B} {number}, {of_month(number).year}"

    async with page.expect_response(lambda each: each.request.method == "PATCH"):
        await days.get_by_role("button", name="Dentist").drag_to(page.get_by_label(day(17)))

    await expect(page.get_by_label(day(17))).to_contain_text("Dentist")
    await expect(page.get_by_label(day(10))).not_to_contain_text("Dentist")
    assert [each["due"]["date"] for each in await ada.person.tasks()] == [str(of_month(17))]


async def test_task_is_moved_by_keyboard_on_a_phone(
    site: Stack, sign_up: SignUp, visit: Visit
) -> None:
    bob = await visit(site, await sign_up(site), viewport={"width": 390, "height": 844})
    task = {"title": "Dentist", "due": {"date": str(today()), "timezone": ZONE}}
    await bob.person.api("POST", "/tasks", json=task)
    page = await bob.open("/#calendar")
    await page.get_by_role("button", name="Dentist").focus()

    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Dentist")
    await dialog.get_by_label("Another day").fill(str(today() + timedelta(days=7)))
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("button", name="Dentist")).to_have_count(0)
    await page.get_by_role("button", name="Next week").click()
    await expect(page.get_by_role("button", name="Dentist")).to_be_visible()
