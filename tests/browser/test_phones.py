"""No page is wider than a phone, whatever the names of lists, tasks and chats."""

import json
from typing import Any, Final

import pytest
from playwright.async_api import Locator, expect

from browser.browser_kit import Chat, Visit
from browser.embed_kit import EmbedServer, answer, item, page, question
from browser.fit_kit import FitInspector
from stack_kit import SignUp, Stack
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer
from todochat.testing.person import Person

WORD: Final = "Donaudampfschifffahrtsgesellschaftskapitaensmuetzenabzeichenverordnung"
LONG: Final = (
    WORD[:48] * 2,
    "Lists of everything that anyone in this house may want to buy one day, or never at all",
    "قائمة طويلة جدًا من الأشياء التي يجب شراؤها قبل العطلة القادمة في المدينة الكبيرة",
    "週末に買わなければならないものと来週の旅行のために準備しなければならないもののとても長い一覧",
    "👩‍👩‍👧‍👦" * 9,
)
URL: Final = f"https://example.com/{'path' * 40}?q={'x' * 60}"
MARKDOWN: Final = f"""{WORD * 2} {URL} {LONG[4]}

# {WORD * 2}

| {WORD} | two | three | four |
| --- | --- | --- | --- |
| a | {WORD} | `{WORD}` | {URL} |

- [{WORD}]({URL})
  - > {WORD * 2}

`{WORD * 2}`

```python
x = "{WORD * 3}"
```

![{WORD}]({URL})
"""
PHONE: Final = {
    "viewport": {"width": 390, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "reduced_motion": "reduce",
}


async def test_signed_out_pages_fit(site: Stack, visit: Visit) -> None:
    visitor = await visit(site, **PHONE)
    visitor.watch.expect_status(401, "^/api/auth/sign-in$")
    visitor.watch.expect_status(404, "^/nowhere$")
    tab = await visitor.open("/login")
    fit = FitInspector(tab)
    await tab.get_by_label("E-mail address").fill(f"{WORD[:60]}@example.com")
    await tab.get_by_label("Password", exact=True).fill("wrong wrong wrong")
    button = tab.get_by_role("button", name="Sign in")
    await button.click()
    await expect(tab.get_by_role("alert").first).to_be_visible()
    await fit.look("login refused", button)
    await tab.goto(f"/register?invitation={WORD * 2}")
    await expect(tab.get_by_label("Invitation")).to_be_visible()
    await fit.look("register")
    await tab.goto("/nowhere")
    await fit.look("not found")

    fit.raise_misfits()


async def much_to_do(site: Stack, sign_up: SignUp, model: ScriptedModelServer) -> Person:
    """Return a user with 30 lists and names of the maximum length."""
    address = f"{WORD[:60]}@{'mail' * 15}.{'host' * 15}.example.com"
    ada = await sign_up(site, email=address, name=WORD)
    lists = []
    for number in range(30):
        name = f"{number} {LONG[number % len(LONG)]}"[:100]
        made = await ada.api("POST", "/lists", json={"name": name})
        lists.append(made.raise_for_status().json()["id"])
    for list_id, title in zip(lists, (*LONG, WORD * 7), strict=False):
        body = {
            "title": title,
            "list_id": list_id,
            "notes": title,
            "priority": "high",
            "due": {"date": "2020-01-01"},
            "tags": [WORD[:50], LONG[2][:50], "short"],
        }
        (await ada.api("POST", "/tasks", json=body)).raise_for_status()
    section = {"list_id": lists[0], "name": WORD}
    made = await ada.api("POST", "/sections", json=section)
    detailed = {
        "title": WORD,
        "section_id": made.raise_for_status().json()["id"],
        "due": {"date": "2020-01-01"},
        "start": {"date": "2019-12-01"},
        "repeat": {"rule": "FREQ=WEEKLY;BYDAY=MO", "from": "due", "count": 5},
        "reminders": [{"minutes_before": 60}],
    }
    made = await ada.api("POST", "/tasks", json=detailed)
    subtask = {"title": WORD * 2, "parent_id": made.raise_for_status().json()["id"]}
    (await ada.api("POST", "/tasks", json=subtask)).raise_for_status()
    (await ada.api("POST", "/tasks", json={"title": "Plain"})).raise_for_status()
    model.answer(Say("Named."))
    named = await ada.ask("hello")
    rename = {"thread_id": named.thread_id, "title": WORD * 2}
    assert (await ada.chatkit("threads.update", rename)).status_code == 200
    return ada


async def look_at_tasks(fit: FitInspector, settings: Locator, close: Locator) -> None:
    tab = fit.page
    open_chat = tab.get_by_role("button", name="Open chat")
    await expect(tab.get_by_role("checkbox", name="Done: Plain")).to_be_visible()
    await fit.look("tasks", open_chat, settings)
    await tab.get_by_role("button", name="Inbox").first.click()
    await fit.look("the inbox", open_chat)
    await tab.get_by_role("button", name=LONG[0][:60]).first.click()
    await expect(tab.get_by_role("heading", level=1)).to_contain_text(LONG[0][:60])
    await fit.look("a list with a long name", open_chat)
    await tab.get_by_role("button", name="Edit list").click()
    await fit.look("a list edited", close)
    sections = tab.get_by_role("region", name="Sections")
    await sections.get_by_role("button", name=f"Delete: {WORD}").click()
    await fit.look("a section about to be deleted", close)
    await tab.get_by_role("button", name="Delete list").click()
    await fit.look("a list about to be deleted", close)
    await tab.keyboard.press("Escape")
    await tab.get_by_role("button", name="Due date and priority").click()
    add = tab.get_by_role("button", name="Add task", exact=True)
    await fit.look("a new task", open_chat, add)
    await tab.get_by_role("button", name=f"Edit: {WORD}", exact=True).click()
    await tab.get_by_role("button", name="History").click()
    await expect(tab.get_by_text("You added it")).to_be_visible()
    await fit.look("a task edited", open_chat, settings)
    await tab.get_by_role("button", name="Cancel").click()
    await tab.get_by_role("button", name="Delete: ").first.click()
    undo = tab.get_by_role("button", name="Undo")
    await expect(undo).to_be_visible()
    await fit.look("a task deleted", undo)
    await tab.get_by_role("searchbox").fill(WORD * 2)
    await fit.look("nothing found", settings)
    for view, button in (("Trash", "Restore: "), ("Calendar", "Next week")):
        entry = tab.get_by_role("navigation", name="Lists").get_by_role("button", name=view)
        await entry.click()
        await expect(tab.get_by_role("button", name=button).first).to_be_visible()
        await expect(entry).to_be_in_viewport(ratio=1)
        await fit.look(view, open_chat, settings)


async def look_at_settings(fit: FitInspector, settings: Locator, close: Locator) -> None:
    await settings.click()
    sections = fit.page.get_by_role("navigation", name="Settings")
    for name in ("Language and time", "Account", "Sessions", "Access tokens", "Your data"):
        await sections.get_by_role("button", name=name).click()
        await expect(fit.page.get_by_role("heading", name=name, level=3)).to_be_visible()
        await fit.look(f"settings: {name}", close)
    await close.click()


async def look_at_chat(fit: FitInspector, model: ScriptedModelServer) -> None:
    tab = fit.page
    await tab.get_by_role("button", name="Open chat").click()
    chat = Chat(tab)
    close = tab.get_by_role("button", name="Close chat")
    await chat.composer.wait_for()
    await fit.look("the chat", close, chat.send_button)
    gate = Gate()
    model.answer(Call("find_tasks", {}))
    model.answer(Say(MARKDOWN, gate, "Done."))
    await chat.composer.fill(WORD * 3)
    await fit.look("a long draft", close, chat.send_button)
    await chat.send_button.click()
    await expect(chat.answers.first).to_contain_text("x = ")
    await fit.look("an answer being written", close, chat.stop_button)
    gate.open()
    await expect(chat.thread).to_have_attribute("aria-busy", "false")
    await fit.look("an answer", close, chat.send_button)
    await chat.show_history()
    await expect(chat.history.get_by_text(WORD).first).to_be_visible()
    await fit.look("the history", close, chat.button("Back to the chat"))


@pytest.mark.slow
async def test_site_fits_with_many_lists_and_long_names(
    site: Stack, sign_up: SignUp, visit: Visit, model: ScriptedModelServer
) -> None:
    visitor = await visit(site, await much_to_do(site, sign_up, model), **PHONE)
    fit = FitInspector(await visitor.open("/"))
    settings = fit.page.get_by_role("button", name="Settings").first
    close = fit.page.get_by_role("dialog").get_by_role("button", name="Close")

    await look_at_tasks(fit, settings, close)
    await look_at_settings(fit, settings, close)
    await look_at_chat(fit, model)

    fit.raise_misfits()


def wide_widgets() -> list[dict[str, Any]]:
    """Return a widget of each kind that has text, with long words."""
    option = {"value": "o", "label": WORD}
    fields: list[dict[str, Any]] = [
        {"type": "Label", "value": WORD, "fieldName": "a"},
        {"type": "Input", "name": "a", "placeholder": WORD, "defaultValue": WORD},
        {"type": "Textarea", "name": "b", "defaultValue": WORD * 2},
        {"type": "Select", "name": "c", "options": [option], "defaultValue": "o"},
        {"type": "DatePicker", "name": "d", "placeholder": WORD},
        {"type": "Checkbox", "name": "e", "label": WORD * 2},
        {"type": "RadioGroup", "name": "f", "options": [option]},
        {"type": "Button", "label": WORD * 2, "onClickAction": {"type": "x"}},
    ]
    texts: list[dict[str, Any]] = [
        {"type": "Title", "value": WORD * 2, "size": "5xl"},
        {"type": "Text", "value": URL},
        {"type": "Caption", "value": LONG[2]},
        {"type": "Badge", "label": WORD * 2},
        {"type": "Markdown", "value": MARKDOWN},
        {"type": "Row", "children": [{"type": "Badge", "label": WORD}, *fields[-1:]]},
        {"type": "Row", "children": [{"type": "Text", "value": WORD}] * 3},
        {"type": "Box", "width": 900, "background": "gray-200", "children": []},
        {"type": "Image", "src": URL, "alt": WORD, "width": 900},
    ]
    row = {"type": "ListViewItem", "children": [*texts[1:4], fields[-1]]}
    cell = {"type": "Table.Cell", "children": [{"type": "Text", "value": WORD}]}
    table = {"type": "Table", "children": [{"type": "Table.Row", "children": [cell] * 4}]}
    chart = {
        "type": "Chart",
        "data": [{"x": WORD, "y": 3}, {"x": "b", "y": 5}],
        "series": [{"type": "bar", "dataKey": "y", "label": WORD}],
        "xAxis": "x",
        "showLegend": True,
    }
    status = {"text": WORD * 2}
    confirm = {"label": WORD, "action": {"type": "x"}}
    return [
        {"type": "Card", "status": status, "confirm": confirm, "cancel": confirm, "children": each}
        for each in (fields, texts, [table, chart])
    ] + [{"type": "ListView", "status": status, "children": [row, row]}]


def wide_items() -> list[dict[str, Any]]:
    """Return items of every kind, with the longest words a server may send."""
    source = {"type": "url", "title": WORD * 2, "url": URL, "description": WORD * 2}
    cited = answer("cited", f"{WORD} is so.")
    cited["content"][0]["annotations"] = [{"type": "annotation", "index": 5, "source": source}]
    asked = question("wide", f"{WORD * 3} {LONG[4]}")
    asked["quoted_text"] = WORD * 3
    asked["attachments"] = [
        {"id": "a", "type": "file", "name": f"{WORD * 2}.pdf", "mime_type": "application/pdf"}
    ]
    tag = {"type": "input_tag", "id": "t", "text": WORD, "data": {}}
    asked["content"].append(tag)
    tasks: list[dict[str, Any]] = [
        {"type": "custom", "title": WORD * 2, "content": MARKDOWN},
        {"type": "web_search", "title_query": WORD, "queries": [WORD * 2], "sources": [source]},
    ]
    steps = {"type": "custom", "expanded": True, "summary": {"title": WORD * 2}, "tasks": tasks}
    choice = {"id": "q", "question": WORD * 2, "options": [{"value": WORD * 2}]}
    inputs = [{"type": "multiple_choice", **choice}, {"type": "freeform", "id": "r", **choice}]
    return [
        asked,
        answer("answer", MARKDOWN),
        cited,
        item("workflow", "steps", workflow=steps),
        item("client_tool_call", "tool", name=WORD, status="completed", arguments={}, call_id="c"),
        item("structured_input", "ask", status="pending", inputs=inputs),
        item("hologram", "unknown"),
        *(item("widget", f"wid_{n}", widget=each) for n, each in enumerate(wide_widgets())),
    ]


async def test_element_fits_with_every_kind_of_item(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    embed.items = wide_items()
    options = {
        "initialThread": "thr_1",
        "header": {"title": {"text": WORD * 2}},
        "composer": {
            "placeholder": WORD,
            "attachments": {"enabled": True},
            "tools": [{"id": "t", "label": WORD, "icon": "globe"}],
            "models": [{"id": "m", "label": WORD, "description": WORD * 2, "default": True}],
        },
        "disclaimer": {"text": MARKDOWN[:200]},
        "threadItemActions": {"feedback": True, "retry": True},
    }
    embed.pages["/"] = page(
        "<openai-chatkit></openai-chatkit>",
        script=f"{site.edge}/chatkit/chatkit.js",
        style="openai-chatkit{height:100dvh}",
        options=options,
    )
    visitor = await visit(embed.origin, **PHONE)
    visitor.watch.expect_origin(site.edge)
    tab = await visitor.open("/")
    chat = Chat(tab)
    fit = FitInspector(tab)
    await expect(chat.widgets.last).to_be_visible()
    await expect(chat.widgets.locator("svg rect").first).to_be_attached()

    await fit.look("every kind of item", chat.send_button, chat.button("Chat history"))
    await chat.button("Sources 1", exact=False).click()
    await fit.look("sources", chat.send_button)
    await chat.button("Model", exact=False).click()
    await expect(chat.host.get_by_role("menu")).to_be_visible()
    await fit.look("models", chat.host.get_by_role("menuitemradio").first)
    await tab.keyboard.press("Escape")
    await chat.button("More").click()
    menu = chat.host.get_by_role("menu")
    await fit.look("tools", menu.get_by_text(WORD))
    await menu.get_by_text(WORD).click()
    await fit.look("a chosen tool", chat.send_button)
    await chat.show_history()
    await chat.button("More for", exact=False).click()
    await fit.look("a menu in the history", chat.button("Back to the chat"))
    await tab.keyboard.press("Escape")
    await tab.keyboard.press("Escape")
    await chat.widgets.get_by_role("button", name=WORD).first.scroll_into_view_if_needed()

    fit.raise_misfits()


async def test_mention_menu_tells_tasks_of_the_same_title_apart(
    site: Stack, sign_up: SignUp, visit: Visit, model: ScriptedModelServer
) -> None:
    ada = await sign_up(site)
    title = "Call the office about the quarterly report and its appendix"
    for name, day in (("Work", "2020-01-01"), ("Home", "2999-12-24")):
        made = await ada.api("POST", "/lists", json={"name": name})
        body = {
            "title": title,
            "list_id": made.raise_for_status().json()["id"],
            "due": {"date": day, "timezone": "UTC"},
        }
        (await ada.api("POST", "/tasks", json=body)).raise_for_status()
    visitor = await visit(site, ada, **PHONE)
    chat = await visitor.open_chat()
    fit = FitInspector(visitor.page)
    options = chat.host.get_by_role("option")
    overdue = options.filter(has_text="#1 · Work · Overdue: Jan 1, 2020")
    later = options.filter(has_text="#2 · Home · Dec 24, 2999")

    await chat.composer.press_sequentially("About @call")
    await expect(overdue).to_contain_text(title)
    await expect(later).to_contain_text(title)
    await fit.look("tasks to mention", overdue, later)
    await later.tap()
    await expect(chat.composer).to_have_value(f"About @{title} ")
    await chat.composer.press_sequentially("and @call")
    await expect(options).to_have_count(2)
    await chat.composer.press("ArrowDown")
    await chat.composer.press("Enter")
    await expect(chat.composer).to_have_value(f"About @{title} and @{title} ")
    model.answer(Say("Both."))
    await chat.send_button.tap()
    await expect(chat.answers).to_contain_text("Both.")

    fit.raise_misfits()


async def test_command_menu_shows_whole_labels(
    site: Stack, embed: EmbedServer, visit: Visit
) -> None:
    label = "Summarize the conversation for the people who were not invited to it"
    commands = [
        {"id": "a", "label": f"{label} in English", "description": "Short", "icon": "write"},
        {"id": "b", "label": f"{label} in German", "description": "Short", "icon": "write"},
    ]
    script = f"""{{ enabled: true, onSearch: () => {json.dumps(commands)},
      onSelect: ({{ id }}) => void (window.chosen = id) }}"""
    embed.pages["/"] = page(
        "<openai-chatkit></openai-chatkit>",
        script=f"{site.edge}/chatkit/chatkit.js",
        style="openai-chatkit{height:100dvh}",
    ).replace('locale: "en"', f'locale: "en", commands: {script}')
    visitor = await visit(embed.origin, **PHONE)
    visitor.watch.expect_origin(site.edge)
    tab = await visitor.open("/")
    chat = Chat(tab)
    fit = FitInspector(tab)
    options = chat.host.get_by_role("option").filter(has_text=label)

    await chat.composer.press_sequentially("/")
    await expect(options).to_have_count(2)
    await fit.look("commands", options.first, options.last)
    for cut in await options.locator(".menu-label").all():
        assert await cut.evaluate("(each) => each.scrollHeight <= each.clientHeight + 1")
    await options.last.tap()
    await tab.wait_for_function("() => window.chosen === 'b'")

    fit.raise_misfits()
