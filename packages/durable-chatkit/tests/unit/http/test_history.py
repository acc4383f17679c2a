"""Search and export of a user's history."""

import base64
from typing import Any

import pytest
from api_kit import Gateway, OpenGateway
from chat_kit import Admin, Chat, MakeItems, MakeMessage, MakeUser

from todochat.clock import utc_now
from todochat.testing import sample_files


@pytest.fixture
def user(make_user: MakeUser) -> str:
    return make_user()


async def search(gateway: Gateway, user: str, q: str, **more: str) -> dict[str, Any]:
    response = await gateway.client.get(
        "/internal/search", params={"q": q, **more}, headers=gateway.headers(user)
    )
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


async def search_threads(gateway: Gateway, user: str, q: str, **more: str) -> dict[str, Any]:
    response = await gateway.client.get(
        "/internal/search/threads", params={"q": q, **more}, headers=gateway.headers(user)
    )
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


async def titled(gateway: Gateway, user: str, title: str, message: dict[str, Any]) -> str:
    """Start a thread with a message and a title; returns its ID."""
    thread_id = str((await gateway.chatkit(message, user)).json()["thread_id"])
    await gateway.ask("threads.update", user, thread_id=thread_id, title=title)
    return thread_id


def marked(hit: dict[str, Any]) -> str:
    """Return a hit's snippet with its marked parts in brackets."""
    parts = hit["snippet"]
    return "".join(f"[{part['text']}]" if part["hit"] else part["text"] for part in parts)


async def snippets(gateway: Gateway, user: str, q: str) -> list[str]:
    return [hit["snippet"] for hit in (await search(gateway, user, q))["items"]]


async def export(gateway: Gateway, user: str) -> dict[str, Any]:
    response = await gateway.get("/internal/export", user)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    exported: dict[str, Any] = response.json()
    return exported


async def test_search_matches_word_prefixes(
    gateway: Gateway, message: MakeMessage, user: str
) -> None:
    accepted = (await gateway.chatkit(message("Buy oat milk for Ada's birthday"), user)).json()

    hits = (await search(gateway, user, "MIL birth"))["items"]

    (hit,) = hits
    assert hit["thread_id"] == accepted["thread_id"]
    assert hit["item_id"].startswith("msg_")
    assert hit["snippet"] == "Buy oat milk for Ada's birthday"
    assert hit["title"] is None
    assert hit["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("sent", "q"),
    [
        ("straße und Öl", "öl stra"),
        ('he said "hello\nworld"', "world"),
        ("https://example.com/a?b=c", "example.com"),
        ("牛乳を買う", "牛乳"),
        ("see C:\\temp\\notes", "notes"),
    ],
)
async def test_search_works_in_any_language(
    gateway: Gateway, message: MakeMessage, user: str, sent: str, q: str
) -> None:
    await gateway.chatkit(message(sent), user)

    assert len(await snippets(gateway, user, q)) == 1


@pytest.mark.parametrize(
    ("sent", "q", "shown"),
    [
        ("帰りに牛乳を買ってください。", "牛乳", "帰りに[牛乳]を買ってください。"),
        ("明天早上去超市买牛奶和面包", "牛奶 超市", "明天早上去[超市]买[牛奶]和面包"),
        ("ซื้อนมสดที่ร้านสะดวกซื้อ", "นมสด", "ซื้อ[นมสด]ที่ร้านสะดวกซื้อ"),
        ("오늘은회의자료준비하기", "회의자료", "오늘은[회의자료]준비하기"),
        ("新しいiPhoneケースを買う", "iphoneケース", "新しい[iPhoneケース]を買う"),
        ("Trip to 京都の紅葉 in November", "trip 紅葉", "[Trip] to 京都の[紅葉] in November"),
        ("割引は50%です", "50%です", "割引は[50%です]"),
        ("あ" * 90 + "牛乳" + "い" * 90, "牛乳", "あ" * 20 + "[牛乳]" + "い" * 58),
    ],
)
async def test_search_finds_words_inside_of_sentences_without_spaces(
    gateway: Gateway, message: MakeMessage, user: str, sent: str, q: str, shown: str
) -> None:
    for text in (sent, "別の文", "trip", "50個です"):
        await gateway.chatkit(message(text), user)

    (hit,) = (await search_threads(gateway, user, q))["items"]

    assert marked(hit) == shown
    assert await snippets(gateway, user, q) == [shown.replace("[", "").replace("]", "")]


