"""Pages that embed the chat component like its users do, on a separate stack.

`frontend/app/tests/pages` has a plain page and one with React; `/seed/*` are the unchanged
reference components. All are on one site, with the policy of its build. The agent is that of the
contract tests: it does what the scripted model calls.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from playwright.async_api import Page, expect

from browser.browser_kit import Chat
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Say, ScriptedModelServer
from todochat_local.node import find_node
from todochat_local.site_build import Frontend, frontend_dir

BUILD_TIMEOUT_S: Final = 600
TESTS: Final = Path(__file__).parent.parent
PACKAGES: Final = ("-w", "packages/resumable-fetch", "-w", "packages/open-chatkit")


def build_pages(site: Path) -> None:
    """Write the site with the test pages into a folder; build stale parts first."""
    frontend = Frontend(frontend_dir(), {}, out="out-seed")
    with frontend.lock.open("wb") as lock:  # the launcher of another test may be building, too
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not frontend.is_current():
            _npm("run", "build", *PACKAGES, "--if-present")
            _npm("run", "build:seed", "-w", "app")
        shutil.copytree(frontend.out, site, dirs_exist_ok=True)
    _npm("run", "build:pages", "-w", "app", "--", str(site))


def _npm(*arguments: str) -> None:
    node = find_node(os.environ)
    done = subprocess.run(
        [*node.npm, *arguments],
        check=False,
        cwd=frontend_dir(),
        env={**os.environ, "PATH": node.path(os.environ), "NEXT_TELEMETRY_DISABLED": "1"},
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def page_variables(model_server: ScriptedModelServer, site: Path) -> dict[str, str]:
    """Return the settings of the stack behind the pages."""
    return {
        "OPENAI_BASE_URL": model_server.url,
        "OPENAI_API_KEY": "sk-scripted",
        "TODO_AGENT_MODEL": "scripted",
        "TODO_AGENT_API": "responses",
        "TODO_AGENT_TRANSCRIPTION_MODEL": "scripted",
        "TODO_AGENT_FACTORY": "contract.agent:create_assistant",
        "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
        "TODOCHAT_SITE": str(site),
        "AUTH_SIGN_UPS_PER_ADDRESS": "0",
    }


def emit(model: ScriptedModelServer, *events: Mapping[str, Any], then: str = "Done.") -> None:
    """Script the next response: these events and some text."""
    model.answer(Call("emit", {"events": list(events)}))
    model.answer(Say(then))


def widget(root: Mapping[str, Any], item_id: str = "wid_1") -> dict[str, Any]:
    """Return the event of a widget."""
    item = {"type": "widget", "id": item_id, "widget": dict(root)}
    return {"type": "thread.item.done", "item": item}


async def event_details(page: Page, name: str) -> list[Any]:
    """Return the details of every event of a name that the page received."""
    found = await page.evaluate(
        "(name) => window.heard.filter(([each]) => each === name).map(([, detail]) => detail)", name
    )
    return cast("list[Any]", found)


async def event_names(page: Page) -> list[str]:
    """Return the names of the events that the page received, in order."""
    return cast("list[str]", await page.evaluate("() => window.heard.map(([name]) => name)"))


async def wait_for_event(page: Page, name: str, count: int = 1) -> list[Any]:
    """Wait until the page has received an event so many times."""
    await page.wait_for_function(
        "([name, count]) => window.heard.filter(([each]) => each === name).length >= count",
        arg=[name, count],
    )
    return await event_details(page, name)


async def focus_path(page: Page) -> str:
    """Describe the focused element, through shadow roots: accessible names where there are some."""
    return cast(
        "str",
        await page.evaluate(
            """() => {
              let element = document.activeElement;
              while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
              if (!element || element === document.body) return "nowhere";
              const name = element.getAttribute("aria-label") ?? element.textContent ?? "";
              return `${element.tagName.toLowerCase()}: ${name.trim().slice(0, 60)}`;
            }"""
        ),
    )


async def wait_focus(page: Page, wanted: str) -> None:
    """Wait until `focus_path` returns this path; the focus may move a frame later."""

    async def has_focus() -> bool:
        return await focus_path(page) == wanted

    await wait_until(has_focus)


async def settle(chat: Chat) -> None:
    """Wait until the response is complete."""
    await expect(chat.thread).to_have_attribute("aria-busy", "false")
