"""Several agents on one database: each has its own threads and runs of the same user."""

from collections.abc import Callable
from typing import Any

import pytest
from chat_kit import Admin, Chat, Items, MakeMessage
from chatkit.store import NotFoundError
from chatkit.types import ThreadMetadata
from redis.asyncio import Redis

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.errors import UnknownResourceError
from durable_chatkit.storage.run_repository import RunRepository
from todochat.database import Database
from todochat.http.idempotency import IdempotencyKeyReusedError


@pytest.fixture
def tea(chat_db: Database, redis: Redis) -> Chat:
    """The api of a second agent."""
    return Chat(chat_db, redis, agent="tea")


@pytest.fixture
def tea_runs(jobs_db: Database) -> RunRepository:
    """The run repository of a worker of the second agent."""
    return RunRepository(jobs_db, "tea")


# Method -> its arguments for a thread of another agent.
CALLS: dict[str, Callable[[ThreadMetadata, Any], tuple[Any, ...]]] = {
    "load_thread": lambda thread, _: (thread.id,),
    "save_thread": lambda thread, _: (thread.model_copy(update={"title": "taken"}),),
    "load_thread_items": lambda thread, _: (thread.id, None, 20, "asc"),
    "add_thread_item": lambda thread, item: (thread.id, item),
    "save_item": lambda thread, item: (thread.id, item),
    "load_item": lambda thread, item: (thread.id, item.id),
    "update_item": lambda thread, item: (thread.id, item.id, lambda same: same),
    "delete_thread": lambda thread, _: (thread.id,),
    "save_feedback": lambda thread, item: (thread.id, [item.id], "negative"),
}


@pytest.mark.parametrize("method", CALLS)
async def test_thread_of_another_agent_is_unknown(
    chat: Chat,
    tea: Chat,
    user: str,
    context: RequestContext,
    thread: ThreadMetadata,
    made: Items,
    method: str,
) -> None:
    item = made.answer("secret")
    await chat.add_items(user, item)

    with pytest.raises(NotFoundError):
        await getattr(tea.store, method)(*CALLS[method](thread, item), context)

    assert await chat.load_items(user, thread.id) == [item]


async def test_item_of_another_agents_thread_is_not_deleted(
    chat: Chat, tea: Chat, user: str, context: RequestContext, made: Items
) -> None:
    item = made.answer("kept")
    await chat.add_items(user, item)

    await tea.store.delete_thread_item(item.thread_id, item.id, context)

    assert await chat.load_items(user, item.thread_id) == [item]


async def test_each_agent_lists_its_own_threads(chat: Chat, tea: Chat, user: str) -> None:
    todo_thread, tea_thread = await chat.new_thread(user), await tea.new_thread(user)

    for api, own in ((chat, todo_thread), (tea, tea_thread)):
        page = await api.store.load_threads(20, None, "asc", api.context(user))
        assert [thread.id for thread in page.data] == [own.id]


async def test_conversation_numbers_are_unique_across_agents(
    chat: Chat, tea: Chat, user: str, message: MakeMessage
) -> None:
    first = await chat.accept(message(), user)
    second = await tea.accept(message(), user)

    assert (first.conversation_id, second.conversation_id) == (1, 2)
    with pytest.raises(UnknownResourceError):
        await chat.accept({"message": "more", "conversation_id": 2}, user)


async def test_message_to_another_agents_thread_is_refused(
    chat: Chat, tea: Chat, user: str, message: MakeMessage, admin: Admin
) -> None:
    accepted = await chat.accept(message(), user)

    with pytest.raises(UnknownResourceError):
        await tea.accept(message("more", accepted.thread_id), user)

    assert await admin.value("SELECT count(*) FROM runs") == 1


async def test_worker_claims_only_runs_of_its_agent(
    chat: Chat,
    tea: Chat,
    user: str,
    message: MakeMessage,
    runs: RunRepository,
    tea_runs: RunRepository,
) -> None:
    await chat.accept(message(), user)
    accepted = await tea.accept(message(), user)
    assert (await runs.count_queued(), await tea_runs.count_queued()) == (1, 1)

    claimed = await tea_runs.claim("wrk_tea", 60)

    assert claimed is not None
    assert (claimed.run_id, claimed.agent) == (accepted.run_id, "tea")
    assert await tea_runs.claim("wrk_tea", 60) is None
    assert (await runs.count_queued(), await tea_runs.count_queued()) == (1, 0)


async def test_key_used_with_another_agent_is_refused(
    chat: Chat, tea: Chat, user: str, message: MakeMessage
) -> None:
    await chat.accept(message(), user, idempotency_key="k1")

    with pytest.raises(IdempotencyKeyReusedError, match="another agent"):
        await tea.accept(message(), user, idempotency_key="k1")
