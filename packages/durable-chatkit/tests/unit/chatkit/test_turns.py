"""Opening events and state of a turn, for each request type."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from acceptance_kit import action, retry, structured_input, tool_output
from chat_kit import Admin, Chat, Items, MakeItems, MakeMessage, claim
from chatkit.actions import Action
from chatkit.types import (
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
)
from own_server import say
from redis.asyncio import Redis
from typing_extensions import override

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.server import AcceptedTurn, StoredChatServer, load_turn, run_turn
from durable_chatkit.errors import UnknownResourceError
from durable_chatkit.storage.run_repository import RunRepository


class EchoServer(StoredChatServer):
    """Echoes the input like openai-chatkit, with naive local times."""

    @override
    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        asked = input_user_message.content[0].text if input_user_message else "nothing"
        yield say(self, thread, f"you said {asked}", context)

    @override
    async def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        assert sender is not None
        yield say(self, thread, f"{action.type} {action.payload} of {sender.id}", context)


Work = Callable[[], Awaitable[tuple[AcceptedTurn, list[Any]]]]


@pytest.fixture
def work(chat: Chat, runs: RunRepository, redis: Redis) -> Work:
    """Claim the next run, run its turn, and return the turn and its events."""

    async def drive() -> tuple[AcceptedTurn, list[Any]]:
        run = await claim(runs)
        context = chat.context(run.user_id, run.run_id, run.attempt)
        turn = await load_turn(chat.store, run, context)
        events = [event async for event in drive_turn(EchoServer(chat.store), turn, context)]
        await runs.finish(run.run_id, run.attempt, "completed", None, len(events))
        await runs.close(run.run_id, run.attempt)
        return turn, events

    return drive


def drive_turn(
    server: StoredChatServer, turn: AcceptedTurn, context: RequestContext
) -> AsyncIterator[Any]:
    """Stream a turn's events, as the worker's harness does."""

    def stream() -> AsyncIterator[Any]:
        if turn.action is not None:
            return server.action(turn.thread, turn.action, turn.sender, context)
        return server.respond(turn.thread, turn.user_message, context)

    return run_turn(server, turn, context, stream, {})


def types(events: list[Any]) -> list[str]:
    return [event.type for event in events]


async def test_new_thread_is_published_before_message_and_response(
    chat: Chat, user: str, message: MakeMessage, work: Work
) -> None:
    accepted = await chat.accept(message("add milk"), user)

    turn, events = await work()

    assert types(events) == [
        "thread.created",
        "thread.item.done",
        "stream_options",
        "thread.item.done",
    ]
    created, asked, _, answered = events
    assert created.thread.id == accepted.thread_id
    assert created.thread.items.data == []
    assert asked.item == turn.user_message
    assert answered.item.content[0].text == "you said add milk"


async def test_published_items_equal_stored_items_in_order(
    chat: Chat, user: str, message: MakeMessage, work: Work
) -> None:
    accepted = await chat.accept(message(), user)

    _, events = await work()

    stored = await chat.load_items(user, accepted.thread_id)
    published = [event.item for event in events if event.type == "thread.item.done"]
    assert stored == published
    assert published[0].created_at < published[1].created_at
    for event in events:
        encoded = event.model_dump_json()
        assert encoded.count('"created_at":"') == encoded.count('Z"')


async def test_message_to_an_existing_thread_publishes_no_thread_created(
    chat: Chat, user: str, message: MakeMessage, work: Work
) -> None:
    first = await chat.accept(message(), user)
    await work()
    await chat.accept(message("more", first.thread_id), user)

    turn, events = await work()

    assert types(events) == ["thread.item.done", "stream_options", "thread.item.done"]
    assert turn.user_message is not None
    assert turn.user_message.content[0].text == "more"


async def test_retry_publishes_removed_items_and_a_new_response(
    chat: Chat, user: str, message: MakeMessage, work: Work
) -> None:
    first = await chat.accept(message("add milk"), user)
    turn, events = await work()
    assert turn.user_message is not None
    await chat.accept(retry(first.thread_id, turn.user_message.id), user)

    retried, again = await work()

    assert types(again) == ["thread.item.removed", "stream_options", "thread.item.done"]
    assert again[0].item_id == events[-1].item.id
    assert again[-1].item.id != events[-1].item.id
    assert retried.user_message == turn.user_message


async def test_tool_output_is_not_published(chat: Chat, user: str, made: Items, work: Work) -> None:
    call = made.tool_call()
    await chat.add_items(user, call)
    await chat.accept(tool_output(made.thread_id, "yes"), user)

    turn, events = await work()

    assert turn.user_message is None
    assert types(events) == ["stream_options", "thread.item.done"]


async def test_structured_input_is_published_as_replaced(
    chat: Chat, user: str, made: Items, work: Work
) -> None:
    question = made.question()
    await chat.add_items(user, question)
    await chat.accept(structured_input(made.thread_id, question.id, submitted={}), user)

    _, events = await work()

    assert types(events) == ["thread.item.replaced", "stream_options", "thread.item.done"]
    assert events[0].item.status == "answered"
    assert events[0].item.inputs[0].answer.skipped


async def test_action_receives_its_payload_and_widget(
    chat: Chat, user: str, made: Items, work: Work
) -> None:
    widget = made.widget()
    await chat.add_items(user, widget)
    await chat.accept(action(made.thread_id, widget.id), user)

    turn, events = await work()

    assert turn.user_message is None
    assert events[-1].item.content[0].text == f"task.done {{'task': 3}} of {widget.id}"


async def test_simple_form_is_published_like_any_message(chat: Chat, user: str, work: Work) -> None:
    await chat.accept({"message": "hi"}, user)

    _, events = await work()

    assert types(events)[:2] == ["thread.created", "thread.item.done"]


async def test_second_attempt_publishes_the_same_ids_and_stores_items_once(
    chat: Chat, user: str, message: MakeMessage, runs: RunRepository, admin: Admin
) -> None:
    accepted = await chat.accept(message(), user)
    published = []
    for worker in ("w1", "w2"):
        run = await claim(runs, worker)
        context = chat.context(user, run.run_id, run.attempt)
        turn = await load_turn(chat.store, run, context)
        events = [event async for event in drive_turn(EchoServer(chat.store), turn, context)]
        published.append([event.item.id for event in events if event.type == "thread.item.done"])
        await admin.expire_lease(run.run_id)

    stored = await chat.load_items(user, accepted.thread_id)
    assert published[0] == published[1]
    assert [item.id for item in stored] == published[0]


async def test_takeover_with_a_slow_clock_keeps_the_order(
    chat: Chat, user: str, message: MakeMessage, runs: RunRepository, items: MakeItems, admin: Admin
) -> None:
    accepted = await chat.accept(message(), user)
    run = await claim(runs)
    early = items(accepted.thread_id).answer("from the other machine")
    early.created_at = early.created_at.replace(year=early.created_at.year + 1)
    await chat.store.add_thread_item(
        accepted.thread_id, early, chat.context(user, run.run_id, run.attempt)
    )
    await admin.expire_lease(run.run_id)

    run = await claim(runs, "w2")
    context = chat.context(user, run.run_id, run.attempt)
    turn = await load_turn(chat.store, run, context)
    events: list[Any] = [event async for event in drive_turn(EchoServer(chat.store), turn, context)]

    stored = await chat.load_items(user, accepted.thread_id)
    assert [item.id for item in stored][-2:] == [early.id, events[-1].item.id]


async def test_turn_of_a_deleted_thread_is_not_found(
    chat: Chat, user: str, message: MakeMessage, runs: RunRepository
) -> None:
    accepted = await chat.accept(message(), user)
    await chat.store.delete_thread(accepted.thread_id, chat.context(user))
    run = await claim(runs)

    with pytest.raises(UnknownResourceError):
        await load_turn(chat.store, run, chat.context(user, run.run_id, run.attempt))

    assert run.cancel_reason == "thread-deleted"


async def test_accepting_server_never_responds(
    chat: Chat, user: str, message: MakeMessage, runs: RunRepository
) -> None:
    await chat.accept(message(), user)
    run = await claim(runs)
    context = chat.context(user, run.run_id, run.attempt)
    turn = await load_turn(chat.store, run, context)

    events = [event async for event in drive_turn(chat.server, turn, context)]

    assert types(events)[-1] == "error"
