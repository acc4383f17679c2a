"""`examples/embed` at its own origin: the built page and its back end, with the packed packages."""

import asyncio
import hashlib
import json
import os
import secrets
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.async_api import Page

from browser.browser_kit import Chat
from browser.example_kit import say
from stack_kit import EXAMPLES, Stack, example_variables, run_stack
from todochat.testing import free_port, wait_until
from todochat.testing.model_server import Call, Say, ScriptedModelServer
from todochat_release.npm_packages import FRONTEND, install
from todochat_release.tools import Tools

EXAMPLE: Final = EXAMPLES / "embed"
# The example's own dependencies, from our lock.
LINKED: Final = ("@openai/chatkit-react", "@types/react", "react", "react-dom", "vite")
SCRIPT: Final = '<script async src="%VITE_CHAT_URL%/chatkit/chatkit.js"></script>\n'
IMPORTS: Final = """import { createResumableFetch } from "resumable-fetch";
import "open-chatkit";
"""
OPTION: Final = "api: { url, getClientSecret },"
OPTION_OF_PACKAGE: Final = (
    'api: { url, domainKey: "unused", fetch: createResumableFetch({ url, getClientSecret }) },'
)


@dataclass(frozen=True)
class CustomersPage:
    """The example with the packages installed.

    Args:
        folder: the project; `embed` in it is the example.
    """

    folder: Path
    token: str
    origin: str

    @classmethod
    def install(cls, tarballs: Sequence[Path], folder: Path) -> "CustomersPage":
        """Install the tarballs and copy the example beside them."""
        folder.mkdir(exist_ok=True)
        install(Tools(os.environ, sys.executable), tarballs, folder)
        ignored = shutil.ignore_patterns("node_modules", "dist")
        shutil.copytree(EXAMPLE, folder / "embed", ignore=ignored)
        for name in LINKED:
            link = folder / "embed" / "node_modules" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(FRONTEND / "node_modules" / name)
        return cls(folder, secrets.token_hex(32), f"http://localhost:{free_port()}")

    def run_stack(self, model_url: str) -> Iterator[Stack]:
        """Start a stack that serves the packed element, with the example's assistant."""
        digest = hashlib.sha256(self.token.encode()).hexdigest()
        issuer = {"issuer": "https://crm.example", "backend_tokens": [f"sha256:{digest}"]}
        site = self.folder / "site"
        shutil.copytree(self.folder / "node_modules/open-chatkit/dist", site / "chatkit")
        (site / "index.html").write_text("<!doctype html><title>The chat's own site</title>")
        variables = {
            **example_variables("embed", "crm:create", model_url),
            "AUTH_EXTERNAL_ISSUERS": json.dumps([issuer]),
            "CORS_ALLOWED_ORIGINS": self.origin,
            "TODOCHAT_SITE": str(site),
        }
        yield from run_stack("embed", variables)

    def bundle_packages(self) -> None:
        """Use the packages instead of the script, as the README says."""
        page, chat = self.folder / "embed/index.html", self.folder / "embed/src/Chat.tsx"
        page.write_text(page.read_text().replace(SCRIPT, ""))
        chat.write_text(IMPORTS + chat.read_text().replace(OPTION, OPTION_OF_PACKAGE))

    @asynccontextmanager
    async def serve(self, chat_url: str) -> AsyncIterator[None]:
        """Build the page, and run it and its back end."""
        backend = free_port()
        variables = {
            "VITE_CHAT_URL": chat_url,
            "CHAT_URL": chat_url,
            "CHAT_TOKEN": self.token,
            "PORT": str(backend),
            "BACKEND_URL": f"http://127.0.0.1:{backend}",
        }
        tools = Tools({**os.environ, **variables}, sys.executable)
        vite = str(FRONTEND / "node_modules/vite/bin/vite.js")
        folder = self.folder / "embed"
        await asyncio.to_thread(tools.run, ["node", vite, "build"], cwd=folder)
        port = self.origin.rpartition(":")[2]
        preview = [vite, "preview", "--host", "localhost", "--port", port, "--strictPort"]
        async with AsyncExitStack() as stack:
            for command, address in ((["server.mjs"], backend), (preview, int(port))):
                node = str(tools.node.folder / "node")
                await stack.enter_async_context(
                    running([node, *command], folder, tools.environ, address)
                )
            yield


async def sign_in(page: Page) -> None:
    """Open the page and sign in to it."""
    await page.goto("/")
    await page.get_by_label("Name").fill("ada")
    await page.get_by_label("Password").fill("lovelace")
    await page.get_by_role("button", name="Sign in").click()


async def remind(page: Page, model: ScriptedModelServer) -> Chat:
    """Sign in, open a customer, and have the assistant add a task for this customer."""
    for step in (
        Call("get_open_customer"),
        Call("add_task", {"title": "Call Jonas Weber, 555 0178"}),
        Call("find_tasks"),
        Say("I'll remind you."),
    ):
        model.answer(step)
    await sign_in(page)
    await page.get_by_role("button", name="Jonas Weber").click()
    chat = Chat(page)
    await chat.composer.wait_for()
    await say(chat, "Remind me to call this customer", "I'll remind you.")
    return chat


@asynccontextmanager
async def running(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], port: int
) -> AsyncIterator[None]:
    """Run a server until it listens at a port, and stop it at the end."""
    # A wheel's `node` starts another process, so the whole group is stopped.
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environ, start_new_session=True
    )

    async def listens() -> bool:
        assert process.returncode is None, f"{command} has ended"
        try:
            _, writer = await asyncio.open_connection("localhost", port)
        except OSError:
            return False
        writer.close()
        return True

    try:
        await wait_until(listens, timeout_s=60)
        yield
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
