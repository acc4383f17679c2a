"""The store, used by the owner of the data."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chat_kit import Admin, Chat, MakeItems
from chatkit.store import NotFoundError
from chatkit.types import ClosedStatus, FileAttachment, Page, ThreadItem, ThreadMetadata

from durable_chatkit.chatkit.context import RequestContext
from todochat.clock import utc_now


async def read_all(
    load: Callable[[str | None, int, str], Awaitable[Page[Any]]], order: str, page_size: int
) -> list[str]:
    """Read all pages."""
    found, after = [], None
    while True:
        page = await load(after, page_size, order)
        found += [row.id for row in page.data]
        after = page.after
        assert page.has_more == (after is not None)
        if not page.has_more:
            return found


async def test_thread_round_trips(chat: Chat, context: RequestContext) -> None:
    thread = ThreadMetadata(
        id=chat.store.generate_thread_id(context),
        created_at=utc_now(),
        title="Groceries",
        status=ClosedStatus(reason="old"),
        allowed_image_domains=["example.org"],
        metadata={"depth": {"of": [1, 2.5, None]}},
    )
    await chat.store.save_thread(thread, context)

    assert await chat.store.load_thread(thread.id, context) == thread


async def test_saving_updates_a_thread(
    chat: Chat, context: RequestContext, thread: ThreadMetadata
) -> None:
    thread.title = "Renamed"
    await chat.store.save_thread(thread, context)

    assert (await chat.store.load_thread(thread.id, context)).title == "Renamed"


async def test_saving_a_deleted_thread_does_not_recreate_it(
    chat: Chat, context: RequestContext, thread: ThreadMetadata
) -> None:
    await chat.store.delete_thread(thread.id, context)

    with pytest.raises(NotFoundError):
        await chat.store.save_thread(thread, context)
    with pytest.raises(NotFoundError):
        await chat.store.load_thread(thread.id, context)


async def test_concurrent_threads_get_distinct_conversation_numbers(
    chat: Chat, user: str, admin: Admin
) -> None:
    await asyncio.gather(*(chat.new_thread(user) for _ in range(12)))

    numbers = await admin.value(
        "SELECT array_agg(conversation_id ORDER BY conversation_id) FROM threads"
    )
    assert numbers == list(range(1, 13))


@pytest.mark.parametrize("page_size", [1, 3, 7, 100])
async def test_thread_pages_contain_each_thread_once_in_both_orders(
    chat: Chat, user: str, context: RequestContext, page_size: int
) -> None:
    made = [(await chat.new_thread(user)).id for _ in range(7)]

    async def load(after: str | None, limit: int, order: str) -> Page[ThreadMetadata]:
        return await chat.store.load_threads(limit, after, order, context)

    assert await read_all(load, "asc", page_size) == made
    assert await read_all(load, "desc", page_size) == made[::-1]


@pytest.mark.parametrize("page_size", [1, 2, 5])
async def test_pages_of_items_with_equal_times_contain_each_item_once(
    chat: Chat, context: RequestContext, thread: ThreadMetadata, items: MakeItems, page_size: int
) -> None:
    moment = utc_now()
    made = items(thread.id)
    for _ in range(5):
        await chat.store.add_thread_item(thread.id, made.answer(created_at=moment), context)

    async def load(after: str | None, limit: int, order: str) -> Page[ThreadItem]:
        return await chat.store.load_thread_items(thread.id, after, limit, order, context)

    ascending = await read_all(load, "asc", page_size)
    assert ascending == sorted(ascending)
    assert len(ascending) == 5
    assert await read_all(load, "desc", page_size) == ascending[::-1]


async def test_cursor_of_a_deleted_item_still_works(
    chat: Chat, context: RequestContext, thread: ThreadMetadata, items: MakeItems
) -> None:
    made = items(thread.id)
    stored = [made.answer() for _ in range(4)]
    for item in stored:
        await chat.store.add_thread_item(thread.id, item, context)
    page: Page[Any] = await chat.store.load_thread_items(thread.id, None, 2, "asc", context)
    await chat.store.delete_thread_item(thread.id, stored[1].id, context)

    rest = await chat.store.load_thread_items(thread.id, page.after, 5, "asc", context)

    assert [item.id for item in rest.data] == [item.id for item in stored[2:]]


async def test_item_id_is_accepted_as_cursor(
    chat: Chat, context: RequestContext, thread: ThreadMetadata, items: MakeItems
) -> None:
    made = items(thread.id)
    first, second = made.answer(), made.answer()
    for item in (first, second):
        await chat.store.add_thread_item(thread.id, item, context)

    page: Page[Any] = await chat.store.load_thread_items(thread.id, first.id, 5, "asc", context)

    assert [item.id for item in page.data] == [second.id]


@pytest.mark.parametrize("after", ["msg_gone", "\x00", "", "m@" + "9" * 17, "m@1\x00"])
async def test_unknown_cursor_is_not_found_and_empty_cursor_starts_at_the_beginning(
    chat: Chat, context: RequestContext, thread: ThreadMetadata, after: str
) -> None:
    outcome = await asyncio.gather(
        chat.store.load_thread_items(thread.id, after, 5, "asc", context), return_exceptions=True
    )

    assert isinstance(outcome[0], NotFoundError) == (after not in {"", "m@" + "9" * 17})


@pytest.mark.parametrize(("limit", "expected"), [(-5, 1), (0, 1), (3, 3), (10**30, 100)])
async def test_page_size_is_clamped_to_1_and_100(
    chat: Chat,
    context: RequestContext,
    thread: ThreadMetadata,
    admin: Admin,
    limit: int,
    expected: int,
) -> None:
    await admin.execute(
        "INSERT INTO items (thread_id, id, user_id, type, hidden, payload, created_at)"
        " SELECT $1, id, $2, 'end_of_turn', false, jsonb_build_object('type', 'end_of_turn',"
        " 'id', id, 'thread_id', $1::text, 'created_at', now()), now()"
        " FROM (SELECT 'msg_' || n AS id FROM generate_series(1, 120) n) AS made",
        thread.id,
        context.user_id,
    )

    page: Page[Any] = await chat.store.load_thread_items(thread.id, None, limit, "desc", context)

    assert len(page.data) == expected


async def test_every_item_type_round_trips(
    chat: Chat, context: RequestContext, thread: ThreadMetadata, items: MakeItems
) -> None:
    made = items(thread.id)
    stored: list[ThreadItem] = [
        made.answer(),
        made.hidden(),
        made.tool_call(),
        made.widget(),
        made.question(),
    ]
    for item in stored:
        await chat.store.add_thread_item(thread.id, item, context)

    page: Page[Any] = await chat.store.load_thread_items(thread.id, None, 10, "asc", context)

    assert page.data == stored
    for item in stored:
        assert await chat.store.load_item(thread.id, item.id, context) == item


async def test_item_written_again_keeps_its_row_and_time(
    chat: Chat, context: RequestContext, thread: ThreadMetadata, items: MakeItems
) -> None:
    made = items(thread.id)
    first, second = made.answer("half"), made.answer("later")
    for item in (first, second):
        await chat.store.add_thread_item(thread.id, item, context)
    again = first.model_copy(deep=True)
    again.content[0].text = "whole"
    again.created_at = second.created_at + timedelta(minutes=1)

    await chat.store.add_thread_item(thread.id, again, context)

    page: Page[Any] = await chat.store.load_thread_items(thread.id, None, 10, "asc", context)
    assert [(item.id, item.content[0].text) for item in page.data] == [
        (first.id, "whole"),
        (second.id, "later"),
    ]
    assert page.data[0].created_at == first.created_at
    assert again == page.data[0]  # published next


async def test_naive_local_time_is_stored_and_returned_as_utc(
    chat: Chat, context: RequestContext, thread: ThreadMetadata, items: MakeItems
) -> None:
    before = datetime.now(UTC)
    item = items(thread.id).answer(created_at=datetime.now())  # noqa: DTZ005 - as openai-chatkit
    await chat.store.add_thread_item(thread.id, item, context)

    stored: Any = await chat.store.load_item(thread.id, item.id, context)

    assert before <= stored.created_at <= datetime.now(UTC)
    assert stored.model_dump_json().count('Z"') == 1


async def test_text_that_postgresql_cannot_store_is_cleaned(
    chat: Chat, context: RequestContext, thread: ThreadMetadata, items: MakeItems
) -> None:
    item = items(thread.id).answer("a\x00b \\u0000 \\\x00 \ud83d!")
    thread.title = "t\x00itle\udc00"
    thread.metadata = {"k\x00": "v\x00\ud800"}
    await chat.store.add_thread_item(thread.id, item, context)
    await chat.store.save_thread(thread, context)

    stored: Any = await chat.store.load_item(thread.id, item.id, context)
    loaded = await chat.store.load_thread(thread.id, context)

    assert stored.content[0].text == "ab \\u0000 \\ \ufffd!"
    assert loaded.title == "title\ufffd"
    assert loaded.metadata == {"k": "v\ufffd"}


async def test_deleting_an_unstored_item_is_a_no_op(
    chat: Chat, context: RequestContext, thread: ThreadMetadata
) -> None:
    await chat.store.delete_thread_item(thread.id, "msg_never_stored", context)


async def test_deleting_a_thread_deletes_its_data(
    chat: Chat, context: RequestContext, thread: ThreadMetadata, items: MakeItems, admin: Admin
) -> None:
    item = items(thread.id).answer()
    await chat.store.add_thread_item(thread.id, item, context)
    await chat.store.save_feedback(thread.id, [item.id], "negative", context)
    attachment = FileAttachment(
        id="atc_1", name="a.txt", mime_type="text/plain", thread_id=thread.id
    )
    await chat.store.save_attachment(attachment, context)

    await chat.store.delete_thread(thread.id, context)

    for table in ("threads", "items", "feedback", "attachments"):
        assert await admin.value(f"SELECT count(*) FROM {table}") == 0


async def test_attachments_are_saved_updated_and_deleted(
    chat: Chat, context: RequestContext, thread: ThreadMetadata
) -> None:
    attachment = FileAttachment(id="atc_1", name="a.txt", mime_type="text/plain", metadata={"k": 1})
    await chat.store.save_attachment(attachment, context)
    attachment.thread_id = thread.id
    await chat.store.save_attachment(attachment, context)

    assert await chat.store.load_attachment("atc_1", context) == attachment
    await chat.store.delete_attachment("atc_1", context)
    with pytest.raises(NotFoundError):
        await chat.store.load_attachment("atc_1", context)
    with pytest.raises(NotFoundError):
        await chat.store.delete_attachment("atc_1", context)


async def test_latest_feedback_per_item_is_kept(
    chat: Chat, context: RequestContext, thread: ThreadMetadata, items: MakeItems, admin: Admin
) -> None:
    item = items(thread.id).answer()
    await chat.store.add_thread_item(thread.id, item, context)
    await chat.store.save_feedback(thread.id, [item.id, item.id], "positive", context)
    await chat.store.save_feedback(thread.id, [item.id], "negative", context)

    assert await admin.value("SELECT array_agg(kind) FROM feedback") == ["negative"]


async def test_feedback_on_an_unknown_item_changes_nothing(
    chat: Chat, context: RequestContext, thread: ThreadMetadata, items: MakeItems, admin: Admin
) -> None:
    item = items(thread.id).answer()
    await chat.store.add_thread_item(thread.id, item, context)

    with pytest.raises(NotFoundError):
        await chat.store.save_feedback(thread.id, [item.id, "msg_other"], "positive", context)

    assert await admin.value("SELECT count(*) FROM feedback") == 0
