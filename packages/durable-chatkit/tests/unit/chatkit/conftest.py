"""A user with a thread, for tests of the store and of acceptance."""

from typing import Any

import pytest
from acceptance_kit import Finish, ListIds
from chat_kit import Chat, MakeUser
from chatkit.types import Page, ThreadMetadata

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
def list_ids(chat: Chat, context: RequestContext) -> ListIds:
    async def ids(thread_id: str) -> list[str]:
        page: Page[Any] = await chat.store.load_thread_items(thread_id, None, 100, "asc", context)
        return [item.id for item in page.data]

    return ids


@pytest.fixture
def finish(runs: RunRepository) -> Finish:
    """Complete all queued runs."""

    async def finish_all() -> None:
        while run := await runs.claim("w1", 60):
            await runs.finish(run.run_id, run.attempt, "completed", None, 0)
            await runs.close(run.run_id, run.attempt)

    return finish_all
