"""Pictures of the examples: `make screenshots` writes them to docs/images/examples."""

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
from playwright.async_api import ViewportSize, async_playwright

from browser.chromium_kit import ensure_browser
from browser.embed_example_kit import CustomersPage, remind
from browser.example_kit import ALL, Example
from browser.screenshots import desk_of, sign_up
from release_kit import pack_packages
from stack_kit import Stack
from todochat.testing.model_server import ScriptedModelServer

SIZE: Final[ViewportSize] = {"width": 1024, "height": 720}


async def take(example: Example, stack: Stack, model: ScriptedModelServer, path: Path) -> None:
    """Write a picture of an example's conversation."""
    async with (
        httpx.AsyncClient(base_url=stack.edge, timeout=30) as client,
        async_playwright() as playwright,
    ):
        ada = await sign_up(stack, client, "Ada")
        program = ensure_browser(os.environ, playwright.chromium.executable_path)
        browser = await playwright.chromium.launch(executable_path=program)
        async with desk_of(browser, stack, ada, viewport=SIZE, color_scheme="light") as desk:
            example.script(model)
            await desk.page.goto(example.page)
            await desk.chat.composer.wait_for()
            await example.talk(desk.chat)
            await desk.chat.questions.first.scroll_into_view_if_needed()
            await desk.page.mouse.move(0, 0)
            await desk.page.screenshot(path=path, animations="disabled", caret="hide")
        await browser.close()


async def take_embed(path: Path, model: ScriptedModelServer) -> None:
    """Write a picture of the page on another origin."""
    with TemporaryDirectory(prefix="todochat-embed-") as folder:
        page = CustomersPage.install(pack_packages(Path(folder)), Path(folder) / "embed")
        stacks = page.run_stack(model.url)
        stack = await asyncio.to_thread(next, stacks)
        try:
            async with page.serve(stack.edge), async_playwright() as playwright:
                program = ensure_browser(os.environ, playwright.chromium.executable_path)
                browser = await playwright.chromium.launch(executable_path=program)
                tab = await browser.new_page(base_url=page.origin, viewport=SIZE)
                await remind(tab, model)
                await tab.mouse.move(0, 0)
                await tab.screenshot(path=path, animations="disabled", caret="hide")
                await browser.close()
        finally:
            await asyncio.to_thread(stacks.close)  # type: ignore[attr-defined]


async def take_all(folder: Path) -> None:
    """Write a picture of each example."""
    async with ScriptedModelServer() as model:
        await take_embed(folder / "embed.png", model)
        for example in ALL:
            stacks = example.run(model, {"TODOCHAT_SITE": os.environ.get("TODOCHAT_SITE", "")})
            stack = await asyncio.to_thread(next, stacks)
            try:
                await take(example, stack, model, folder / f"{example.name}.png")
            finally:
                await asyncio.to_thread(stacks.close)  # type: ignore[attr-defined]


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take_all(folder))


if __name__ == "__main__":
    main()
