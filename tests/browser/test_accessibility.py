"""Checks every page and state with axe: all rules in the light theme, contrast in the dark."""

from typing import Any, Final, Literal

import pytest
from playwright.async_api import Page, ViewportSize, expect

from browser.browser_kit import Chat, Visit
from browser.element_kit import emit, settle, widget
from stack_kit import SignUp, Stack
from todochat.testing.model_server import Gate, Say, ScriptedModelServer
from todochat_local.site_build import frontend_dir

pytestmark = pytest.mark.slow  # a separate stack, with pages built for it

AXE: Final = frontend_dir() / "node_modules" / "axe-core" / "axe.min.js"
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
# Rules about a page as a whole are for pages of the site; the element's host page isn't ours.
RUN: Final = """async (rules) => {
  const options = rules ? { runOnly: rules } : {};
  const { violations } = await axe.run(document, { resultTypes: ["violations"], ...options });
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.flat().join(" ")}: ${node.html.slice(0, 160)}: ${
      node.any.map((each) => each.message).join("; ")
    }`));
}"""


class Inspector:
    """Inspects a page's states and collects violations.

    Attributes:
        found: each violation with its state.
        states: the names of the inspected states, in both themes.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []
        self.states: list[str] = []

    async def look(self, state: str) -> None:
        """Inspect the page in its current state."""
        self.states.append(state)
        if not await self.page.evaluate("() => 'axe' in window"):
            await self.page.evaluate(AXE.read_text())
        await self._run(state, None)
        await self._paint("dark")
        await self._run(f"{state}, dark", ["color-contrast"])
        await self._paint("light")

    def raise_violations(self) -> None:
        """Fail if there was any violation; lists all of them."""
        assert not self.found, "\n".join(self.found)

    async def _paint(self, scheme: Literal["light", "dark"]) -> None:
        await self.page.emulate_media(color_scheme=scheme)
        await expect(self.page.locator(f"html.{scheme}")).to_have_count(1)
        for frame in await self.page.locator("openai-chatkit [part~=frame]").all():
            await expect(frame).to_have_attribute("data-scheme", scheme)

    async def _run(self, state: str, rules: list[str] | None) -> None:
        violations: list[str] = await self.page.evaluate(RUN, rules)
        self.found += [f"{state}: {violation}" for violation in violations]


CARD: Final[dict[str, Any]] = {
    "type": "Card",
    "asForm": True,
    "status": {"text": "Two are late", "icon": "clock"},
    "confirm": {"label": "Save", "action": {"type": "echo"}},
    "cancel": {"label": "Leave it", "action": {"type": "echo"}},
    "children": [
        {"type": "Title", "value": "Plan the week"},
        {"type": "Caption", "value": "Everything that has a date"},
        {"type": "Badge", "label": "New", "color": "success"},
        {"type": "Badge", "label": "Late", "color": "danger"},
        {"type": "Label", "value": "Title", "fieldName": "title"},
        {"type": "Input", "name": "title", "placeholder": "What to do"},
        {"type": "Textarea", "name": "notes", "placeholder": "Notes"},
        {
            "type": "Select",
            "name": "size",
            "placeholder": "Which size",
            "options": [{"value": "s", "label": "Small"}, {"value": "l", "label": "Large"}],
        },
        {"type": "DatePicker", "name": "due", "placeholder": "Pick a day"},
        {"type": "Checkbox", "name": "urgent", "label": "Urgent"},
        {
            "type": "RadioGroup",
            "name": "where",
            "ariaLabel": "Where",
            "options": [{"value": "home", "label": "Home"}, {"value": "work", "label": "Work"}],
        },
        {"type": "Divider"},
        {
            "type": "Chart",
            "data": [{"day": "Mon", "done": 3}, {"day": "Tue", "done": 5}],
            "series": [{"type": "bar", "dataKey": "done", "label": "Done"}],
            "xAxis": "day",
        },
        {"type": "Button", "label": "Do it", "style": "primary", "onClickAction": {"type": "echo"}},
    ],
}
LIST: Final[dict[str, Any]] = {
    "type": "ListView",
    "limit": 2,
    "children": [
        {
            "type": "ListViewItem",
            "key": f"{number}",
            "children": [{"type": "Text", "value": f"Row {number}"}],
            "onClickAction": {"type": "echo", "payload": {"row": number}},
        }
        for number in range(1, 4)
    ],
}
WORKFLOW: Final[dict[str, Any]] = {
    "type": "thread.item.done",
    "item": {
        "type": "workflow",
        "id": "wf_1",
        "workflow": {
            "type": "custom",
            "expanded": True,
            "summary": {"title": "Looked at 14 tasks"},
            "tasks": [{"type": "custom", "title": "Read them", "status_indicator": "complete"}],
        },
    },
}
QUESTION: Final[dict[str, Any]] = {
    "type": "thread.item.done",
    "item": {
        "type": "structured_input",
        "id": "si_1",
        "status": "pending",
        "inputs": [
            {
                "type": "multiple_choice",
                "id": "how",
                "question": "How will you travel?",
                "options": [{"value": "Train"}, {"value": "Bicycle"}],
            },
            {"type": "freeform", "id": "note", "question": "Anything else?"},
        ],
    },
}
NOTICE: Final[dict[str, Any]] = {
    "type": "notice",
    "level": "warning",
    "title": "Nearly there",
    "message": "You have used **90 %** of today's budget.",
}
TEXT: Final = """A [link](https://example.org), `code` and

| Day | Tasks |
| --- | ---: |
| Monday | 4 |

> Said before.

```python
# A comment
def greet(name: str) -> str:
    return f"Hello {name}" * 2
```
"""


async def test_signed_out_pages_are_accessible(pages: Stack, visit: Visit) -> None:
    visitor = await visit(pages, reduced_motion="reduce")
    visitor.watch.expect_status(401, "^/api/auth/sign-in$")
    page = await visitor.open("/login")
    inspector = Inspector(page)
    await expect(page.get_by_label("E-mail address")).to_be_visible()
    await inspector.look("login")
    await page.get_by_label("E-mail address").fill("nobody@example.com")
    await page.get_by_label("Password", exact=True).fill("wrong wrong wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert").first).to_be_visible()
    await inspector.look("login refused")
    await page.goto("/register?invitation=CODE")
    await expect(page.get_by_label("Invitation")).to_be_visible()
    await inspector.look("register")
    visitor.watch.expect_status(404, "^/nowhere$")
    await page.goto("/nowhere")
    await inspector.look("not found")

    inspector.raise_violations()


async def test_tasks_and_dialogs_are_accessible(
    pages: Stack, sign_up: SignUp, visit: Visit
) -> None:
    visitor = await visit(pages, await sign_up(pages), reduced_motion="reduce")
    page = await visitor.open("/")
    inspector = Inspector(page)
    await expect(page.get_by_text("No tasks yet")).to_be_visible()
    await inspector.look("no tasks")
    for title, priority in (("Call the dentist", "high"), ("Renew the domain", "low")):
        await visitor.person.client.post(
            f"/api/{visitor.person.user_id}/tasks",
            json={"title": title, "priority": priority, "due": {"date": "2020-01-01"}},
            headers={"Authorization": f"Bearer {visitor.person.login_token}"},
        )
    await expect(page.get_by_text("Renew the domain")).to_be_visible()
    await page.get_by_role("checkbox", name="Done: Renew the domain").click()
    await expect(page.get_by_text("Renew the domain")).to_have_count(0)
    await inspector.look("tasks")
    await page.get_by_role("button", name="Edit: Call the dentist").click()
    await page.get_by_role("button", name="Due date and priority").click()
    await inspector.look("a task edited")
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="New list").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await inspector.look("new list")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Delete: Call the dentist").click()
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    await page.get_by_role("button", name="Open chat").click()
    await expect(Chat(page).composer).to_be_focused()
    await inspector.look("deleted, with the chat open")
    await page.keyboard.press("Escape")
    await page.set_viewport_size(PHONE)
    await inspector.look("tasks on a phone")

    inspector.raise_violations()


async def test_settings_are_accessible(pages: Stack, sign_up: SignUp, visit: Visit) -> None:
    visitor = await visit(pages, await sign_up(pages), reduced_motion="reduce")
    page = await visitor.open("/")
    inspector = Inspector(page)
    await page.get_by_role("button", name="Settings").click()
    sections = page.get_by_role("navigation", name="Settings")
    names = ["Appearance", "Language and time", "Account", "Sessions", "Access tokens", "Your data"]
    for name in names:
        await sections.get_by_role("button", name=name).click()
        await expect(page.get_by_role("heading", name=name, level=3)).to_be_visible()
        await inspector.look(f"settings: {name}")

    inspector.raise_violations()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
async def test_chat_is_accessible(
    pages: Stack, sign_up: SignUp, visit: Visit, model: ScriptedModelServer, direction: str
) -> None:
    person = await sign_up(pages, locale="ar" if direction == "rtl" else "en")
    visitor = await visit(pages, person, reduced_motion="reduce")
    chat = await visitor.open_chat()
    page = visitor.page
    inspector = Inspector(page)
    await expect(chat.start_screen).to_be_visible()
    await expect(chat.frame).to_have_attribute("dir", direction)
    await inspector.look("start screen")
    emit(model, WORKFLOW, NOTICE, widget(CARD), widget(LIST, "wid_2"), QUESTION, then=TEXT)
    await chat.send("show everything")
    await expect(chat.widgets.locator("svg rect").first).to_be_visible()
    await settle(chat)
    await expect(chat.answers.locator("pre [class*=keyword]").first).to_be_visible()
    await inspector.look("widgets, a question and text")
    await chat.widgets.get_by_role("button", name="Pick a day").click()
    await expect(chat.host.get_by_role("grid")).to_be_visible()
    await inspector.look("date picker")
    await page.keyboard.press("Escape")
    gate = Gate()
    model.answer(Say("Half ", gate, "an answer"))
    await chat.send("and slowly?")
    await expect(chat.answers.last).to_contain_text("Half")
    await inspector.look("an answer being written")
    gate.open()
    await settle(chat)
    model.fail(400)
    await chat.send("and broken?")
    await expect(chat.error).to_be_visible()
    await inspector.look("an error")
    await chat.frame.locator("[part~=header]").get_by_role("button").last.click()
    history = chat.host.locator("[part~=history]")
    await expect(history).to_be_visible()
    await inspector.look("history")
    await history.locator("[aria-haspopup=menu]").first.click()
    await expect(chat.host.get_by_role("menu")).to_be_visible()
    await inspector.look("history, its menu")
    await page.set_viewport_size(PHONE)
    await page.keyboard.press("Escape")
    await inspector.look("history on a phone")

    inspector.raise_violations()
