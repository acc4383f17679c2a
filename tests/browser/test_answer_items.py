"""Reasoning, hosted tools, images and citations: while they stream and after a reload."""

import base64
import re
import struct
import zlib
from collections.abc import Mapping
from typing import Any, Final

from playwright.async_api import expect

from browser.browser_kit import Chat, Visitor
from todochat.testing.model_server import (
    Draw,
    Gate,
    HostedCall,
    Say,
    ScriptedModelServer,
    Think,
)

SEARCH: Final[Mapping[str, Any]] = {
    "type": "web_search_call",
    "action": {
        "type": "search",
        "query": "price of oat milk",
        "queries": ["price of oat milk"],
        "sources": [{"type": "url", "url": "https://example.com/prices"}],
    },
}
CODE: Final = {"type": "code_interpreter_call", "code": "1", "container_id": "c", "outputs": None}
THOUGHT: Final = "**Comparing prices**\n\nThe user wants a cheap one, so I compare two shops."
PREVIEW: Final = ("naturalWidth", 64)  # once the browser has decoded the image
WHOLE: Final = ("naturalWidth", 512)
TEXT: Final = "Oat milk costs 1.20 at the corner shop."
CITATIONS: Final = [
    {
        "type": "url_citation",
        "url": "https://example.com/prices",
        "title": "Prices of the week",
        "start_index": 0,
        "end_index": 19,
    },
    {"type": "file_citation", "file_id": "f1", "filename": "prices.pdf", "index": 38},
]


def picture(size: int, colour: tuple[int, int, int]) -> str:
    """Return a PNG of one colour that fades to white, in base64."""
    rows = b"".join(
        b"\0" + bytes(part + (255 - part) * at // size for part in colour) * size
        for at in range(size)
    )
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(packed)).decode()


async def test_each_kind_of_item_streams_and_is_stored(
    ada: Visitor, model: ScriptedModelServer
) -> None:
    thinking, searching, drawing, writing = Gate(), Gate(), Gate(), Gate()
    model.answer(
        Think(THOUGHT, thinking),
        HostedCall(SEARCH, searching),
        HostedCall(CODE),
        Draw(picture(512, (90, 120, 200)), [picture(64, (90, 120, 200)), drawing]),
        Say(TEXT, writing, citations=CITATIONS),
    )
    chat = await ada.open_chat()
    await chat.send("draw the cheapest oat milk")

    await expect(chat.button("Comparing prices")).to_be_visible()
    thinking.open()
    await chat.button("Searching").click()
    await expect(chat.host.get_by_text("price of oat milk").first).to_be_visible()
    searching.open()
    image = chat.host.get_by_role("img", name="Generated image")
    await expect(image).to_have_js_property(*PREVIEW)
    drawing.open()
    await writing.wait_reached()
    await expect(image).to_have_js_property(*WHOLE)
    writing.open()
    await expect(chat.button(re.compile("^Sources"))).to_be_visible()
    await check_stored(chat)

    await ada.page.reload()

    await expect(chat.answers).to_contain_text("Oat milk costs")
    await expect(image).to_have_js_property(*WHOLE)
    await chat.button(re.compile("^Thought for")).click()
    await check_stored(chat)


async def check_stored(chat: Chat) -> None:
    """Check the finished items: thoughts, sources of the search, citations and their list."""
    workflow = chat.host.locator("[part~=workflow]")
    await expect(workflow.get_by_text("I compare two shops")).to_be_visible()
    await expect(workflow.get_by_role("link", name="example.com")).to_be_visible()
    await expect(workflow.get_by_text("Ran code")).to_be_visible()
    cited = chat.answers.get_by_role("link", name="Source 1: Prices of the week")
    await expect(cited).to_have_attribute("href", "https://example.com/prices")
    await chat.button(re.compile("^Sources")).click()
    await expect(chat.answers.get_by_text("prices.pdf")).to_be_visible()
