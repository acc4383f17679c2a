"""Pages that embed the element in every way a page can, and a scripted ChatKit server behind them.

A separate server has the pages, so the script is loaded from another origin unless a
page overrides it. No part of the stack runs: the test scripts what a foreign server may send.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from aiohttp import web
from playwright.async_api import Page

from todochat.testing.model_script import Gate

Event = Mapping[str, Any]
THREAD: Final[dict[str, Any]] = {
    "id": "thr_1",
    "title": "A chat",
    "created_at": "2026-11-23T08:00:00Z",
    "status": {"type": "active"},
}
# Every page keeps the element's events in `window.heard`, as the other test pages do.
START: Final = """
window.heard = [];
customElements.whenDefined("openai-chatkit").then(() => {
  for (const element of document.querySelectorAll("openai-chatkit")) {
    for (const name of ["ready", "error", "log", "response.end", "effect"]) {
      element.addEventListener(`chatkit.${name}`, (event) => {
        const { error } = event.detail ?? {};
        window.heard.push([`chatkit.${name}`, error ? String(error) : event.detail]);
      });
    }
    element.setOptions({ api: { url: API, domainKey: "k" }, locale: "en", ...OPTIONS });
  }
});
"""


def page(
    body: str,
    *,
    script: str = "/chatkit/chatkit.js",
    style: str = "",
    options: Mapping[str, Any] | None = None,
    api: str = "/chat",
    attributes: str = "",
    nonce: str = "",
) -> str:
    """Return a page with an element in it.

    Args:
        script: address of `chatkit.js`.
        options: the element's options besides `api`.
        api: address of the ChatKit server.
        attributes: further ones of the script, such as `type="module"`.
        nonce: of all scripts and styles.
    """
    start = START.replace("API", json.dumps(api)).replace("OPTIONS", json.dumps(options or {}))
    mark = f' nonce="{nonce}"' if nonce else ""
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Embedded</title>
<link rel="icon" href="data:,">
<style{mark}>body{{margin:0}}{style}</style><script{mark} {attributes} src="{script}"></script>
{body}<script{mark}>{start}</script></html>"""


async def text_without_script(page: Page) -> str:
    """Return the text of an undefined element, after the time in which it may be loading."""
    found: str = await page.locator("openai-chatkit").evaluate(
        """(element) => {
          for (const each of element.getAnimations({ subtree: true })) each.finish();
          const { content, visibility } = getComputedStyle(element, "::before");
          return visibility === "visible" ? content : "";
        }"""
    )
    return found


def item(kind: str, item_id: str, **members: Any) -> dict[str, Any]:
    """Return an item of the thread, with any members that a server may send."""
    base = {"thread_id": "thr_1", "created_at": "2026-11-23T08:00:00Z"}
    return {"type": kind, "id": item_id, **base, **members}


def answer(item_id: str, text: str) -> dict[str, Any]:
    """Return an assistant's message."""
    part = {"type": "output_text", "text": text, "annotations": []}
    return item("assistant_message", item_id, content=[part])


def question(item_id: str, text: str) -> dict[str, Any]:
    """Return a user's message."""
    content = [{"type": "input_text", "text": text}]
    return item("user_message", item_id, content=content, attachments=[], inference_options={})


@dataclass(frozen=True)
class Pause:
    """Time that passes between two events of a response."""

    seconds: float


def growing_answer(paragraphs: int, pause: Pause | None = None) -> list[Event | Gate | Pause]:
    """Return the events of a response that streams in paragraph by paragraph.

    Args:
        pause: passes after each paragraph.
    """
    update = "assistant_message.content_part.text_delta"
    text = "A line of an answer that becomes longer and longer while it is read.\n\n"
    delta = {
        "type": "thread.item.updated",
        "item_id": "grown",
        "update": {"type": update, "content_index": 0, "delta": text},
    }
    deltas = [delta] if pause is None else [delta, pause]
    begun = {"type": "thread.item.added", "item": item("assistant_message", "grown", content=[])}
    return [
        begun,
        *deltas * paragraphs,
        {"type": "thread.item.done", "item": answer("grown", text * paragraphs)},
    ]


class EmbedServer:
    """Serves the pages of a test, and acts as a ChatKit server that the test scripts.

    Attributes:
        pages: HTML by path.
        headers: added to every page.
        items: the items of the thread `thr_1`.
        events: the response to a message; a gate waits until the test opens it, and a pause passes.
        refusal: the status and headers with which messages are refused instead.
        hold: if set, a message gets no byte of a response before it opens.
    """

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.items: list[dict[str, Any]] = []
        self.events: Sequence[Event | Gate | Pause] = ()
        self.refusal: tuple[int, Mapping[str, str]] | None = None
        self.hold: Gate | None = None
        self._runner: web.AppRunner | None = None
        self.origin = ""

    def forget(self) -> None:
        """Drop the pages and the script, for the next test."""
        self.pages.clear()
        self.headers.clear()
        self.items.clear()
        self.events = ()
        self.refusal = self.hold = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/chat", self._chat)
        app.router.add_route("OPTIONS", "/chat", self._allow)
        app.router.add_get("/{path:.*}", self._page)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _page(self, request: web.Request) -> web.StreamResponse:
        text = self.pages.get(f"/{request.match_info['path']}")
        if text is None:
            raise web.HTTPNotFound
        return web.Response(text=text, content_type="text/html", headers=self.headers)

    async def _allow(self, _request: web.Request) -> web.StreamResponse:
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
        return web.Response(headers=headers)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        cross_origin = {"Access-Control-Allow-Origin": "*"}
        kinds: dict[str, Callable[[], Any]] = {
            "threads.get_by_id": lambda: {
                **THREAD,
                "items": {"data": self.items, "has_more": False},
            },
            "threads.list": lambda: {"data": [THREAD], "has_more": False},
            "items.list": lambda: {"data": self.items[::-1], "has_more": False},
        }
        if asked["type"] in kinds:
            return web.json_response(kinds[asked["type"]](), headers=cross_origin)
        if self.refusal is not None:
            status, headers = self.refusal
            exposed = {"Access-Control-Expose-Headers": "*", **cross_origin}
            return web.Response(status=status, headers={**headers, **exposed})
        if self.hold is not None:
            await self.hold.pass_through()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **cross_origin})
        await response.prepare(request)
        sent: list[Event | Gate | Pause] = list(self.events)
        if asked["type"] != "threads.retry_after_item":
            text = "".join(part.get("text", "") for part in asked["params"]["input"]["content"])
            created = {"type": "thread.created", "thread": THREAD}
            sent = [created, {"type": "thread.item.done", "item": question("asked", text)}, *sent]
        for event in sent:
            if isinstance(event, Gate):
                await event.pass_through()
            elif isinstance(event, Pause):
                await asyncio.sleep(event.seconds)
            else:
                await response.write(f"data: {json.dumps(event)}\n\n".encode())
        return response