async def test_search_inside_of_sentences_reads_all_parts_of_a_message(
    gateway: Gateway, message: MakeMessage, user: str
) -> None:
    body = message("買い物リスト")
    body["params"]["input"]["content"].append({"type": "input_text", "text": "帰りに牛乳を"})
    await gateway.chatkit(body, user)

    assert len(await snippets(gateway, user, "牛乳")) == 1


async def test_search_requires_all_words_and_sorts_newest_first(
    gateway: Gateway, message: MakeMessage, user: str
) -> None:
    for text in ("milk and eggs", "milk", "eggs and milk"):
        await gateway.chatkit(message(text), user)

    assert await snippets(gateway, user, "milk eggs") == ["eggs and milk", "milk and eggs"]


async def test_search_includes_answers_and_excludes_hidden_items(
    gateway: Gateway, chat: Chat, items: MakeItems, user: str
) -> None:
    thread = await chat.new_thread(user)
    context = chat.context(user)
    made = items(thread.id)
    hidden = made.hidden()
    hidden.content = {"text": "secret plans"}
    for item in (made.answer("I added the plans"), hidden, made.widget()):
        await chat.store.add_thread_item(thread.id, item, context)

    found = await snippets(gateway, user, "plans")

    assert found == ["I added the plans"]
    assert await snippets(gateway, user, "secret") == []


