"""The element on other sites' pages: in every kind of box, and with a script of another origin."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any, Final

import pytest
from playwright.async_api import ConsoleMessage, Page, expect

from browser.browser_kit import Chat, Visit, Visitor
from browser.element_kit import event_details, event_names, wait_for_event
from browser.embed_kit import EmbedServer, Pause, answer, growing_answer, item, page, question
from stack_kit import Stack
from todochat.testing import free_port
from todochat.testing.model_script import Gate
from todochat_local.data_dir import DataDir
from todochat_local.origin_doctor import examine_origins

ELEMENT: Final = "<openai-chatkit></openai-chatkit>"
FILL: Final = "openai-chatkit{display:block;width:100%;height:100%}"
HEIGHT: Final = 700
# HTML and CSS of the containers that a page may use, by name.
BOXES: Final[dict[str, tuple[str, str]]] = {
    "nothing": (ELEMENT, ""),
    "a block": (ELEMENT, "openai-chatkit{display:block;margin:16px}"),
    "a part of nothing": (f"<div>{ELEMENT}</div>", FILL),
    "a height": (ELEMENT, "openai-chatkit{height:420px}"),
    "a maximum": (ELEMENT, "openai-chatkit{max-height:300px}"),
    "a minimum": (ELEMENT, "openai-chatkit{min-height:420px}"),
    "a box with a maximum": (f"<div>{ELEMENT}</div>", f"div{{max-height:400px}}{FILL}"),
    "a column with a maximum": (
        f"<div>{ELEMENT}</div>",
        f"div{{display:flex;flex-direction:column;max-height:300px;overflow:hidden}}{FILL}",
    ),
    "a column": (
        f"<div><h1>Title</h1>{ELEMENT}</div>",
        "div{display:flex;flex-direction:column;height:400px}openai-chatkit{flex:1}",
    ),
    "a row in a column": (
        f"<div><main>{ELEMENT}</main></div>",
        f"div{{display:flex;flex-direction:column;height:600px}}main{{display:flex;flex:1}}{FILL}",
    ),
    "a row": (f"<div><aside>Aside</aside>{ELEMENT}</div>", "div{display:flex;height:400px}"),
    "a row without a height": (f"<div><aside>Aside</aside>{ELEMENT}</div>", "div{display:flex}"),
    "a grid": (
        f"<div><h1>Title</h1>{ELEMENT}</div>",
        "div{display:grid;grid-template-rows:auto 1fr;height:500px}",
    ),
    "a grid's own row": (f"<div>{ELEMENT}</div>", "div{display:grid;grid-template-rows:auto}"),
    "a dialog": (f"<dialog open>{ELEMENT}</dialog>", ""),
    "a corner": (
        ELEMENT,
        "openai-chatkit{position:fixed;right:0;bottom:0;width:300px;height:60vh}",
    ),
    "a table": (f"<table><tr><td>a<td>{ELEMENT}</table>", ""),
}
OBSERVE: Final = """() => {
  const element = document.querySelector("openai-chatkit");
  window.sizes = new Set();
  new ResizeObserver(() => {
    const { width, height } = element.getBoundingClientRect();
    window.sizes.add(`${width} x ${height}`);
  }).observe(element);
}"""
# A layout loop shows within a few frames.
FRAMES: Final = """async () => {
  for (let i = 0; i < 10; i += 1) await new Promise(requestAnimationFrame);
  return [...window.sizes];
}"""


def batched(names: Iterable[str], size: int) -> list[list[str]]:
    """Split names into lists of a size."""
    rest = list(names)
    return [rest[start : start + size] for start in range(0, len(rest), size)]


async def misfit(tab: Page) -> str | None:
    """Stream a long response; return the layout problem that its growth caused, if any."""
    chat = Chat(tab)
    await chat.composer.wait_for()
    await tab.evaluate(OBSERVE)
    await chat.send("hello")
    await tab.wait_for_function("() => heard.some(([name]) => name === 'chatkit.response.end')")
    sizes: list[str] = await tab.evaluate(FRAMES)
    if len(sizes) != 1:
        return f"was {' and then '.join(sizes)}"
    box = await chat.host.bounding_box()
    send = await chat.send_button.bounding_box()
    assert box is not None
    assert send is not None
    if send["y"] + send["height"] > min(box["y"] + box["height"], HEIGHT):
        return f"the composer is at {send}, the element at {box}"
    if box["height"] < 200:
        return f"only {box['height']} px high"
    width: int = await tab.evaluate("() => document.documentElement.scrollWidth")
    window: int = await tab.evaluate("() => innerWidth")
    return f"the page is {width} px wide in {window}" if width > window else None


@pytest.mark.parametrize(
    ("width", "density"),
    [
        (320, "spacious"),
        pytest.param(1000, "spacious", marks=pytest.mark.slow),
        pytest.param(1000, "normal", marks=pytest.mark.slow),
        pytest.param(1000, "compact", marks=pytest.mark.slow),
        pytest.param(320, "compact", marks=pytest.mark.slow),
    ],
)
async def test_only_the_page_sizes_the_element(
    site: Stack, embed: EmbedServer, visit: Visit, width: int, density: str
) -> None:
    embed.events = growing_answer(30)
    visitor = await visit(embed.origin, viewport={"width": width, "height": HEIGHT})
    visitor.watch.expect_origin(site.edge)
    misfits: dict[str, str | None] = {}

    for name, (body, style) in BOXES.items():
        options = {"theme": {"density": density}}
        script = f"{site.edge}/chatkit/chatkit.js"
        embed.pages["/"] = page(body, script=script, style=style, options=options)
        found = await misfit(await visitor.open("/"))
        if found:
            misfits[name] = found

    assert misfits == {}


@pytest.mark.slow
@pytest.mark.timeout(300, func_only=True)
@pytest.mark.parametrize("width", [320, 1000])
async def test_only_the_page_sizes_the_element_while_an_answer_grows_for_ten_seconds(
    site: Stack, embed: EmbedServer, visit: Visit, width: int
) -> None:
    embed.events = growing_answer(50, Pause(0.2))
    visitor = await visit(embed.origin, viewport={"width": width, "height": HEIGHT})
    visitor.watch.expect_origin(site.edge)
    options = {"theme": {"density": "spacious"}, "thread": {"autoScroll": True}}
    misfits: dict[str, str | None] = {}
    for names in batched(BOXES, 6):  # a browser has six connections to an origin
        tabs = []
        for number, name in enumerate(names):
            body, style = BOXES[name]
            script = f"{site.edge}/chatkit/chatkit.js"
            embed.pages[f"/{number}"] = page(body, script=script, style=style, options=options)
            tabs.append(await visitor.open_tab(f"/{number}"))

        found = await asyncio.gather(*(misfit(tab) for tab in tabs))

        misfits |= {name: what for name, what in zip(names, found, strict=True) if what}
        for tab in tabs:
            await tab.close()

    assert misfits == {}


async def test_auto_height_element_is_as_high_as_its_text(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    embed.events = growing_answer(60)
    visitor = await visit(embed.origin, viewport={"width": 1000, "height": HEIGHT})
    visitor.watch.expect_origin(site.edge)
    body = "<openai-chatkit auto-height></openai-chatkit>"
    embed.pages["/"] = page(body, script=f"{site.edge}/chatkit/chatkit.js")
    chat = Chat(await visitor.open("/"))

    await chat.send("hello")
    await expect(chat.thread).to_have_attribute("aria-busy", "false")

    box = await chat.host.bounding_box()
    assert box is not None
    assert box["height"] > HEIGHT
    await expect(chat.send_button).to_be_in_viewport()


# Every property that an element's text inherits, with a value that would show.
INHERITED: Final = """
direction:rtl;text-align:right;text-align-last:center;white-space:pre;word-break:break-all;
letter-spacing:.2em;word-spacing:1em;text-transform:uppercase;text-indent:40px;
text-shadow:1px 1px red;font:italic small-caps bold 30px/3 serif;font-feature-settings:"smcp";
-webkit-text-fill-color:red;-webkit-text-stroke:1px red;text-emphasis:dot;text-underline-offset:9px;
hyphens:auto;line-break:anywhere;tab-size:20;quotes:none;list-style:square;cursor:wait;
caret-color:red;accent-color:red;scrollbar-color:red blue;color-scheme:dark;writing-mode:vertical-rl;
user-select:none;border-collapse:collapse;font-synthesis:none;text-rendering:geometricPrecision
"""
ALL_ELEMENTS: Final = """*{letter-spacing:.2em!important;text-transform:uppercase!important;
line-height:3!important;font-size:30px!important;color:red!important;background:yellow!important;
text-align:right!important;box-sizing:content-box!important;margin:0!important;padding:0!important;
position:static!important;contain:none!important}"""
# Computed styles of the parts, without those that depend on the size of the text's box.
STYLES: Final = """() => {
  const root = document.querySelector("openai-chatkit").shadowRoot;
  const parts = ["frame", "assistant-message", "user-bubble", "input", "send-button"];
  const found = {};
  for (const part of parts) {
    const style = getComputedStyle(root.querySelector(`[part~=${part}]`));
    for (const name of style) found[`${part} ${name}`] = style.getPropertyValue(name);
  }
  return found;
}"""


@pytest.mark.parametrize("style", [f"body{{{INHERITED}}}", ALL_ELEMENTS], ids=["body", "all"])
async def test_page_styles_do_not_reach_the_element(
    site: Stack, embed: EmbedServer, visit: Visit, style: str
) -> None:
    embed.items = [question("q", "A question."), answer("a", "Plain words.")]
    size = "openai-chatkit{position:fixed;left:0;top:0;width:600px;height:500px}"
    visitor = await visit(embed.origin)
    visitor.watch.expect_origin(site.edge)
    found = []

    for rules in ("", style):
        embed.pages["/"] = page(
            ELEMENT,
            script=f"{site.edge}/chatkit/chatkit.js",
            style=rules + size,
            options={"initialThread": "thr_1"},
        )
        tab = await visitor.open("/")
        await expect(Chat(tab).answers).to_have_text(re.compile("Plain words"))
        found.append(await tab.evaluate(STYLES))

    plain, styled = found
    assert {name: styled[name] for name in plain if styled[name] != plain[name]} == {}


async def test_hidden_page_part_hides_the_element(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    body = f'<div style="visibility:hidden">{ELEMENT}</div>'
    visitor = await open_elsewhere(site, embed, visit, body=body)

    field = Chat(visitor.page).host.locator("textarea")
    await expect(field).to_be_attached()
    await expect(field).to_be_hidden()


# A server of another kind


async def test_foreign_server_gets_only_requests_of_the_protocol(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    embed.items = [answer("a0", "The first.")]
    embed.events = growing_answer(2)
    visitor = await open_elsewhere(site, embed, visit, options={"initialThread": "thr_1"})
    chat = Chat(visitor.page)
    await expect(chat.answers).to_contain_text("The first.")

    await chat.send("hello")
    await expect(chat.answers.last).to_contain_text("longer and longer")
    await expect(chat.thread).to_have_attribute("aria-busy", "false")

    assert set(visitor.watch.requests) == {"GET /", "POST /chat"}


async def test_foreign_response_reaches_other_tabs_and_survives_removal(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    gate = Gate()
    begun, line, *rest = growing_answer(2)
    embed.items = [answer("a0", "The first.")]
    embed.events = [begun, line, gate, *rest]
    visitor = await open_elsewhere(site, embed, visit, options={"initialThread": "thr_1"})
    chat, other = Chat(visitor.page), Chat(await visitor.open_tab("/"))
    for each in (chat, other):
        await expect(each.answers).to_contain_text("The first.")

    await chat.send("hello")
    await expect(chat.answers).to_have_count(2)
    await expect(other.answers).to_have_count(2)
    await expect(other.answers.last).to_contain_text("longer and longer")
    await visitor.page.evaluate(
        "() => { window.kept = document.querySelector('openai-chatkit'); window.kept.remove(); }"
    )
    embed.items.append(answer("grown", "All of it."))
    gate.open()
    await wait_for_event(visitor.page, "chatkit.response.end")
    await expect(other.answers.last).to_contain_text("All of it.")
    await visitor.page.evaluate("() => document.body.append(window.kept)")

    await expect(chat.answers).to_have_count(2)
    assert await event_names(visitor.page) == ["chatkit.ready", "chatkit.response.end"]


# The script of another origin

SANDBOX: Final = '<iframe sandbox="allow-scripts" src="/inside" width=600 height=500></iframe>'


async def open_elsewhere(
    site: Stack, embed: EmbedServer, visit: Visit, *, body: str = ELEMENT, **options: Any
) -> Visitor:
    """Open a page whose script comes from the site's origin."""
    embed.pages.setdefault("/", page(body, script=f"{site.edge}/chatkit/chatkit.js", **options))
    visitor = await visit(embed.origin)
    visitor.watch.expect_origin(site.edge)
    await visitor.open("/")
    return visitor


