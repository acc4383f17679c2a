"""A user with a thread, for tests of the store and of acceptance."""

import pytest
from acceptance_kit import Finish, ListIds
from chat_kit import Chat, Items, MakeItems, MakeUser
from chatkit.types import ThreadMetadata

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.storage.run_repository import RunRepository


@pytest.fixture
def user(make_user: MakeUser) -> str:
    return make_user()


@pytest.fixture
def context(chat: Chat, user: str) -> RequestContext:
    return chat.context(user)


@pytest.fixture
async def thread(chat: Chat, user: str) -> ThreadMetadata:
    return await chat.new_thread(user)


@pytest.fixture
def made(thread: ThreadMetadata, items: MakeItems) -> Items:
    """Items for the thread; `Chat.add_items` stores them."""
    return items(thread.id)


@pytest.fixture
def list_ids(chat: Chat, user: str) -> ListIds:
    async def ids(thread_id: str) -> list[str]:
        return [item.id for item in await chat.load_items(user, thread_id)]

    return ids


@pytest.fixture
def finish(runs: RunRepository) -> Finish:
    """Complete all queued runs."""

    async def finish_all() -> None:
        while run := await runs.claim("w1", 60):
            await runs.finish(run.run_id, run.attempt, "completed", None, 0)
            await runs.close(run.run_id, run.attempt)

    return finish_all
