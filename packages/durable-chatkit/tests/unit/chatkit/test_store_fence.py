"""In a run only the latest attempt can write to the store."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from chat_kit import Admin, Chat, MakeItems, MakeMessage, MakeUser, claim
from chatkit.store import NotFoundError
from chatkit.types import FileAttachment, ThreadItem, ThreadMetadata

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.storage.run import RunRecord
from durable_chatkit.storage.run_repository import RunRepository
from todochat.bus import RunLostError

# Arguments of a store method, without the context.
Write = Callable[[PostgresStore, ThreadItem, ThreadMetadata], tuple[Any, ...]]


@pytest.fixture
async def run(
    chat: Chat, message: MakeMessage, make_user: MakeUser, runs: RunRepository
) -> RunRecord:
    """A run in its first attempt."""
    await chat.accept(message(), make_user())
    return await claim(runs)


@pytest.fixture
def context(chat: Chat, run: RunRecord) -> RequestContext:
    return chat.context(run.user_id, run.run_id, run.attempt)


@pytest.fixture
def lose(runs: RunRepository, admin: Admin, run: RunRecord) -> Callable[[], Awaitable[None]]:
    async def take_over() -> None:
        await admin.expire_lease(run.run_id)
        assert (await claim(runs, "w2")).attempt == 2

    return take_over


WRITES: dict[str, Write] = {
    "add_thread_item": lambda store, item, thread: (thread.id, item),
    "save_item": lambda store, item, thread: (thread.id, item),
    "delete_thread_item": lambda store, item, thread: (thread.id, item.id),
    "save_thread": lambda store, item, thread: (thread,),
    "save_attachment": lambda store, item, thread: (
        FileAttachment(id="atc_1", name="a", mime_type="text/plain", thread_id=thread.id),
    ),
}


@pytest.mark.parametrize("method", WRITES)
async def test_only_the_latest_attempt_can_write(
    chat: Chat,
    run: RunRecord,
    context: RequestContext,
    lose: Callable[[], Awaitable[None]],
    items: MakeItems,
    admin: Admin,
    method: str,
) -> None:
    thread = await chat.store.load_thread(run.thread_id, context)
    item = items(thread.id).answer()
    await chat.store.add_thread_item(thread.id, item, context)
    write = getattr(chat.store, method)
    arguments = WRITES[method](chat.store, item, thread)
    await write(*arguments, context)
    await lose()
    dump = (
        "SELECT (SELECT array_agg(items::text ORDER BY id) FROM items)::text"
        " || (SELECT array_agg(threads::text) FROM threads)::text"
        " || (SELECT count(*) FROM attachments)"
    )
    before = await admin.value(dump)

    with pytest.raises(RunLostError):
        await write(*arguments, context)

    assert await admin.value(dump) == before


async def test_lost_run_can_still_read(
    chat: Chat, run: RunRecord, context: RequestContext, lose: Callable[[], Awaitable[None]]
) -> None:
    await lose()

    assert (await chat.store.load_thread(run.thread_id, context)).id == run.thread_id


async def test_write_to_a_deleted_thread_is_not_found(
    chat: Chat, run: RunRecord, context: RequestContext, items: MakeItems
) -> None:
    await chat.store.delete_thread(run.thread_id, chat.context(run.user_id))

    with pytest.raises(NotFoundError):
        await chat.store.add_thread_item(run.thread_id, items(run.thread_id).answer(), context)


async def test_item_row_contains_its_run_id(
    chat: Chat, run: RunRecord, context: RequestContext, items: MakeItems, admin: Admin
) -> None:
    item = items(run.thread_id).answer()
    await chat.store.add_thread_item(run.thread_id, item, context)

    assert await admin.value("SELECT run_id FROM items WHERE id = $1", item.id) == run.run_id
