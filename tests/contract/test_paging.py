"""Pages of threads and items: limits, orders, cursors."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from chatkit.types import Page, Thread, ThreadItem

from contract.chat_kit import (
    UNKNOWN_ITEM,
    UNKNOWN_THREAD,
    Chatter,
    ItemPage,
    ThreadPage,
    done,
    emit,
    kinds,
    script,
    text_of,
)
from todochat.testing.model_server import ScriptedModelServer

Fetch = Callable[..., Awaitable[ItemPage | ThreadPage]]


async def conversation(ada: Chatter, model: ScriptedModelServer, turns: int) -> str:
    """Create a thread of so many turns, two items each; return its ID."""
    thread_id = None
    for number in range(turns):
        script(model, then=f"Answer {number}.")
        thread_id = (await ada.send_message(f"Question {number}", thread_id)).thread_id
    assert thread_id is not None
    return thread_id


async def threads(ada: Chatter, model: ScriptedModelServer, count: int) -> list[str]:
    """Create threads; return their IDs, oldest first."""
    for _ in range(count):
        script(model)
    return [(await ada.send_message(f"Thread {number}")).thread_id for number in range(count)]


async def pages(fetch: Fetch, **params: Any) -> AsyncIterator[Page[ThreadItem] | Page[Thread]]:
    """Fetch page after page."""
    after = None
    while True:
        page = await fetch(after=after, **params)
        yield page
        assert page.has_more is (page.after is not None)
        if not page.has_more:
            return
        after = page.after


async def ids(fetch: Fetch, **params: Any) -> list[list[str]]:
    """Return the IDs on each page."""
    return [[entry.id for entry in page.data] async for page in pages(fetch, **params)]


@pytest.mark.parametrize(
    ("limit", "sizes"),
    [(1, [1, 1, 1, 1]), (3, [3, 1]), (4, [4]), (2, [2, 2]), (50, [4])],
)
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_every_item_is_on_exactly_one_page(
    ada: Chatter, model: ScriptedModelServer, limit: int, sizes: list[int], order: str
) -> None:
    thread_id = await conversation(ada, model, 2)

    async def fetch(**params: Any) -> ItemPage:
        return await ada.items(thread_id, **params)

    found = await ids(fetch, limit=limit, order=order)

    assert [len(page) for page in found] == sizes
    oldest_first = [item.id for item in (await ada.thread(thread_id)).items.data]
    flat = [item_id for page in found for item_id in page]
    assert flat == (oldest_first if order == "asc" else oldest_first[::-1])


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1, 1, 1]), (2, [2, 1]), (3, [3])])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_every_thread_is_on_exactly_one_page(
    ada: Chatter, model: ScriptedModelServer, limit: int, sizes: list[int], order: str
) -> None:
    oldest_first = await threads(ada, model, 3)

    found = await ids(ada.threads, limit=limit, order=order)

    assert [len(page) for page in found] == sizes
    flat = [thread_id for page in found for thread_id in page]
    assert flat == (oldest_first if order == "asc" else oldest_first[::-1])


async def test_threads_are_listed_newest_first_without_items(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    oldest_first = await threads(ada, model, 2)

    page = await ada.threads()

    assert [thread.id for thread in page.data] == oldest_first[::-1]
    assert [thread.items.data for thread in page.data] == [[], []]
    assert [thread.title for thread in page.data] == ["Thread 1", "Thread 0"]


async def test_new_user_has_one_empty_page(eve: Chatter) -> None:
    assert await eve.fetch("threads.list") == {"data": [], "has_more": False}


async def test_items_are_newest_first_by_default(ada: Chatter, model: ScriptedModelServer) -> None:
    thread_id = await conversation(ada, model, 1)

    page = ItemPage.model_validate(await ada.fetch("items.list", thread_id=thread_id))

    assert kinds(page) == ["assistant_message", "user_message"]


async def test_page_has_twenty_items_by_default(ada: Chatter, model: ScriptedModelServer) -> None:
    script(model, emit(*(done("end_of_turn", f"itm_{number:02}") for number in range(25))))
    turn = await ada.send_message("many")

    thread = await ada.thread(turn.thread_id)
    rest = await ada.items(turn.thread_id, after=thread.items.after)

    assert thread.items.has_more
    shown = [item.id for item in [*thread.items.data, *rest.data]]
    assert shown == turn.item_ids
    # One of the twenty is the agent's hidden item, which clients don't see.
    assert (len(thread.items.data), len(rest.data)) == (19, 8)
    assert not rest.has_more


@pytest.mark.parametrize(("limit", "size"), [(0, 20), (-5, 1), (1000, 26), (None, 20)])
async def test_invalid_limit_is_clamped(
    ada: Chatter, model: ScriptedModelServer, limit: int | None, size: int
) -> None:
    script(model, emit(*(done("end_of_turn", f"itm_{number:02}") for number in range(24))))
    turn = await ada.send_message("many")

    page = await ada.items(turn.thread_id, limit=limit, order="desc")

    assert len(page.data) == size


async def test_page_of_hidden_items_is_empty_and_has_more(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    hidden = [done("hidden_context_item", f"hid_{n}", content="sh!") for n in range(3)]
    script(model, emit(*hidden))
    turn = await ada.send_message("think")

    async def fetch(**params: Any) -> ItemPage:
        return await ada.items(turn.thread_id, **params)

    found = await ids(fetch, limit=2)

    assert [] in found
    assert [item_id for page in found for item_id in page] == turn.item_ids


async def test_plain_id_is_a_valid_cursor(ada: Chatter, model: ScriptedModelServer) -> None:
    thread_id = await conversation(ada, model, 2)
    everything = [item.id for item in (await ada.items(thread_id)).data]
    first, second = await threads(ada, model, 2)

    items = await ada.items(thread_id, after=everything[1])
    older = await ada.threads(after=second)

    assert [item.id for item in items.data] == everything[2:]
    assert [thread.id for thread in older.data] == [first, thread_id]


async def test_paging_continues_after_its_last_thread_is_deleted(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    oldest, middle, newest = await threads(ada, model, 3)
    page = await ada.threads(limit=2)
    await ada.fetch("threads.delete", thread_id=middle)

    rest = await ada.threads(limit=2, after=page.after)

    assert [thread.id for thread in page.data] == [newest, middle]
    assert [thread.id for thread in rest.data] == [oldest]


async def test_paging_continues_after_its_last_item_is_deleted(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    thread_id = await conversation(ada, model, 2)
    everything = await ada.items(thread_id)
    page = await ada.items(thread_id, limit=2)
    script(model, then="Another answer.")
    first_message = everything.data[0].id
    await ada.turn("threads.retry_after_item", thread_id=thread_id, item_id=first_message)

    rest = await ada.items(thread_id, after=page.after)

    assert [text_of(item) for item in rest.data] == ["Another answer."]


async def test_added_items_do_not_shift_the_pages(ada: Chatter, model: ScriptedModelServer) -> None:
    first, second = await threads(ada, model, 2)
    page = await ada.threads(limit=1)
    await threads(ada, model, 1)

    rest = await ada.threads(limit=1, after=page.after)

    assert [thread.id for thread in [*page.data, *rest.data]] == [second, first]


@pytest.mark.parametrize("after", [UNKNOWN_THREAD, "nonsense", "\u0000", "' OR 1=1 --", "x" * 500])
async def test_unknown_cursor_is_not_found(eve: Chatter, after: str) -> None:
    assert await eve.refusal("threads.list", after=after) == (404, "not-found")


async def test_item_id_is_no_cursor_in_another_thread(
    ada: Chatter, model: ScriptedModelServer
) -> None:
    thread_id = await conversation(ada, model, 1)
    other = await ada.items(await conversation(ada, model, 1))

    for after in (other.data[0].id, UNKNOWN_ITEM):
        refused = await ada.refusal("items.list", thread_id=thread_id, after=after)
        assert refused == (404, "not-found")


async def test_other_users_thread_is_no_cursor(
    ada: Chatter, bob: Chatter, model: ScriptedModelServer
) -> None:
    (hers,) = await threads(ada, model, 1)

    assert await bob.refusal("threads.list", after=hers) == (404, "not-found")


async def test_other_users_cursor_reveals_nothing(
    ada: Chatter, bob: Chatter, model: ScriptedModelServer
) -> None:
    await threads(ada, model, 3)
    cursor = (await ada.threads(limit=1)).after
    (his,) = await threads(bob, model, 1)

    page = await bob.threads(after=cursor, order="asc")

    assert {thread.id for thread in page.data} <= {his}