async def leave_out(visitor: Visitor, chunk: str) -> None:
    """Remove a chunk from the server."""
    visitor.watch.expect_status(404, f"/assets/{chunk}-")
    cross_origin = {"Access-Control-Allow-Origin": "*"}
    await visitor.page.route(
        f"**/assets/{chunk}-*.js", lambda route: route.fulfill(status=404, headers=cross_origin)
    )


# The strictest policy; the ChatKit server is the page's own origin here.
STRICT_POLICY: Final = (
    "default-src 'none'; script-src 'nonce-known' 'strict-dynamic'; style-src 'nonce-known';"
    " connect-src 'self'; img-src data:; base-uri 'none'; require-trusted-types-for 'script';"
    " trusted-types 'none'"
)


@pytest.mark.parametrize(
    ("attributes", "policy"),
    [
        pytest.param("", "", id="script", marks=pytest.mark.slow),
        pytest.param('type="module"', "", id="module"),
        pytest.param("crossorigin", "", id="crossorigin", marks=pytest.mark.slow),
        pytest.param("", STRICT_POLICY, id="strict policy"),
        pytest.param(
            'type="module"', STRICT_POLICY, id="module, strict policy", marks=pytest.mark.slow
        ),
    ],
)
async def test_script_works_from_another_origin(
    site: Stack, embed: EmbedServer, visit: Visit, attributes: str, policy: str
) -> None:
    # Colours, languages and calendars are separate chunks.
    code = "```python\ndef greet():\n    return 1\n```"
    picker = {"type": "DatePicker", "name": "day", "placeholder": "A day"}
    card = item("widget", "w", widget={"type": "Card", "children": [picker]})
    embed.items = [answer("a", code), card]
    options = {"initialThread": "thr_1", "locale": "de"}
    if policy:
        embed.headers["Content-Security-Policy"] = policy
    visitor = await open_elsewhere(
        site, embed, visit, options=options, attributes=attributes, nonce="known"
    )
    chat = Chat(visitor.page)

    await expect(chat.button("Nachricht senden")).to_be_visible()
    await expect(chat.answers.locator("pre [class*=keyword]").first).to_have_text("def")
    await chat.widgets.get_by_role("button", name="A day").click()
    await expect(chat.host.get_by_role("grid")).to_be_visible()


