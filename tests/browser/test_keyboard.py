"""The element above a phone's keyboard and inside of its safe areas, on pages of any kind.

Chromium has no keyboard here. One that resizes the page is a smaller window. One that covers it
shrinks only the visual viewport, so the page gets a visual viewport that the test moves.
"""

from typing import Any, Final

import pytest
from playwright.async_api import Locator, Page, expect

from browser.browser_kit import Chat, Visit
from browser.embed_kit import EmbedServer, answer, page, question
from browser.fit_kit import HEIGHT
from stack_kit import Stack

ELEMENT: Final = "<openai-chatkit></openai-chatkit>"
FULL_SCREEN: Final = "openai-chatkit{height:100dvh}"
KEYBOARD: Final = 340
# A box in a page of another site; a keyboard covers its lower part, too.
IN_A_PAGE: Final = "openai-chatkit{height:600px;margin:60px 12px 80px}"
COVERED: Final = """
const view = Object.assign(new EventTarget(), {
  width: innerWidth, height: innerHeight, scale: 1,
  offsetTop: 0, offsetLeft: 0, pageTop: 0, pageLeft: 0,
});
Object.defineProperty(window, "visualViewport", { value: view });
window.show = (height, offsetTop) => {
  Object.assign(view, { height, offsetTop });
  view.dispatchEvent(new Event("resize"));
};
"""
# The insets are applied in the next frame.
FRAME: Final = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
)


async def box_of(locator: Locator) -> tuple[float, float]:
    """Return the top and bottom of an element."""
    box = await locator.bounding_box()
    assert box is not None
    return box["y"], box["y"] + box["height"]


async def open_thread(
    site: Stack, embed: EmbedServer, visit: Visit, style: str, width: int = 390, body: str = ELEMENT
) -> Chat:
    """Open a page with a thread longer than the window on a phone."""
    embed.items = [question("q", "Tell me a lot."), answer("a", "A line.\n\n" * 40 + "The end.")]
    embed.pages["/"] = page(
        body,
        script=f"{site.edge}/chatkit/chatkit.js",
        style=style,
        options={"initialThread": "thr_1", "composer": {"attachments": {"enabled": True}}},
    ).replace("initial-scale=1", "initial-scale=1, viewport-fit=cover")
    phone: dict[str, Any] = {"has_touch": True, "is_mobile": True, "reduced_motion": "reduce"}
    visitor = await visit(embed.origin, viewport={"width": width, "height": HEIGHT}, **phone)
    visitor.watch.expect_origin(site.edge)
    await visitor.page.add_init_script(COVERED)
    chat = Chat(await visitor.open("/"))
    await expect(chat.answers).to_contain_text("The end.")
    await expect(chat.thread).to_have_attribute("aria-busy", "false")
    return chat


async def cover(tab: Page, height: float, offset_top: float = 0) -> None:
    """Leave only a part of the window visible."""
    await tab.evaluate("([height, top]) => show(height, top)", [height, offset_top])
    await tab.evaluate(FRAME)


async def expect_conversation_between(chat: Chat, top: float, bottom: float) -> None:
    """Expect the composer and the end of the conversation in a part of the window."""
    composer_top, composer_bottom = await box_of(chat.host.locator("[part~=composer]"))
    _, end = await box_of(chat.host.get_by_text("The end."))
    assert composer_bottom <= bottom
    assert top < end <= composer_top