async def test_search_pages_continue_after_the_cursor(
    gateway: Gateway, message: MakeMessage, user: str
) -> None:
    for number in range(5):
        accepted = await gateway.chatkit(message(f"milk {number}"), user)
        assert accepted.status_code == 202
    seen: list[str] = []
    cursor: dict[str, str] = {}

    while True:
        page = await search(gateway, user, "milk", limit="2", **cursor)
        seen += [hit["snippet"] for hit in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == [f"milk {number}" for number in (4, 3, 2, 1, 0)]


async def test_search_and_export_exclude_other_users(
    gateway: Gateway, message: MakeMessage, user: str, make_user: MakeUser
) -> None:
    await gateway.chatkit(message("my secret milk"), user)

    assert await snippets(gateway, make_user(), "milk") == []
    assert await export(gateway, make_user()) == {"threads": [], "attachments": [], "feedback": []}


@pytest.mark.parametrize(
    "q", ["'", "':* & !", "\\", "a' | 'b", "%", "***", "(", "<->", "a\x00b", "-", "👋", ":*", "''"]
)
async def test_search_query_has_no_operators(
    gateway: Gateway, message: MakeMessage, user: str, q: str
) -> None:
    await gateway.chatkit(message("milk"), user)

    assert await snippets(gateway, user, q) == []


# Threads by title and messages


async def test_thread_search_covers_titles_and_messages(
    gateway: Gateway, message: MakeMessage, user: str
) -> None:
    by_message = await titled(gateway, user, "Shopping", message("Buy oat milk for Ada"))
    by_title = await titled(gateway, user, "Milk of the week", message("Which one is it?"))
    await titled(gateway, user, "Other", message("nothing of it"))

    first, second = (await search_threads(gateway, user, "milk"))["items"]

    assert (first["id"], first["title"], first["item_id"], first["snippet"]) == (
        by_title,
        "Milk of the week",
        None,
        [],
    )
    assert (second["id"], second["title"]) == (by_message, "Shopping")
    assert second["item_id"].startswith("msg_")
    assert marked(second) == "Buy oat [milk] for Ada"
    assert second["status"] == {"type": "active"}
    assert second["agent"] == "default"


async def test_thread_search_returns_each_thread_once_with_its_newest_match(
    gateway: Gateway, chat: Chat, items: MakeItems, user: str
) -> None:
    thread = await chat.new_thread(user)
    made = items(thread.id)
    hidden = made.hidden()
    hidden.content = {"text": "milk of a tool"}
    for item in (made.answer("old milk"), made.answer("new milk"), hidden, made.answer("tea")):
        await chat.store.add_thread_item(thread.id, item, chat.context(user))

    (hit,) = (await search_threads(gateway, user, "mil"))["items"]

    assert marked(hit) == "new [milk]"
    assert hit["found_at"] >= hit["created_at"]


@pytest.mark.parametrize(
    ("title", "q", "found"),
    [
        ("Ein Wochenplan", "PLAN woche", True),
        ("週末の買い物リスト", "買い物", True),
        ("100 % of it", "%", True),
        ("Trip", "%", False),
        ("a_b", "_", True),
        ("ab", "_", False),
        (r"C:\temp", "\\", True),
        ("Weekend", "weekend plans", False),
    ],
)
async def test_title_matches_if_it_contains_every_word(
    gateway: Gateway, message: MakeMessage, user: str, title: str, q: str, found: bool
) -> None:
    await titled(gateway, user, title, message("hello"))

    assert bool((await search_threads(gateway, user, q))["items"]) is found


async def test_thread_search_snippet_is_cut_around_the_hit_without_control_characters(
    gateway: Gateway, message: MakeMessage, user: str
) -> None:
    await gateway.chatkit(message("before " * 100 + "\x02milk\x03 " + "after " * 100), user)

    (hit,) = (await search_threads(gateway, user, "milk"))["items"]

    assert len(marked(hit)) < 200
    assert [part["text"] for part in hit["snippet"] if part["hit"]] == ["milk"]


async def test_thread_search_pages_continue_after_the_cursor(
    gateway: Gateway, message: MakeMessage, user: str
) -> None:
    for number in range(2):
        await gateway.chatkit(message(f"milk {number}"), user)
    for number in range(2, 5):
        await titled(gateway, user, f"milk {number}", message("hello"))
    seen: list[str] = []
    cursor: dict[str, str] = {}

    while True:
        page = await search_threads(gateway, user, "milk", limit="2", **cursor)
        seen += [hit["title"] or marked(hit) for hit in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == ["milk 4", "milk 3", "milk 2", "[milk] 1", "[milk] 0"]


async def test_thread_search_finds_only_the_users_threads_of_the_agent(
    gateway: Gateway,
    open_gateway: OpenGateway,
    message: MakeMessage,
    user: str,
    make_user: MakeUser,
) -> None:
    tea = await open_gateway(TODO_AGENT_NAME="tea")
    await titled(gateway, user, "milk", message("milk"))
    await tea.chatkit(message("milk tea"), user)

    assert (await search_threads(gateway, make_user(), "milk"))["items"] == []
    (hit,) = (await search_threads(gateway, user, "milk", agent="tea"))["items"]
    assert (hit["agent"], marked(hit)) == ("tea", "[milk] tea")


@pytest.mark.parametrize("path", ["search", "search/threads"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"q": ""},
        {"q": " "},
        {"q": "x" * 201},
        {"q": "x", "limit": "0"},
        {"q": "x", "limit": "51"},
        {"q": "x", "cursor": "nonsense"},
        {"q": "x", "cursor": "\x00@1"},
    ],
)
async def test_invalid_search_parameters_return_422(
    gateway: Gateway, user: str, params: dict[str, str], path: str
) -> None:
    response = await gateway.client.get(
        f"/internal/{path}", params=params, headers=gateway.headers(user)
    )

    assert response.status_code == 422


async def test_export_contains_all_visible_items(
    gateway: Gateway, chat: Chat, items: MakeItems, message: MakeMessage, user: str
) -> None:
    files = {"file": ("dot.png", sample_files.PNG)}
    headers = gateway.headers(user)
    added = (
        await gateway.client.post("/internal/attachments", files=files, headers=headers)
    ).json()
    body = message("look")
    body["params"]["input"]["attachments"] = [added["id"]]
    accepted = (await gateway.chatkit(body, user)).json()
    made, context = items(accepted["thread_id"]), chat.context(user)
    for item in (made.answer("a dot"), made.hidden()):
        await chat.store.add_thread_item(accepted["thread_id"], item, context)
    (await gateway.chatkit(message("another"), user)).raise_for_status()
    listed = (await gateway.ask("items.list", user, thread_id=accepted["thread_id"])).json()
    ids = [item["id"] for item in listed["data"]]
    feedback = {"thread_id": accepted["thread_id"], "item_ids": ids, "kind": "negative"}
    await gateway.ask("items.feedback", user, **feedback)

    exported = await export(gateway, user)

    first, second = exported["threads"]
    (file,) = exported["attachments"]
    assert (first["id"], first["conversation_id"], second["conversation_id"]) == (
        accepted["thread_id"],
        1,
        2,
    )
    assert [item["type"] for item in first["items"]] == ["user_message", "assistant_message"]
    assert base64.b64decode(file["content_base64"]) == sample_files.PNG
    assert (file["name"], file["thread_id"]) == ("dot.png", accepted["thread_id"])
    assert {entry["item_id"] for entry in exported["feedback"]} == set(ids)
    assert {entry["kind"] for entry in exported["feedback"]} == {"negative"}


async def test_export_of_long_history_is_complete(
    gateway: Gateway, chat: Chat, admin: Admin, user: str
) -> None:
    thread = await chat.new_thread(user)
    await admin.execute(
        "INSERT INTO items (thread_id, id, user_id, type, hidden, payload, created_at)"
        " SELECT $1::text, 'msg_' || n, $2::text, 'assistant_message', false,"
        "        jsonb_build_object('type', 'assistant_message', 'id', 'msg_' || n, 'thread_id', $1::text,"
        "            'created_at', '2026-01-01T00:00:00Z', 'content', '[]'::jsonb), $3::timestamptz"
        "   FROM generate_series(1, 250) AS n",
        thread.id,
        user,
        utc_now(),
    )

    exported = await export(gateway, user)

    assert len({item["id"] for item in exported["threads"][0]["items"]}) == 250


async def test_search_and_export_can_be_filtered_by_agent(
    gateway: Gateway, open_gateway: OpenGateway, message: MakeMessage, user: str
) -> None:
    tea = await open_gateway(TODO_AGENT_NAME="tea")
    todo_thread = (await gateway.chatkit(message("buy milk"), user)).json()["thread_id"]
    tea_thread = (await tea.chatkit(message("milk tea"), user)).json()["thread_id"]

    hits = (await search(gateway, user, "milk"))["items"]
    assert {hit["thread_id"]: hit["agent"] for hit in hits} == {
        todo_thread: "default",
        tea_thread: "tea",
    }
    hits = (await search(gateway, user, "milk", agent="tea"))["items"]
    assert [hit["thread_id"] for hit in hits] == [tea_thread]
    assert len((await export(gateway, user))["threads"]) == 2
    exported = (await gateway.get("/internal/export?agent=tea", user)).json()
    assert [(each["id"], each["agent"]) for each in exported["threads"]] == [(tea_thread, "tea")]


async def test_filtered_export_has_only_the_agents_files_and_feedback(
    gateway: Gateway, chat: Chat, user: str, items: MakeItems, admin: Admin
) -> None:
    thread = await chat.new_thread(user)
    item = items(thread.id).answer("hello")
    await chat.add_items(user, item)
    await chat.store.save_feedback(thread.id, [item.id], "positive", chat.context(user))
    await admin.execute(
        "INSERT INTO attachments (user_id, id, thread_id, payload, uploaded_at)"
        " VALUES ($1, 'atc_1', $2, '{\"id\": \"atc_1\"}', now()),"
        "        ($1, 'atc_2', NULL, '{\"id\": \"atc_2\"}', now())",
        user,
        thread.id,
    )

    everything = await export(gateway, user)
    own = (await gateway.get("/internal/export?agent=default", user)).json()
    other = (await gateway.get("/internal/export?agent=tea", user)).json()

    counts = [len(each["attachments"]) for each in (everything, own, other)]
    assert counts == [2, 1, 0]
    assert [len(each["feedback"]) for each in (everything, own, other)] == [1, 1, 0]
