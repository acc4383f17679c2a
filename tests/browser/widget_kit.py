"""Measures widgets in the gallery: the views of the element, without a chat around them."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final, cast

from playwright.async_api import Locator, Page

from todochat_local.node import find_node
from todochat_local.site_build import frontend_dir

BUILD_TIMEOUT_S: Final = 120
GALLERY: Final = "packages/open-chatkit/demo/gallery/build.mjs"

# Returns texts that can't be read, words that are broken, and the word null.
FLAWS: Final = r"""() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map((at) => top[at] * top[3] + under[at] * (1 - top[3]));
  const luminance = (color) => {
    const [r, g, b] = color.map((byte) => {
      const value = byte / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const style = getComputedStyle(element);
    const parent = element.parentElement ?? element.getRootNode().host;
    const under = parent ? behind(parent) : [255, 255, 255];
    return over(rgba(style.backgroundColor), under);
  };
  const found = [];
  const root = document.querySelector("#gallery").shadowRoot;
  for (const element of root.querySelectorAll("section .ckw *")) {
    if (element.closest("svg, .w-hidden, .w-image-sized, :disabled, option")) continue;
    const style = getComputedStyle(element);
    for (const text of element.childNodes) {
      if (text.nodeType !== Node.TEXT_NODE || !text.data.trim()) continue;
      const back = behind(element);
      const ink = luminance(over(rgba(style.color), back));
      const [low, high] = [ink, luminance(back)].sort((a, b) => a - b);
      const contrast = (high + 0.05) / (low + 0.05);
      if (contrast < 4.5) found.push(`"${text.data}" has contrast ${contrast.toFixed(2)}`);
      if (/\b(null|undefined|NaN)\b/.test(text.data)) found.push(`"${text.data}"`);
      if (style.webkitLineClamp !== "none") continue;
      for (const word of text.data.matchAll(/[^\s-]+/g)) {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
        if (lines.size > 1 && word[0].length < 25) found.push(`"${word[0]}" is broken`);
      }
    }
  }
  return found;
}"""

# Returns the elements that extend beyond the widget's root.
OVERFLOWING: Final = """(selector) => {
  const root = document.querySelector("#gallery").shadowRoot.querySelector("section .ckw > *");
  const { left, right } = root.getBoundingClientRect();
  return [...root.querySelectorAll(selector)]
    .filter((element) => !element.closest(".w-hidden, svg") || selector !== "*")
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.left < left - 1 || box.right > right + 1))
    .map(([element]) => `<${element.localName} class="${element.getAttribute("class")}">`);
}"""


def build_gallery(folder: Path, environ: Mapping[str, str]) -> None:
    """Write the gallery into a folder."""
    node = find_node(environ)
    done = subprocess.run(
        [str(node.folder / "node"), GALLERY, str(folder)],
        check=False,
        cwd=frontend_dir(),
        env={**environ, "PATH": node.path(environ)},
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Write nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder, and yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Gallery:
    """One page that shows a widget at a time."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    async def show(
        self, *children: object, theme: str = "light", width: int = 390, root: str = "Card"
    ) -> None:
        """Show a root with these children."""
        await self.page.set_viewport_size({"width": width, "height": 800})
        await self.page.goto(f"{self.url}/?only=none&theme={theme}")
        await self.page.wait_for_function("() => window.gallery")
        await self.page.evaluate(
            "(widget) => window.gallery.show('Widget', widget)",
            {"type": root, "children": list(children)},
        )
        await self.page.locator("section .ckw").wait_for()

    def find(self, selector: str) -> Locator:
        """Find elements of the widget."""
        return self.page.locator(f"section .ckw {selector}")

    async def box(self, selector: str, nth: int = 0) -> dict[str, float]:
        """Return the place of an element of the widget, in pixels."""
        found = await self.find(selector).nth(nth).bounding_box()
        assert found is not None, selector
        return cast("dict[str, float]", found)

    async def flaws(self) -> list[str]:
        """Return what can't be read."""
        return cast("list[str]", await self.page.evaluate(FLAWS))

    async def overflowing(self, selector: str = "*") -> list[str]:
        """Return the elements that extend beyond the card."""
        return cast("list[str]", await self.page.evaluate(OVERFLOWING, selector))

    async def logs(self) -> list[dict[str, Any]]:
        """Return the widget's log events."""
        return cast("list[dict[str, Any]]", await self.page.evaluate("() => window.gallery.logs"))

    async def actions(self) -> list[dict[str, Any]]:
        """Return the actions that the widget has sent."""
        return cast(
            "list[dict[str, Any]]", await self.page.evaluate("() => window.gallery.actions")
        )
