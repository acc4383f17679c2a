"""Users with a browser each, and a watch on what their pages do.

```python
ada = await visit(site)                      # a new browser profile
await ada.page.goto("/login")
bob = await visit(site, await sign_up(site)) # a browser with a signed-in user
chat = await bob.open_chat()
await chat.send("add buy milk")
await expect(chat.answers.last).to_contain_text("milk")
```

Locators go by role and accessible name; Playwright pierces the open shadow root.
"""

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    Request,
    Response,
)

from browser.chromium_kit import NoBrowserError, ensure_browser
from todochat.testing.person import Person

# Machines that run other suites at the same time need a multiple of the usual.
TIMEOUT_MS: Final = 25_000
# It hums, and grants access without a prompt.
FAKE_MICROPHONE: Final = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
REFRESH_COOKIE: Final = "todochat_refresh"
OWN_SCHEMES: Final = ("data:", "blob:", "about:")
# A page that closes, or stops a response, aborts its own requests.
ENDED_BY_THE_PAGE: Final = "net::ERR_ABORTED"
# The browser's console messages about responses and requests that the watch sees itself.
FAILED_RESOURCE: Final = "Failed to load resource:"
REPORT_VIOLATIONS: Final = """
document.addEventListener("securitypolicyviolation", (event) => {
  window.todochatViolation(
    `${event.violatedDirective} forbids ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`,
  );
});
"""


@asynccontextmanager
async def open_browser(
    playwright: Playwright, *, with_notifications: bool = False
) -> AsyncIterator[Browser]:
    """Start the machine's Chromium, a headless shell if there is one and it does."""
    try:
        path = ensure_browser(
            os.environ,
            playwright.chromium.executable_path,
            with_notifications=with_notifications,
        )
    except NoBrowserError as error:
        pytest.fail(str(error), pytrace=False)
    browser = await playwright.chromium.launch(executable_path=path, args=FAKE_MICROPHONE)
    yield browser
    await browser.close()


@dataclass(frozen=True)
class _Expected:
    """Failures provoked by a test: responses with a status, or requests without a response (0)."""

    path: re.Pattern[str]
    status: int


