"""Screenshots of every page: `make screenshots` writes them to docs/images.

A stack with the offline assistant, one user with tasks and a conversation, one without: each
page at the width of a desktop and of a phone, in the light and dark theme.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import httpx
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from browser.browser_kit import REFRESH_COOKIE, Chat
from browser.chromium_kit import ensure_browser
from stack_kit import Stack, run_stack
from todochat.testing.person import PASSWORD, Person

WIDTHS: Final = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
BUILD_TIMEOUT_S: Final = 900
# Tasks: title, list, priority, days from today, tags.
TASKS: Final[list[tuple[str, str, str, int | None, list[str]]]] = [
    ("Send the invoice to Priya", "Work", "high", -1, ["clients"]),
    ("Book the train to Hamburg", "Travel", "medium", 0, []),
    ("Water the plants", "Home", "none", 0, []),
    ("Prepare the slides for Thursday", "Work", "medium", 3, ["talk"]),
    ("Call the dentist", "Home", "low", 4, []),
    ("Renew the passport", "Travel", "none", None, []),
]
SAID: Final = ("what should I do next?", "what is due today?", "add buy milk tomorrow at 5pm")


@dataclass
class Desk:
    """A user's page at one width in one color scheme."""

    page: Page
    chat: Chat

    async def open(self, path: str, *, until: str) -> None:
        """Open a page and wait for a heading or a label on it."""
        await self.page.goto(path)
        await self.page.get_by_text(until).first.wait_for()

    async def open_conversation(self) -> None:
        """Open the newest conversation from the history."""
        await self.chat.button("Chat history").click()
        history = self.chat.host.get_by_role("dialog", name="Chat history")
        await history.get_by_role("listitem").first.get_by_role("button").first.click()
        await self.chat.answers.last.wait_for()
        await expect(self.chat.thread).to_have_attribute("aria-busy", "false")


Scene = Callable[[Desk], Awaitable[None]]


async def login(desk: Desk) -> None:
    await desk.open("/login", until="E-mail address")


async def register(desk: Desk) -> None:
    await desk.open("/register", until="E-mail address")


async def expired_link(desk: Desk) -> None:
    await desk.open("/sign-in-link#used", until="Create a new link")


async def empty_tasks(desk: Desk) -> None:
    await desk.open("/", until="No tasks yet")


async def chat_start(desk: Desk) -> None:
    await desk.page.goto("/chat")
    await desk.chat.start_screen.wait_for()


async def tasks(desk: Desk) -> None:
    await desk.open("/", until="Water the plants")


async def tasks_and_chat(desk: Desk) -> None:
    await tasks(desk)
    await desk.page.get_by_role("button", name="Open chat").click()
    await desk.chat.composer.wait_for()
    await desk.open_conversation()


async def chat(desk: Desk) -> None:
    await desk.page.goto("/chat")
    await desk.chat.composer.wait_for()
    await desk.open_conversation()


async def history(desk: Desk) -> None:
    await chat(desk)
    await desk.chat.button("Chat history").click()
    await desk.chat.host.get_by_role("listitem").first.wait_for()


async def link_of_another_user(desk: Desk) -> None:
    await desk.open("/sign-in-link#unused", until="Stay signed in")


async def settings(desk: Desk) -> None:
    await tasks(desk)
    await desk.page.get_by_role("button", name="Settings").click()
    await desk.page.get_by_role("dialog").get_by_text("Appearance").first.wait_for()


STRANGERS: Final[dict[str, Scene]] = {
    "login": login,
    "register": register,
    "sign-in-link-over": expired_link,
}
NEWCOMERS: Final[dict[str, Scene]] = {"tasks-empty": empty_tasks, "chat-start": chat_start}
REGULARS: Final[dict[str, Scene]] = {
    "tasks": tasks,
    "tasks-and-chat": tasks_and_chat,
    "chat": chat,
    "chat-history": history,
    "settings": settings,
    "sign-in-link-asks": link_of_another_user,
}


async def sign_up(stack: Stack, client: httpx.AsyncClient, name: str) -> Person:
    assert str(client.base_url).startswith(stack.edge)
    return await Person.sign_up(client, name=name)


async def fill(ada: Person) -> None:
    """Create lists, tasks and conversations for a user."""
    lists = {}
    for name in dict.fromkeys(task[1] for task in TASKS):
        made = await ada.api("POST", "/lists", json={"name": name})
        lists[name] = made.raise_for_status().json()["id"]
    for title, list_name, priority, days, tags in TASKS:
        body: dict[str, Any] = {
            "title": title,
            "list_id": lists[list_name],
            "priority": priority,
            "tags": tags,
        }
        if days is not None:
            day = datetime.now(UTC).date() + timedelta(days=days)
            body["due"] = {"date": day.isoformat()}
        (await ada.api("POST", "/tasks", json=body)).raise_for_status()
    for earlier in ("what did I finish this week?", "move the plants to friday"):
        await ada.ask(earlier)
    answer = await ada.ask(SAID[0])
    for text in SAID[1:]:
        await ada.ask(text, answer.thread_id)


@asynccontextmanager
async def desk_of(
    browser: Browser, stack: Stack, person: Person | None, **options: Any
) -> AsyncIterator[Desk]:
    """Open a browser, signed in if a person is given."""
    context: BrowserContext = await browser.new_context(
        base_url=stack.edge,
        locale="en-US",
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
        **options,
    )
    if person is not None:
        async with httpx.AsyncClient(base_url=stack.edge, timeout=30) as client:
            account = {"email": person.email, "password": PASSWORD}
            (await client.post("/api/auth/sign-in", json=account)).raise_for_status()
            value = client.cookies[REFRESH_COOKIE]
            url = f"{stack.edge}/api/auth/refresh"
            await context.add_cookies([{"name": REFRESH_COOKIE, "value": value, "url": url}])
    page = await context.new_page()
    yield Desk(page, Chat(page))
    await context.close()


async def take(
    browser: Browser, stack: Stack, person: Person | None, scenes: dict[str, Scene], folder: Path
) -> None:
    """Write each scene in each width and scheme."""
    for width, viewport in WIDTHS.items():
        for scheme in SCHEMES:
            options = {"viewport": viewport, "color_scheme": scheme, "has_touch": width == "phone"}
            async with desk_of(browser, stack, person, **options) as desk:
                for name, arrive in scenes.items():
                    await arrive(desk)
                    await desk.page.evaluate("() => document.fonts.ready")
                    await desk.page.mouse.move(0, 0)
                    path = folder / f"{name}-{width}-{scheme}.png"
                    await desk.page.screenshot(path=path, animations="disabled", caret="hide")
                    print(path)


async def run(stack: Stack, folder: Path) -> None:
    async with (
        httpx.AsyncClient(base_url=stack.edge, timeout=30) as first,
        httpx.AsyncClient(base_url=stack.edge, timeout=30) as second,
        async_playwright() as playwright,
    ):
        path = ensure_browser(os.environ, playwright.chromium.executable_path)
        browser = await playwright.chromium.launch(executable_path=path)
        ada, ben = await sign_up(stack, first, "Ada"), await sign_up(stack, second, "Ben")
        await fill(ada)
        await take(browser, stack, None, STRANGERS, folder)
        await take(browser, stack, ben, NEWCOMERS, folder)
        await take(browser, stack, ada, REGULARS, folder)
        await browser.close()


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for stack in run_stack("screenshots", {"TODOCHAT_SITE": ""}, timeout_s=BUILD_TIMEOUT_S):
        asyncio.run(run(stack, folder))


if __name__ == "__main__":
    main()
