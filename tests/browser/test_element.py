"""The chat component on other sites' pages: plain, with React, by keyboard alone."""

import re
from typing import Any, cast

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from browser.browser_kit import Chat, Visit, Visitor, answer_text
from browser.element_kit import (
    emit,
    event_details,
    event_names,
    focus_path,
    settle,
    wait_focus,
    wait_for_event,
    widget,
)
from stack_kit import SignUp, Stack
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer

pytestmark = pytest.mark.slow  # a separate stack, with pages built for it

PLAIN = "/pages/vanilla.html"
REACT = "/pages/kit.html"
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJ"
    "RU5ErkJggg=="
)


@pytest_asyncio.fixture(loop_scope="session")
async def bea(pages: Stack, sign_up: SignUp, visit: Visit) -> Visitor:
    """A user whose browser is signed in, where the test pages are."""
    return await visit(pages, await sign_up(pages))


async def open_plain(visitor: Visitor) -> tuple[Page, Chat]:
    chat = await visitor.open_chat(PLAIN)
    return visitor.page, chat


# A plain page


async def test_plain_page_drives_element_by_official_methods_and_events(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    page, chat = await open_plain(bea)
    await wait_for_event(page, "chatkit.ready")
    gate = Gate()
    model.answer(Say("First ", gate, "answer"))
    await page.evaluate("() => window.chatkit.sendUserMessage({ text: 'hello' })")
    await expect(chat.answers).to_contain_text("First")
    gate.open()
    await wait_for_event(page, "chatkit.response.end")
    await expect(chat.answers).to_contain_text("First answer")
    (change,) = await event_details(page, "chatkit.thread.change")

    await page.evaluate("() => window.chatkit.setThreadId(null)")
    await expect(chat.start_screen).to_contain_text("Good day")
    await page.evaluate("(id) => window.chatkit.setThreadId(id)", change["threadId"])
    await expect(chat.answers).to_contain_text("First answer")
    await page.evaluate("() => window.chatkit.setComposerValue({ text: 'a draft' })")
    await page.evaluate("() => window.chatkit.focusComposer()")
    await page.evaluate("() => window.chatkit.fetchUpdates()")
    await page.evaluate("() => window.chatkit.showHistory()")
    await expect(chat.host.get_by_role("dialog", name="Chat history")).to_be_visible()
    await page.evaluate("() => window.chatkit.hideHistory()")
    await page.evaluate(
        "() => window.chatkit.sendCustomAction({ type: 'echo', payload: { a: 1 } })"
    )
    (effect,) = await wait_for_event(page, "chatkit.effect")
    await wait_for_event(page, "chatkit.response.end", 2)
    focused = await focus_path(page)
    await chat.button("Star").click()

    assert effect == {"name": "echo", "data": {"payload": {"a": 1}, "sender": None}}
    assert focused == "textarea: Write to the helper"
    await expect(chat.composer).to_have_value("a draft")
    names = [name for name in await event_names(page) if name != "chatkit.thread.change"]
    assert names == [
        "chatkit.ready",
        "chatkit.response.start",
        "chatkit.response.end",
        "chatkit.thread.load.start",
        "chatkit.thread.load.end",
        "chatkit.history.open",
        "chatkit.history.close",
        "chatkit.response.start",
        "chatkit.effect",
        "chatkit.response.end",
        "star",
    ]
    threads = [each["threadId"] for each in await event_details(page, "chatkit.thread.change")]
    assert threads == [change["threadId"], None, change["threadId"]]


async def test_composer_choices_are_sent_with_the_message(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    page, chat = await open_plain(bea)
    model.answer(Call("read_options", {}))
    model.answer(Say("Noted."))

    await page.evaluate(
        "() => window.chatkit.setComposerValue({ selectedToolId: 'plan', selectedModelId: 'deep' })"
    )
    await chat.send("a plan, please")
    await settle(chat)

    await expect(chat.answers).to_contain_text("Noted.")
    assert [each["toolId"] for each in await event_details(page, "chatkit.tool.change")] == [
        "plan",
        None,
    ]
    (options,) = [
        entry["output"]
        for entry in model.requests[-1].history
        if entry["type"] == "function_call_output"
    ]
    assert '"id":"plan"' in options
    assert '"model":"deep"' in options


async def test_client_tool_runs_and_its_result_reaches_the_model(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    page, chat = await open_plain(bea)
    model.answer(Call("ask_browser", {"name": "get_place", "arguments": {"accuracy": "high"}}))
    model.answer(Say("I see."))

    await chat.send("where am I?")

    await expect(chat.answers).to_contain_text("I see.")
    assert await event_details(page, "tool") == [
        {"name": "get_place", "params": {"accuracy": "high"}}
    ]
    (output,) = [
        entry["output"]
        for entry in model.requests[-1].history
        if entry["type"] == "function_call_output"
    ]
    assert "get_place was run" in output
    line = chat.host.locator("[part~=tool-call]")
    icon, words = [await line.locator(each).bounding_box() for each in ("svg", "span")]
    assert icon is not None
    assert words is not None
    assert words["y"] <= icon["y"] + icon["height"] / 2 <= words["y"] + words["height"]


LABEL_TOOLS = """() => {
  const runTool = ({ name, params }) => {
    if (name === "find_place") return new Promise((resolve) => { window.finishTool = resolve; });
    const output = window.options.onClientTool({ name, params });
    return name === "switch_theme" ? null : output;
  };
  window.chatkit.setOptions({
    ...window.options,
    clientTools: { labels: { find_place: "Looking for you", record_fact: null } },
    onClientTool: runTool,
  });
}"""


async def test_client_tools_have_the_page_s_labels_or_are_hidden(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    page, chat = await open_plain(bea)
    await page.evaluate(LABEL_TOOLS)
    lines = chat.host.locator("[part~=tool-call]")
    model.answer(Call("ask_browser", {"name": "find_place", "arguments": {}}))
    model.answer(Say("You are here."))

    await chat.send("where am I?")

    running = lines.filter(has_text="Looking for you")
    await expect(running.locator(".spinner")).to_be_visible()
    await page.evaluate("() => window.finishTool({ place: 'home' })")
    await expect(chat.answers).to_contain_text("You are here.")
    await expect(lines).to_have_text(["Looking for you"])
    await expect(lines.locator(".spinner")).to_have_count(0)

    for name in ("record_fact", "_sync", "switch_theme", "get_place"):
        model.answer(Call("ask_browser", {"name": name, "arguments": {}}))
        model.answer(Say(f"Asked {name}."))
        await chat.send(f"call {name}")
        await expect(chat.answers.filter(has_text=f"Asked {name}.")).to_be_visible()
        await settle(chat)

    shown = ["Looking for you", "Ran get place"]
    await expect(lines).to_have_text(shown)
    called = [call["name"] for call in await event_details(page, "tool")]
    assert called == ["record_fact", "_sync", "switch_theme", "get_place"]

    await page.reload()
    await page.wait_for_function("() => window.chatkit")
    await page.evaluate(LABEL_TOOLS)
    await chat.open_from_history("Where am I?")
    await expect(lines).to_have_text(shown)


async def test_page_receives_effects_with_their_data(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    page, chat = await open_plain(bea)
    emit(model, {"type": "client_effect", "name": "confetti", "data": {"pieces": 12}})

    await chat.send("celebrate")

    assert await wait_for_event(page, "chatkit.effect") == [
        {"name": "confetti", "data": {"pieces": 12}}
    ]
    await settle(chat)


async def test_links_to_the_page_itself_raise_an_event(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    page, chat = await open_plain(bea)
    model.answer(Say("[Open the task](chatkit-link://task?id=tsk_1)"))
    await chat.send("which one?")

    await chat.answers.get_by_text("Open the task").click()

    assert await wait_for_event(page, "chatkit.deeplink") == [
        {"name": "task", "data": {"id": "tsk_1"}}
    ]
    await settle(chat)


# Widgets and questions


async def test_list_shows_more_and_its_rows_send_actions(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    page, chat = await open_plain(bea)
    rows = [
        {
            "type": "ListViewItem",
            "key": f"{number}",
            "children": [{"type": "Text", "value": f"Row {number}"}],
            "onClickAction": {"type": "echo", "payload": {"row": number}},
        }
        for number in range(1, 6)
    ]
    emit(model, widget({"type": "ListView", "limit": 3, "children": rows}))
    await chat.send("list")
    await settle(chat)

    await expect(chat.widgets.get_by_text("Row 4")).to_be_hidden()
    await chat.widgets.get_by_role("button", name=re.compile("more", re.IGNORECASE)).click()
    await chat.widgets.get_by_role("button", name="Row 4").click()

    (effect,) = await wait_for_event(page, "chatkit.effect")
    assert effect["data"]["payload"] == {"row": 4}
    assert effect["data"]["sender"].startswith("wid_")


async def test_card_submits_every_kind_of_field(bea: Visitor, model: ScriptedModelServer) -> None:
    page, chat = await open_plain(bea)
    card = {
        "type": "Card",
        "asForm": True,
        "confirm": {"label": "Save", "action": {"type": "echo", "payload": {"id": 7}}},
        "cancel": {"label": "Leave it", "action": {"type": "echo", "payload": None}},
        "children": [
            {"type": "Label", "value": "Title", "fieldName": "title"},
            {"type": "Input", "name": "title", "required": True, "placeholder": "What to do"},
            {
                "type": "Select",
                "name": "size",
                "placeholder": "Which size",
                "options": [{"value": "s", "label": "Small"}, {"value": "l", "label": "Large"}],
            },
            {"type": "DatePicker", "name": "due", "placeholder": "Pick a day"},
            {"type": "Textarea", "name": "notes", "placeholder": "Notes"},
            {"type": "Checkbox", "name": "urgent", "label": "Urgent"},
            {
                "type": "RadioGroup",
                "name": "where",
                "options": [{"value": "home", "label": "Home"}, {"value": "work", "label": "Work"}],
            },
        ],
    }
    emit(model, widget(card))
    await chat.send("form")
    await settle(chat)
    form = chat.widgets

    await form.get_by_role("textbox", name="Title").fill("Paint the fence")
    await form.get_by_role("combobox").select_option("l")
    await form.get_by_role("button", name=re.compile("Pick a day")).click()
    await chat.host.get_by_role("gridcell").get_by_role("button").nth(9).click()
    await form.get_by_placeholder("Notes").fill("In green")
    await form.get_by_role("checkbox", name="Urgent").check()
    await form.get_by_role("radio", name="Work").check()
    await form.get_by_role("button", name="Save").click()

    (effect,) = await wait_for_event(page, "chatkit.effect")
    sent = effect["data"]["payload"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00", sent.pop("due"))
    assert sent == {
        "id": 7,
        "title": "Paint the fence",
        "size": "l",
        "notes": "In green",
        "urgent": True,
        "where": "work",
    }


async def test_chart_is_drawn_and_described_in_words(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    _, chat = await open_plain(bea)
    chart = {
        "type": "Chart",
        "data": [{"day": "Mon", "done": 3}, {"day": "Tue", "done": 5}],
        "series": [{"type": "bar", "dataKey": "done", "label": "Done"}],
        "xAxis": "day",
        "showLegend": True,
    }
    emit(model, widget({"type": "Card", "children": [chart]}))

    await chat.send("chart")

    await expect(chat.widgets.locator("svg rect").first).to_be_visible()
    await expect(chat.widgets.get_by_text("Tue").first).to_be_visible()
    await settle(chat)


async def test_client_actions_of_a_widget_reach_the_page_first(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    page, chat = await open_plain(bea)
    action = {"type": "echo", "payload": {"n": 1}, "handler": "client"}
    button = {"type": "Button", "label": "Ask the page", "onClickAction": action}
    emit(model, widget({"type": "Card", "children": [button]}))
    await chat.send("button")
    await settle(chat)

    await chat.widgets.get_by_role("button", name="Ask the page").click()

    (told,) = await wait_for_event(page, "action")
    assert (told["action"]["type"], told["action"]["payload"]) == ("echo", {"n": 1})
    (effect,) = await wait_for_event(page, "chatkit.effect")
    assert effect["data"] == {"payload": {"n": 1}, "sender": told["item"]}


async def test_model_continues_after_structured_input(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    _, chat = await open_plain(bea)
    questions: list[dict[str, Any]] = [
        {
            "type": "multiple_choice",
            "id": "how",
            "question": "How will you travel?",
            "options": [{"value": "Train"}, {"value": "Bicycle"}],
        },
        {"type": "freeform", "id": "note", "question": "Anything else?"},
    ]
    item = {"type": "structured_input", "id": "si_1", "status": "pending", "inputs": questions}
    emit(model, {"type": "thread.item.done", "item": item}, then="Tell me.")
    await chat.send("plan my trip")
    await settle(chat)
    model.answer(Say("Have a good trip."))
    form = chat.host.locator("[part~=structured-input]")

    await form.get_by_text("Bicycle").click()
    await form.get_by_role("textbox", name="Anything else?").fill("No hurry")
    await form.get_by_role("button", name="Submit").click()

    await expect(chat.answers.last).to_contain_text("Have a good trip.")
    told = str(model.requests[-1].history)
    assert "Bicycle" in told
    assert "No hurry" in told


async def test_dictated_text_appears_in_the_composer(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    page, chat = await open_plain(bea)
    model.hears = "buy oat milk"

    await chat.button("Dictate").click()
    await expect(chat.host.get_by_text("Listening")).to_be_visible()
    # A recorder emits data only after a while.
    await page.wait_for_timeout(300)
    await chat.button("Finish dictation").click()

    await expect(chat.composer).to_have_value("buy oat milk")
    ((_, media_type, recording),) = model.recordings
    assert media_type.startswith("audio/")
    assert len(recording) > 0


# Text


MARKDOWN = f"""| Day | Tasks |
| --- | ---: |
| Monday | 4 |

```python
def greet(name: str) -> str:
    return f"Hello {{name}}"
```

[outside](https://example.org/a), [mail](mailto:a@example.org), [bad](javascript:alert(1)).

![tracker](https://tracker.example/p.png) ![dot]({PIXEL}) ![own](/icon.svg)

<img src=x onerror="alert(1)"><script>alert(1)</script>
"""


async def test_markdown_is_drawn_and_loads_nothing_external(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    page, chat = await open_plain(bea)
    model.answer(Say(*re.findall(r"\S+\s*", MARKDOWN)))

    await chat.send("show me")
    await settle(chat)

    answer = chat.answers
    await expect(answer.get_by_role("columnheader", name="Tasks")).to_be_visible()
    await expect(answer.get_by_role("cell", name="Monday")).to_be_visible()
    # Colours are a separate chunk.
    await expect(answer.locator("pre [class*=keyword]").first).to_have_text("def")
    link = answer.get_by_role("link", name="outside")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(answer.get_by_role("link", name="mail")).to_be_visible()
    await expect(answer.get_by_text("bad")).to_be_visible()
    await expect(answer.locator("a[href^=javascript]")).to_have_count(0)
    await expect(answer.locator("img")).to_have_count(2)
    await expect(
        answer.get_by_role("link", name=re.compile(r"tracker\.example"))
    ).to_have_attribute("href", "https://tracker.example/p.png")
    await expect(answer.locator("script")).to_have_count(0)
    assert await page.evaluate("() => document.querySelectorAll('script').length") == 2


async def test_images_of_allowed_domains_are_shown(
    pages: Stack, sign_up: SignUp, visit: Visit, model: ScriptedModelServer
) -> None:
    # The page's own policy must allow them as well.
    cy = await visit(pages, await sign_up(pages), bypass_csp=True)
    await cy.page.route(
        "https://pics.example/**",
        lambda route: route.fulfill(
            content_type="image/svg+xml",
            body="<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        ),
    )
    chat = await cy.open_chat(PLAIN)
    model.answer(Call("set_thread", {"fields": {"allowed_image_domains": ["pics.example"]}}))
    model.answer(Say("![allowed](https://pics.example/a.svg) ![not](https://other.example/b.png)"))

    await chat.send("pictures")
    await settle(chat)

    await expect(chat.answers.locator("img")).to_have_attribute("src", "https://pics.example/a.svg")
    await expect(chat.answers.get_by_role("link")).to_have_attribute(
        "href", "https://other.example/b.png"
    )
    assert cy.watch.problems == ["request to another origin: GET https://pics.example/a.svg"]
    cy.watch.problems.clear()


# React


async def test_official_react_package_drives_the_element(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    chat = await bea.open_chat(REACT)
    page = bea.page
    await wait_for_event(page, "ready")
    model.answer(Call("ask_browser", {"name": "get_colours", "arguments": {}}))
    model.answer(Say("I see."))
    await page.evaluate("() => window.chat.sendUserMessage({ text: 'look' })")
    await wait_for_event(page, "response.end", 2)
    await expect(chat.answers).to_contain_text("I see.")
    thread_id = (await event_details(page, "thread.change"))[-1]["threadId"]

    await page.evaluate("() => window.chat.setThreadId(null)")
    await expect(chat.start_screen).to_be_visible()
    await page.evaluate("(id) => window.chat.setThreadId(id)", thread_id)
    await expect(chat.answers).to_contain_text("I see.")
    await page.evaluate("() => window.chat.fetchUpdates()")
    await page.evaluate("() => window.chat.showHistory()")
    await expect(chat.host.get_by_role("dialog", name="Chat history")).to_be_visible()
    await page.evaluate("() => window.chat.hideHistory()")
    await expect(chat.host.get_by_role("dialog", name="Chat history")).to_have_count(0)
    await page.evaluate("() => window.chat.sendCustomAction({ type: 'echo', payload: 5 })")
    await wait_for_event(page, "effect")
    await page.evaluate("() => window.chat.setComposerValue({ text: 'again' })")
    await page.evaluate("() => window.chat.focusComposer()")

    await wait_focus(page, "textarea: Write to the helper")
    await expect(chat.composer).to_have_value("again")
    assert await event_details(page, "tool") == [{"name": "get_colours", "params": {}}]
    # Requested once, and never handed a used one.
    assert await event_details(page, "secret") == [None]
    assert await event_details(page, "error") == []


async def test_changed_option_applies_at_once_and_keeps_the_chat(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    chat = await bea.open_chat(REACT)
    model.answer(Say("Still here."))
    await chat.send("hello")
    await settle(chat)
    await chat.composer.fill("half a thought")
    before = await chat.frame.evaluate("(frame) => getComputedStyle(frame).backgroundColor")

    await bea.page.evaluate("() => window.setScheme('dark')")

    await bea.page.wait_for_function(
        """(before) => {
          const root = document.querySelector("openai-chatkit").shadowRoot;
          return getComputedStyle(root.querySelector("[part~=frame]")).backgroundColor !== before;
        }""",
        arg=before,
    )
    await expect(chat.answers).to_contain_text("Still here.")
    await expect(chat.composer).to_have_value("half a thought")


# Without a mouse, with little motion


async def press_until(page: Page, key: str, wanted: str, *, limit: int = 40) -> None:
    """Press a key until an element has the focus."""
    for _ in range(limit):
        if await focus_path(page) == wanted:
            return
        await page.keyboard.press(key)
    msg = f"{key} never led to {wanted!r}; it is at {await focus_path(page)!r}"
    raise AssertionError(msg)


async def test_conversation_works_by_keyboard(bea: Visitor, model: ScriptedModelServer) -> None:
    page, chat = await open_plain(bea)
    gate = Gate()
    model.answer(Say("Half ", gate, "never said"))
    spoken = chat.host.get_by_role("status").last

    await press_until(page, "Tab", "button: Say hello")
    await page.keyboard.press("Enter")
    await expect(chat.answers).to_contain_text("Half")
    await expect(spoken).to_contain_text("The assistant is responding")
    assert await focus_path(page) != "nowhere"
    await press_until(page, "Tab", "button: Stop")
    await page.keyboard.press("Enter")
    await settle(chat)
    assert await focus_path(page) != "nowhere"
    gate.open()

    model.answer(Say("The second answer"))
    await press_until(page, "Tab", "textarea: Write to the helper")
    await page.keyboard.type("and now?")
    await page.keyboard.press("Enter")
    await settle(chat)
    await expect(spoken).to_contain_text("The second answer")
    await expect(chat.composer).to_have_value("")

    await press_until(page, "Shift+Tab", "button: Chat history")
    await page.keyboard.press("Enter")
    history = chat.host.get_by_role("dialog", name="Chat history")
    await expect(history).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(history).to_have_count(0)
    await wait_focus(page, "button: Chat history")
    await press_until(page, "Shift+Tab", "button: New chat")
    await page.keyboard.press("Enter")
    await expect(chat.start_screen).to_be_visible()
    await wait_focus(page, "textarea: Write to the helper")


async def test_menus_support_arrow_keys_and_escape(bea: Visitor) -> None:
    page, chat = await open_plain(bea)
    await press_until(page, "Tab", "textarea: Write to the helper")

    await press_until(page, "Tab", "button: Tools")
    await page.keyboard.press("Enter")
    await expect(chat.host.get_by_role("menu")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(chat.host.get_by_role("menu")).to_have_count(0)
    await expect(chat.button(re.compile("Plan"))).to_be_visible()

    await press_until(page, "Tab", "button: Dictate")
    await press_until(page, "Shift+Tab", "button: Model: Quick")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await wait_focus(page, "button: Model: Quick")


async def test_reduced_motion_stops_animations(
    pages: Stack, sign_up: SignUp, visit: Visit, model: ScriptedModelServer
) -> None:
    dee = await visit(pages, await sign_up(pages), reduced_motion="reduce")
    chat = await dee.open_chat(PLAIN)
    gate = Gate()
    model.answer(Say("Word ", gate, "and word"))

    await chat.send("hello")
    await expect(chat.answers).to_contain_text("Word")
    moving = await dee.page.evaluate(
        """() => [...document.getAnimations(),
                  ...document.querySelector("openai-chatkit").shadowRoot.getAnimations()]
          .filter((each) => each.playState === "running")
          .filter((each) => {
            const frames = each.effect.getKeyframes();
            return frames.some((frame) => "transform" in frame || "translate" in frame);
          })
          .map((each) => each.animationName ?? each.transitionProperty)"""
    )
    gate.open()
    await settle(chat)

    assert moving == []


# Text that grows

WORDS = " one two three four five 今日はとても良い天気ですね 🧑‍🚀 six **seven** eight nine ten"
RECORD_TEXTS = """() => {
  const root = document.querySelector("openai-chatkit").shadowRoot;
  const answer = root.querySelector("[part~=assistant-message] .markdown");
  window.texts = [];
  new MutationObserver(() => {
    if (window.texts.at(-1) !== answer.textContent) window.texts.push(answer.textContent);
  }).observe(answer, { subtree: true, childList: true, characterData: true });
}"""


async def stream_one_event(visitor: Visitor, model: ScriptedModelServer) -> list[str]:
    """Have a response grow by one event; return the texts that the page showed in turn."""
    chat = await visitor.open_chat(PLAIN)
    first, last = Gate(), Gate()
    model.answer(Say("Count:", first, WORDS, last, " Done."))
    await chat.send("count")
    await expect(chat.answers).to_have_text(answer_text("Count:"))
    await visitor.page.evaluate(RECORD_TEXTS)

    first.open()
    grown = "Count:" + WORDS.replace("**", "")
    await expect(chat.answers).to_have_text(answer_text(grown))
    texts = cast("list[str]", await visitor.page.evaluate("() => window.texts"))
    last.open()
    await settle(chat)
    await expect(chat.answers).to_have_text(answer_text(f"{grown} Done."))
    assert texts[-1] == grown
    return texts


async def test_text_of_an_event_only_grows_and_is_complete(
    bea: Visitor, model: ScriptedModelServer
) -> None:
    texts = await stream_one_event(bea, model)

    assert texts == sorted(texts, key=len)
    assert all(texts[-1].startswith(text) for text in texts)


async def test_reduced_motion_shows_text_of_an_event_at_once(
    pages: Stack, sign_up: SignUp, visit: Visit, model: ScriptedModelServer
) -> None:
    eve = await visit(pages, await sign_up(pages), reduced_motion="reduce")

    assert len(await stream_one_event(eve, model)) == 1