@dataclass
class Watch:
    """Records everything a browser's pages do that a visitor should never see.

    Attributes:
        origin: the pages' origin; a request to any other is a problem.
        problems: the problems so far, in order.
        requests: "METHOD /path" of every request to the origin.
    """

    origin: str
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _expected: list[_Expected] = field(default_factory=list)
    _expected_words: list[re.Pattern[str]] = field(default_factory=list)
    _expected_origins: list[str] = field(default_factory=list)
    _expected_violations: list[re.Pattern[str]] = field(default_factory=list)

    async def follow(self, context: BrowserContext) -> None:
        """Watch all pages of a browser, including those it opens later."""
        await context.expose_function("todochatViolation", self._on_violation)
        await context.add_init_script(REPORT_VIOLATIONS)
        context.on("request", self._on_request)
        context.on("response", self._on_response)
        context.on("requestfailed", self._on_request_failed)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._note("error in the page", str(error.error)))

    def expect_status(self, status: int, path: str) -> None:
        """Expect responses with a status, for paths that match a pattern."""
        self._expected.append(_Expected(re.compile(path), status))

    def expect_failures(self, path: str = "") -> None:
        """Expect requests that fail without a response, as offline."""
        self._expected.append(_Expected(re.compile(path), 0))

    def expect_words(self, words: str) -> None:
        """Expect a console message of the page, by a pattern."""
        self._expected_words.append(re.compile(words))

    def expect_violation(self, words: str) -> None:
        """Expect a violation of the page's policy, by a pattern of the directive."""
        self._expected_violations.append(re.compile(words))

    def expect_origin(self, origin: str) -> None:
        """Expect requests to another origin."""
        self._expected_origins.append(origin)

    def raise_problems(self, evidence: Path) -> None:
        """Fail if anything unexpected happened.

        Args:
            evidence: the folder with screenshots, and perhaps a trace.

        Raises:
            AssertionError: lists the problems.
        """
        if self.problems:
            lines = [*self.problems, f"evidence: {evidence}"]
            raise AssertionError("the page misbehaved:\n" + "\n".join(lines))

    def _note(self, kind: str, what: str) -> None:
        self.problems.append(f"{kind}: {what}")

    def _is_expected(self, url: str, status: int) -> bool:
        path = urlsplit(url).path
        return any(each.status == status and each.path.search(path) for each in self._expected)

    def _on_violation(self, what: str) -> None:
        if not any(words.match(what) for words in self._expected_violations):
            self._note("securitypolicyviolation", what)

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin == self.origin:
            self.requests.append(f"{request.method} {parts.path}")
        elif origin not in self._expected_origins and not request.url.startswith(OWN_SCHEMES):
            self._note("request to another origin", f"{request.method} {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and not self._is_expected(response.url, response.status):
            method = response.request.method
            self._note("answer", f"{response.status} to {method} {response.url}")

    def _on_request_failed(self, request: Request) -> None:
        failure = request.failure or "no reason"
        if failure != ENDED_BY_THE_PAGE and not self._is_expected(request.url, 0):
            self._note("failed request", f"{request.method} {request.url}: {failure}")

    def _on_console(self, message: ConsoleMessage) -> None:
        text = message.text
        if message.type not in {"error", "warning"} or text.startswith(FAILED_RESOURCE):
            return
        if not any(words.search(text) for words in self._expected_words):
            self._note(f"console {message.type}", f"{text} ({message.location.get('url', '')})")


class Chat:
    """The chat on a page, as a user finds it.

    Attributes:
        frame: the component's own region.
        composer: the message input.
        questions: the user's messages.
        answers: the messages of the assistant; widgets are separate.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.host = page.locator("openai-chatkit")
        self.frame = self.host.locator("[part~=frame]")
        self.composer = self.host.get_by_role("textbox").last
        self.questions = self.host.locator("[part~=user-message]")
        self.answers = self.host.locator("[part~=assistant-message]")
        self.widgets = self.host.locator("[part~=widget]")
        self.thread = self.host.locator("[part~=thread]")
        self.start_screen = self.host.locator("[part~=start-screen]")
        self.error = self.host.locator("[part~=error]")
        self.history = self.host.locator("[part~=history]")
        self.stop_button = self.button("Stop")
        self.send_button = self.button("Send message")

    def button(self, name: str | re.Pattern[str], *, exact: bool = True) -> Locator:
        """Find a button of the chat by its name."""
        if isinstance(name, str):
            return self.host.get_by_role("button", name=name, exact=exact)
        return self.host.get_by_role("button", name=name)

    async def show_history(self) -> None:
        """Open the list of chats."""
        await self.button("Chat history").click()
        await self.history.wait_for()

    async def open_from_history(self, title: str) -> None:
        """Open a chat of the list by its title."""
        await self.show_history()
        row = self.history.get_by_role("listitem")
        await row.get_by_role("button", name=title, exact=True).click()

    async def send(self, text: str) -> None:
        """Type a message and press Enter."""
        await self.composer.fill(text)
        await self.composer.press("Enter")


def answer_text(text: str) -> str:
    """Return the text of a response's element, including the heading for screen readers."""
    return f"The assistant said:{text}"


class Visitor:
    """A user with a separate browser (a context: its cookies, its storage, its tabs).

    Attributes:
        page: the first tab.
        watch: the pages' problems and requests.
        person: the account that was signed in from the start, for use over HTTP, too.
    """

    def __init__(
        self, context: BrowserContext, page: Page, watch: Watch, person: Person | None
    ) -> None:
        self.context = context
        self.page = page
        self.watch = watch
        self._person = person

    @property
    def person(self) -> Person:
        assert self._person is not None, "this browser was opened without a signed-in user"
        return self._person

    async def open(self, path: str = "/") -> Page:
        """Open the first tab at a path and return it."""
        await self.page.goto(path)
        return self.page

    async def open_tab(self, path: str = "/") -> Page:
        """Open another tab."""
        page = await self.context.new_page()
        await page.goto(path)
        return page

    async def open_chat(self, path: str = "/chat") -> Chat:
        """Open the chat as a page of its own, and wait until the composer is ready."""
        await self.open(path)
        chat = Chat(self.page)
        await chat.composer.wait_for()
        return chat

    async def go_offline(self) -> None:
        """Disconnect the network."""
        self.watch.expect_failures()
        await self.context.set_offline(True)

    async def go_online(self) -> None:
        """Reconnect the network."""
        await self.context.set_offline(False)

    async def give_cookie_of(self, person: Person) -> None:
        """Sign in a user who has an account, as if on an earlier visit."""
        value = person.client.cookies[REFRESH_COOKIE]
        await self.context.add_cookies(
            [
                {
                    "name": REFRESH_COOKIE,
                    "value": value,
                    "domain": urlsplit(self.watch.origin).hostname or "",
                    "path": "/api/auth",
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )

    async def keep_evidence(self, folder: Path, *, with_trace: bool) -> None:
        """Save a screenshot of every tab, and perhaps a trace of all of them, in a folder."""
        for number, page in enumerate(self.context.pages):
            await page.screenshot(path=folder / f"tab-{number}.png", full_page=True)
        if with_trace:
            await self.context.tracing.stop(path=folder / "trace.zip")


Visit = Callable[..., Awaitable[Visitor]]