@pytest.mark.parametrize(
    ("style", "width"),
    [
        pytest.param(FULL_SCREEN, 320, id="full screen-320"),
        pytest.param(IN_A_PAGE, 390, id="in a page-390"),
        pytest.param(FULL_SCREEN, 390, id="full screen-390", marks=pytest.mark.slow),
        pytest.param(IN_A_PAGE, 320, id="in a page-320", marks=pytest.mark.slow),
    ],
)
async def test_covering_keyboard_leaves_composer_and_end_of_the_chat_visible(
    site: Stack, embed: EmbedServer, visit: Visit, style: str, width: int
) -> None:
    chat = await open_thread(site, embed, visit, style, width)
    before = await box_of(chat.host)
    await chat.composer.tap()

    await cover(chat.page, HEIGHT - KEYBOARD)
    await expect_conversation_between(chat, 0, HEIGHT - KEYBOARD)
    assert await box_of(chat.host) == before

    # The browser has moved the page up, to show the field.
    await cover(chat.page, HEIGHT - KEYBOARD, 120)
    await expect_conversation_between(chat, 120, HEIGHT - KEYBOARD + 120)
    assert (await box_of(chat.button("Chat history")))[0] >= 120

    await cover(chat.page, HEIGHT)
    assert await box_of(chat.frame) == before
    await expect_conversation_between(chat, 0, before[1])


async def test_page_that_the_keyboard_resizes_keeps_the_end_of_the_chat_visible(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    chat = await open_thread(site, embed, visit, FULL_SCREEN)
    await chat.composer.tap()

    await chat.page.set_viewport_size({"width": 390, "height": HEIGHT - KEYBOARD})
    await chat.page.evaluate("(height) => show(height, 0)", HEIGHT - KEYBOARD)
    await chat.page.evaluate(FRAME)

    await expect_conversation_between(chat, 0, HEIGHT - KEYBOARD)
    assert await box_of(chat.frame) == await box_of(chat.host)


async def test_keyboard_of_another_field_and_zoom_do_not_move_the_chat(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    body = f"<input aria-label='Name'>{ELEMENT}"
    chat = await open_thread(site, embed, visit, IN_A_PAGE, body=body)
    before = await box_of(chat.frame)

    await chat.page.get_by_label("Name").tap()
    await cover(chat.page, HEIGHT - KEYBOARD)
    assert await box_of(chat.frame) == before

    await chat.composer.tap()
    await chat.page.evaluate("() => { visualViewport.scale = 2; show(300, 100); }")
    await chat.page.evaluate(FRAME)
    assert await box_of(chat.frame) == before


async def test_growing_draft_does_not_cover_the_end_of_the_chat(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    chat = await open_thread(site, embed, visit, FULL_SCREEN)
    await chat.composer.tap()

    await chat.composer.fill("one\ntwo\nthree\nfour\nfive")
    await chat.page.evaluate(FRAME)

    await expect_conversation_between(chat, 0, HEIGHT)


async def test_auto_height_element_keeps_its_composer_above_the_keyboard(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    body = "<openai-chatkit auto-height></openai-chatkit>"
    chat = await open_thread(site, embed, visit, "", body=body)
    await chat.page.evaluate("() => scrollTo(0, 500)")
    await chat.composer.tap()

    await cover(chat.page, HEIGHT - KEYBOARD)

    _, bottom = await box_of(chat.host.locator("[part~=composer]"))
    assert bottom <= HEIGHT - KEYBOARD


@pytest.mark.parametrize(
    ("style", "insets"), [(FULL_SCREEN, (47, 34)), (IN_A_PAGE, (0, 0))], ids=["edge", "inside"]
)
async def test_safe_areas_matter_only_at_the_edge_of_the_window(
    site: Stack, embed: EmbedServer, visit: Visit, style: str, insets: tuple[int, int]
) -> None:
    chat = await open_thread(site, embed, visit, style)
    top, bottom = await box_of(chat.host)
    header = (await box_of(chat.button("Chat history")))[0] - top
    composer = bottom - (await box_of(chat.host.locator("[part~=composer]")))[1]
    devtools = await chat.page.context.new_cdp_session(chat.page)

    areas = {"top": 47, "bottom": 34, "left": 0, "right": 0}
    await devtools.send("Emulation.setSafeAreaInsetsOverride", {"insets": areas})
    await chat.page.evaluate(FRAME)

    assert (await box_of(chat.button("Chat history")))[0] == top + header + insets[0]
    composer_box = await box_of(chat.host.locator("[part~=composer]"))
    assert composer_box[1] == bottom - composer - insets[1]
    await chat.show_history()
    assert (await box_of(chat.button("Back to the chat")))[0] == top + header + insets[0]
