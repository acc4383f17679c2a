"""Pages that hold the chat component as its users write them, on a stack of their own.

`frontend/app/tests/pages` has a plain page and one with React; `/seed/*` are the reference
components as they are. All stand in one site, with the policy of its build. The agent is that of the
contract tests: what the scripted model calls is what it does.
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
    """Write the site with the test pages into a folder; what is stale is built first."""
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
    """Let the next answer be these events and some words."""
    model.answer(Call("emit", {"events": list(events)}))
    model.answer(Say(then))


def widget(root: Mapping[str, Any], item_id: str = "wid_1") -> dict[str, Any]:
    """The event of a widget."""
    item = {"type": "widget", "id": item_id, "widget": dict(root)}
    return {"type": "thread.item.done", "item": item}


async def heard(page: Page, name: str) -> list[Any]:
    """Return the details of everything of a name that the page was told."""
    found = await page.evaluate(
        "(name) => window.heard.filter(([each]) => each === name).map(([, detail]) => detail)", name
    )
    return cast("list[Any]", found)


async def names_heard(page: Page) -> list[str]:
    """Return what the page was told, in order."""
    return cast("list[str]", await page.evaluate("() => window.heard.map(([name]) => name)"))


async def wait_heard(page: Page, name: str, count: int = 1) -> list[Any]:
    """Wait until the page has been told something so often."""
    await page.wait_for_function(
        "([name, count]) => window.heard.filter(([each]) => each === name).length >= count",
        arg=[name, count],
    )
    return await heard(page, name)


async def focus_path(page: Page) -> str:
    """Say what has the focus, through shadow roots: accessible names where there are some."""
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
    """Wait until the element has the focus that `focus_path` calls so; it may move a frame later."""

    async def has_focus() -> bool:
        return await focus_path(page) == wanted

    await wait_until(has_focus)


async def settle(chat: Chat) -> None:
    """Wait until the answer is complete."""
    await expect(chat.thread).to_have_attribute("aria-busy", "false")
