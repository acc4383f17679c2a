"""Reminders on a device: the switch, the notification of a push message, and its actions.

A real subscription needs the push service of the browser's maker. So here the page's subscription is
a stand-in, and the browser's debugger delivers the message to the real service worker.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, CDPSession, Locator, Page, Playwright, expect
from push_kit import Browser as Subscriber

from browser.browser_kit import Visitor, open_browser
from todochat.testing import wait_until

Document = dict[str, Any]

SUBSCRIBED = """
(subscription) => {
  const stored = () => sessionStorage.getItem("subscribed");
  const make = (key) => ({
    options: { applicationServerKey: key },
    toJSON: () => subscription,
    unsubscribe: async () => { sessionStorage.removeItem("subscribed"); return true; },
  });
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    sessionStorage.setItem("subscribed", applicationServerKey);
    return make(null);
  };
  PushManager.prototype.getSubscription = async () => (stored() ? make(null) : null);
}
"""
SHOWN = """
async () => {
  const registration = await navigator.serviceWorker.ready;
  const shown = await registration.getNotifications();
  return shown.map(({ title, body, tag }) => ({ title, body, tag }));
}
"""
CLICK = """
async (action) => {
  const [notification] = await self.registration.getNotifications();
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    async with open_browser(playwright, with_notifications=True) as browser:
        yield browser


async def switch_on(ada: Visitor) -> Locator:
    """Switch reminders on in the settings; return the dialog."""
    await ada.context.grant_permissions(["notifications"], origin=ada.watch.origin)
    subscription = Subscriber(f"https://1.1.1.1/{ada.person.user_id}").subscription()
    await ada.context.add_init_script(f"({SUBSCRIBED})({json.dumps(subscription)})")
    page = await ada.open("/")
    await page.get_by_role("button", name="Settings").click()
    dialog = page.get_by_role("dialog", name="Settings")
    await dialog.get_by_role("button", name="Reminders").click()
    switch = dialog.get_by_role("checkbox", name="Notify me on this device")
    await switch.click()
    await expect(switch).to_be_checked()
    return dialog


async def push(ada: Visitor, page: Page, message: Document) -> None:
    """Deliver a message to the site's service worker."""
    session: CDPSession = await ada.context.new_cdp_session(page)
    registrations: asyncio.Queue[str] = asyncio.Queue()

    def on_update(event: Document) -> None:
        for registration in event["registrations"]:
            registrations.put_nowait(registration["registrationId"])

    session.on("ServiceWorker.workerRegistrationUpdated", on_update)
    await session.send("ServiceWorker.enable")
    async with asyncio.timeout(20):
        registration_id = await registrations.get()
    await session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": ada.watch.origin,
            "registrationId": registration_id,
            "data": json.dumps(message),
        },
    )


async def make_reminder(ada: Visitor, title: str) -> Document:
    """Create a task with a reminder; return the message that its device gets."""
    task = {"title": title, "reminders": [{"at": "2999-01-01T00:00:00Z"}]}
    made = (await ada.person.api("POST", "/tasks", json=task)).json()
    return {
        "reminder_id": made["reminders"][0]["id"],
        "user_id": ada.person.user_id,
        "task_id": made["id"],
        "title": title,
        "at": "2026-12-01T10:00:00Z",
        "due": {"date": "2026-12-01"},
        "late": True,
    }


async def shown(page: Page) -> list[Document]:
    found: list[Document] = await page.evaluate(SHOWN)
    return found


async def test_switch_adds_and_removes_this_device(ada: Visitor) -> None:
    dialog = await switch_on(ada)
    devices = dialog.get_by_role("listitem")
    await expect(devices).to_contain_text("Chrome on Linux")
    await expect(devices).to_contain_text("This device")

    await ada.page.reload()
    await ada.page.get_by_role("button", name="Settings").click()
    await dialog.get_by_role("button", name="Reminders").click()
    switch = dialog.get_by_role("checkbox", name="Notify me on this device")
    await expect(switch).to_be_checked()
    await switch.click()

    await expect(dialog.get_by_text("No devices")).to_be_visible()
    await expect(switch).not_to_be_checked()


async def test_pushed_reminder_is_shown_and_its_done_button_completes_the_task(
    ada: Visitor,
) -> None:
    await switch_on(ada)
    message = await make_reminder(ada, "Call mom")

    await push(ada, ada.page, message)
    await push(ada, ada.page, message)  # delivered twice

    await wait_until(lambda: _has_shown(ada.page))
    [notification] = await shown(ada.page)
    assert notification["title"] == "Call mom"
    assert notification["body"].startswith("Due ")
    assert "Late: it was for" in notification["body"]
    [worker] = ada.context.service_workers
    await worker.evaluate(CLICK, "done")
    await wait_until(lambda: _is_completed(ada, message["task_id"]))


@pytest.mark.slow
async def test_snooze_button_plans_the_reminder_again(ada: Visitor) -> None:
    await switch_on(ada)
    message = await make_reminder(ada, "Call dad")
    await push(ada, ada.page, message)
    await wait_until(lambda: _has_shown(ada.page))

    [worker] = ada.context.service_workers
    await worker.evaluate(CLICK, "snooze")

    await wait_until(lambda: _is_planned_before(ada, "2900"))


async def test_clicked_notification_opens_its_task_in_the_open_page(ada: Visitor) -> None:
    dialog = await switch_on(ada)
    await dialog.get_by_role("button", name="Close").click()
    message = await make_reminder(ada, "Call aunt")
    await expect(ada.page.get_by_role("button", name="Edit: Call aunt")).to_be_visible()
    await push(ada, ada.page, message)
    await wait_until(lambda: _has_shown(ada.page))

    # The browser gives the focus only for a real click; without it the page opens the task, too.
    [worker] = ada.context.service_workers
    await worker.evaluate(CLICK, "")

    await expect(ada.page.get_by_role("form", name="Edit Call aunt")).to_be_visible()


async def test_link_to_a_task_opens_it(ada: Visitor) -> None:
    message = await make_reminder(ada, "Call uncle")

    page = await ada.open(f"/?task={message['task_id']}")

    await expect(page.get_by_role("form", name="Edit Call uncle")).to_be_visible()
    assert "task=" not in page.url


@pytest.mark.slow
async def test_link_of_an_email_opens_the_settings(ada: Visitor) -> None:
    page = await ada.open("/?settings=reminders")

    dialog = page.get_by_role("dialog", name="Settings")
    await expect(dialog.get_by_role("heading", name="Reminders", exact=True)).to_be_visible()
    assert "settings=" not in page.url


async def _has_shown(page: Page) -> bool:
    return await shown(page) != []


async def _is_completed(ada: Visitor, task_id: str) -> bool:
    task = (await ada.person.api("GET", f"/tasks/{task_id}")).json()
    return task["completed_at"] is not None


async def _is_planned_before(ada: Visitor, year: str) -> bool:
    planned = (await ada.person.api("GET", "/reminders")).json()["items"]
    return any(each["fires_at"] < year for each in planned)
