"""Locators and steps that the stories of the task panel share."""

from playwright.async_api import Locator, Page, expect


def box(page: Page | Locator, title: str) -> Locator:
    """Find a task's checkbox in the list."""
    return page.get_by_role("list", name="Tasks").get_by_role("checkbox", name=f"Done: {title}")


def lists_of(page: Page) -> Locator:
    """Find the sidebar."""
    return page.get_by_role("navigation", name="Lists")


def messages(page: Page | Locator) -> Locator:
    """Find the messages at the lower edge."""
    return page.get_by_role("region", name="Notifications")


async def add_task(page: Page, title: str) -> None:
    """Add a task and wait until it is stored."""
    field = page.get_by_role("textbox", name="New task")
    await field.fill(title)
    await field.press("Enter")
    await expect(box(page, title)).to_be_enabled()


async def edit_task(page: Page, title: str) -> Locator:
    """Open a task's editor."""
    await page.get_by_role("button", name=f"Edit: {title}", exact=True).click()
    return page.get_by_role("form", name=f"Edit {title}")