async def test_script_works_in_a_sandboxed_frame(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    embed.events = growing_answer(2)
    embed.pages["/"] = f"<!doctype html><link rel=icon href=data:,>{SANDBOX}"
    embed.pages["/inside"] = page(
        ELEMENT, script=f"{site.edge}/chatkit/chatkit.js", api=f"{embed.origin}/chat"
    )
    visitor = await open_elsewhere(site, embed, visit)
    host = visitor.page.frame_locator("iframe").locator("openai-chatkit")

    field = host.get_by_role("textbox")
    await field.fill("hello")
    await field.press("Enter")

    await expect(host.locator("[part~=assistant-message]")).to_contain_text("longer and longer")


# The height of the element's own text as displayed.
TEXT_HEIGHT: Final = """(element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  return range.getBoundingClientRect().height;
}"""


async def test_text_in_the_element_is_shown_until_the_script_has_loaded(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    body = "<openai-chatkit>The chat isn't available.</openai-chatkit>"
    embed.pages["/missing"] = page(body, script=f"{site.edge}/chatkit/none.js")
    visitor = await open_elsewhere(site, embed, visit, body=body)
    visitor.watch.expect_status(404, "/chatkit/none.js")
    visitor.watch.expect_failures("/chatkit/none.js")  # Chromium hides a 404 of another origin
    host = Chat(visitor.page).host

    await Chat(visitor.page).composer.wait_for()
    loaded: float = await host.evaluate(TEXT_HEIGHT)
    await visitor.open("/missing")
    missing: float = await host.evaluate(TEXT_HEIGHT)

    assert (loaded, missing > 0) == (0, True)


@pytest.mark.parametrize(
    "cause", ["missing", pytest.param("dependency", marks=pytest.mark.slow), "policy"]
)
async def test_blocked_chunk_is_reported_in_element_and_console(
    site: Stack, embed: EmbedServer, visit: Visit, cause: str
) -> None:
    script = f"{site.edge}/chatkit/chatkit.js"
    embed.pages["/"] = page(ELEMENT, script=script, style="openai-chatkit{height:300px}")
    visitor = await visit(embed.origin)
    watch, tab = visitor.watch, visitor.page
    watch.expect_origin(site.edge)
    watch.expect_words("could not load the chat")
    if cause == "policy":
        embed.headers["Content-Security-Policy"] = f"script-src 'unsafe-inline' {script}"
        watch.expect_words("Content Security Policy")
        watch.expect_violation("script-src-elem")
        watch.expect_failures("/assets/")
    else:
        chunk = "jsxRuntime" if cause == "dependency" else "open-chatkit"
        await leave_out(visitor, chunk)
    console: list[str] = []
    tab.on("console", lambda message: console.append(message.text))

    await visitor.open("/")

    line = tab.locator("openai-chatkit").get_by_role("alert")
    await expect(line).to_have_text("The chat could not be loaded.")
    colors = await line.evaluate(
        "line => [getComputedStyle(line).color, getComputedStyle(line).backgroundColor]"
    )
    assert colors == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]  # whatever the page's background
    (ours,) = [text for text in console if text.startswith("<openai-chatkit>")]
    assert "/chatkit/assets/open-chatkit-" in ours
    assert "Content-Security-Policy" in ours
    assert await event_names(tab) == ["chatkit.error"]


async def test_invalid_chunk_is_reported(site: Stack, embed: EmbedServer, visit: Visit) -> None:
    embed.pages["/"] = page(ELEMENT, script=f"{site.edge}/chatkit/chatkit.js")
    visitor = await visit(embed.origin)
    visitor.watch.expect_origin(site.edge)
    visitor.watch.expect_words("TypeError")
    await visitor.page.route(
        "**/assets/open-chatkit-*.js",
        lambda route: route.fulfill(body="", content_type="text/javascript"),
    )

    tab = await visitor.open("/")

    await expect(tab.locator("openai-chatkit").get_by_role("alert")).to_be_visible()
    assert await event_names(tab) == ["chatkit.error"]


async def test_missing_lazy_chunk_is_reported(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    picker = {"type": "DatePicker", "name": "day", "placeholder": "A day"}
    embed.items = [item("widget", "w", widget={"type": "Card", "children": [picker]})]
    visitor = await visit(embed.origin)
    visitor.watch.expect_origin(site.edge)
    visitor.watch.expect_words("could not load the calendar")
    await leave_out(visitor, "Calendar")
    embed.pages["/"] = page(
        ELEMENT,
        script=f"{site.edge}/chatkit/chatkit.js",
        style="openai-chatkit{height:500px}",
        options={"initialThread": "thr_1"},
    )
    chat = Chat(await visitor.open("/"))

    await chat.widgets.get_by_role("button", name="A day").click()

    await expect(chat.widgets).to_contain_text("This part (DatePicker) can't be displayed.")


# A page that the stack doesn't know


def is_ours(message: ConsoleMessage) -> bool:
    return message.text.startswith("<openai-chatkit>")


async def test_rejected_origin_is_named_in_element_console_log_and_doctor(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    api = f"{site.edge}/api/usr_ada/chat"
    embed.pages["/"] = page(ELEMENT, script=f"{site.edge}/chatkit/chatkit.js", api=api)
    visitor = await visit(embed.origin)
    visitor.watch.expect_origin(site.edge)
    visitor.watch.expect_status(403, "/chat")
    visitor.watch.expect_words("was rejected")
    chat = Chat(await visitor.open("/"))

    async with visitor.page.expect_console_message(is_ours) as line:
        await chat.send("hello")

    await expect(chat.error).to_contain_text(f"doesn't allow pages of {embed.origin}")
    await expect(chat.error).to_contain_text("CORS_ALLOWED_ORIGINS")
    assert embed.origin in (await line.value).text
    (finding,) = examine_origins(DataDir(site.data_dir), None, None)
    assert finding.found.startswith(f"{embed.origin} is rejected by auth-session, chat-gateway")
    assert "CORS_ALLOWED_ORIGINS" in finding.hint


async def test_unreachable_server_of_another_origin_is_explained_in_one_line(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    api = f"http://127.0.0.1:{free_port()}/chat"
    embed.pages["/"] = page(ELEMENT, script=f"{site.edge}/chatkit/chatkit.js", api=api)
    visitor = await visit(embed.origin)
    visitor.watch.expect_origin(site.edge)
    visitor.watch.expect_origin(api.removesuffix("/chat"))
    visitor.watch.expect_failures("/chat")
    visitor.watch.expect_words("can't reach .* from pages of")
    console: list[str] = []
    visitor.page.on("console", lambda message: console.append(message.text))
    chat = Chat(await visitor.open("/"))

    async with visitor.page.expect_console_message(is_ours) as line:
        await chat.send("hello")
        await expect(chat.error).to_contain_text("can't be reached")
    await chat.button("Retry").click()
    await expect(chat.error).to_contain_text("can't be reached")

    text = (await line.value).text
    assert "CORS_ALLOWED_ORIGINS" in text
    assert "connect-src" in text
    assert [each for each in console if each.startswith("<openai-chatkit>")] == [text]


# One bad item


async def test_unrenderable_item_does_not_break_the_thread(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    deep: dict[str, Any] = {"type": "Text", "value": "the end"}
    for _ in range(400):
        deep = {"type": "Col", "children": deep}
    gate = Gate()
    bad = [
        item("hologram", "b1"),
        item("assistant_message", "b2", content=[{"type": "output_text", "annotations": []}]),
        item("client_tool_call", "b3", name=None, status="completed"),
    ]
    embed.events = [
        {"type": "thread.item.done", "item": answer("a1", "The first.")},
        *({"type": "thread.item.done", "item": each} for each in bad),
        gate,
        {"type": "thread.item.done", "item": item("widget", "b4", widget=deep)},
        {"type": "thread.item.updated", "item_id": "nobody", "update": None},
        {"type": "thread.item.done", "item": answer("a2", "The last.")},
    ]
    visitor = await open_elsewhere(site, embed, visit, style="openai-chatkit{height:500px}")
    chat = Chat(visitor.page)

    await chat.send("hello")
    await expect(chat.host.locator("[part~=not-shown]")).to_have_count(3)
    gate.open()

    await expect(chat.answers.filter(has_text="The last.")).to_be_visible()
    await expect(chat.answers.filter(has_text="The first.")).to_be_attached()
    await expect(chat.questions).to_contain_text("hello")
    names = [each["name"] for each in await event_details(visitor.page, "chatkit.log")]
    assert names.count("item.unknown") == 3
