"""What acceptance does with each request, and what it refuses without a trace."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from chat_kit import Admin, Chat, MakeItems, MakeMessage, MakeUser, claim
from chatkit.types import Page, ThreadItem, ThreadMetadata
from redis.asyncio import Redis
from sqlalchemy import text

from durable_chatkit.chatkit import acceptance as acceptance_module
from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.limits import MAX_MESSAGE_CHARS
from durable_chatkit.errors import (
    LogQuotaError,
    NotPendingError,
    ThreadBusyError,
    ThreadLockedError,
    TooManyRunsError,
    UnknownResourceError,
)
from durable_chatkit.storage.run_repository import LogPosition, RunRepository
from todochat import bus
from todochat.database import Database
from todochat.errors import ConflictError, InvalidInputError, UnavailableError
from todochat.http.idempotency import IdempotencyInProgressError, IdempotencyKeyReusedError
from todochat.ids import new_id
from todochat.testing.memory import out_of_memory

ListIds = Callable[[str], Awaitable[list[str]]]
Finish = Callable[[], Awaitable[None]]
# The thread's id, the message, and what came after it.
FinishedTurn = tuple[str, ThreadItem, list[ThreadItem]]


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
    """Let a worker finish whatever waits."""

    async def finish_all() -> None:
        while run := await runs.claim("w1", 60):
            await runs.finish(run.run_id, run.attempt, "completed", None, 0)
            await runs.close(run.run_id, run.attempt)

    return finish_all


def retry(thread_id: str, item_id: str) -> dict[str, object]:
    return {
        "type": "threads.retry_after_item",
        "params": {"thread_id": thread_id, "item_id": item_id},
    }


def tool_output(thread_id: str, result: object) -> dict[str, Any]:
    return {
        "type": "threads.add_client_tool_output",
        "params": {"thread_id": thread_id, "result": result},
    }


def structured_input(thread_id: str, item_id: str) -> dict[str, Any]:
    answers = {"q1": {"values": ["Groceries"]}}
    return {
        "type": "threads.add_structured_input",
        "params": {"thread_id": thread_id, "item_id": item_id, "input": {"answers": answers}},
    }


def action(thread_id: str, item_id: str | None = None) -> dict[str, Any]:
    return {
        "type": "threads.custom_action",
        "params": {
            "thread_id": thread_id,
            "item_id": item_id,
            "action": {"type": "task.done", "payload": {"task": 3}},
        },
    }


async def count(admin: Admin, table: str) -> int:
    return int(await admin.value(f"SELECT count(*) FROM {table}"))


class TestMessages:
    async def test_a_new_thread_holds_the_message_at_once(
        self, chat: Chat, user: str, context: RequestContext, message: MakeMessage
    ) -> None:
        accepted = await chat.accept(message("add milk"), user)

        page: Page[Any] = await chat.store.load_thread_items(
            accepted.thread_id, None, 9, "asc", context
        )
        (item,) = page.data
        assert item.type == "user_message"
        assert item.content[0].text == "add milk"
        assert accepted.conversation_id == 1
        assert not accepted.replayed

    async def test_a_second_message_goes_behind_the_first(
        self, chat: Chat, user: str, message: MakeMessage, finish: Finish, list_ids: ListIds
    ) -> None:
        first = await chat.accept(message(), user)
        before = await list_ids(first.thread_id)
        await finish()

        second = await chat.accept(message("more", first.thread_id), user)

        assert second.thread_id == first.thread_id
        assert (await list_ids(first.thread_id))[: len(before)] == before
        assert len(await list_ids(first.thread_id)) == 2

    async def test_a_message_is_later_than_what_another_clock_wrote(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        message: MakeMessage,
        thread: ThreadMetadata,
        items: MakeItems,
        admin: Admin,
        list_ids: ListIds,
    ) -> None:
        answer = items(thread.id).answer()
        answer.created_at = answer.created_at.replace(year=answer.created_at.year + 1)
        await chat.store.add_thread_item(thread.id, answer, context)

        await chat.accept(message("more", thread.id), user)

        ids = await list_ids(thread.id)
        assert ids[0] == answer.id
        assert len(ids) == 2

    async def test_the_run_holds_what_a_worker_needs(
        self, chat: Chat, user: str, message: MakeMessage, runs: RunRepository
    ) -> None:
        accepted = await chat.accept(
            message(),
            user,
            timezone="Europe/Berlin",
            locale="de-DE",
            traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        )

        run = await claim(runs)

        assert run.run_id == accepted.run_id
        assert (run.user_id, run.thread_id) == (user, accepted.thread_id)
        assert (run.timezone, run.locale) == ("Europe/Berlin", "de-DE")
        assert run.traceparent is not None
        assert run.traceparent.startswith("00-aaaa")
        assert run.kind == "agent"
        assert b"add milk" in run.request

    async def test_workers_and_gateways_hear_of_it(
        self, chat: Chat, user: str, message: MakeMessage, redis: Redis
    ) -> None:
        async with bus.WorkerChannels(redis, "w1") as channels:
            await channels.wait_wake(1)  # the connection itself wakes once

            accepted = await chat.accept(message(), user)

            await asyncio.wait_for(channels.wait_wake(60), 5)
        hub = bus.RunHub(redis)
        await hub.start()
        meta = await hub.meta(accepted.run_id)
        await hub.aclose()
        assert meta is not None
        assert (meta.user_id, meta.thread_id, meta.attempt) == (user, accepted.thread_id, 0)

    @pytest.mark.parametrize("thread_id", ["thr_unknown", "", "thr_\x00", "x" * 300])
    async def test_an_unknown_thread_is_not_found(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin, thread_id: str
    ) -> None:
        with pytest.raises(UnknownResourceError):
            await chat.accept(message("hi", thread_id), user)

        assert await count(admin, "runs") == 0

    async def test_anothers_thread_is_not_found(
        self,
        chat: Chat,
        make_user: MakeUser,
        message: MakeMessage,
        thread: ThreadMetadata,
        admin: Admin,
    ) -> None:
        with pytest.raises(UnknownResourceError):
            await chat.accept(message("hi", thread.id), make_user())

        assert await count(admin, "items") == 0

    async def test_a_closed_thread_takes_nothing_new(
        self, chat: Chat, user: str, message: MakeMessage, thread: ThreadMetadata, admin: Admin
    ) -> None:
        await admin.execute("""UPDATE threads SET status = '{"type": "closed"}'""")

        with pytest.raises(ThreadLockedError):
            await chat.accept(message("hi", thread.id), user)

    @pytest.mark.parametrize("said", ["", "  \n\t", "x" * (MAX_MESSAGE_CHARS + 1)])
    async def test_an_empty_or_endless_message_is_refused(
        self, chat: Chat, user: str, message: MakeMessage, said: str, admin: Admin
    ) -> None:
        with pytest.raises(InvalidInputError):
            await chat.accept(message(said), user)

        assert await count(admin, "runs") == 0

    async def test_the_longest_message_is_taken(
        self, chat: Chat, user: str, message: MakeMessage
    ) -> None:
        assert (await chat.accept(message("x" * MAX_MESSAGE_CHARS), user)).run_id

    async def test_an_unknown_attachment_is_not_found(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin
    ) -> None:
        request = message()
        request["params"]["input"]["attachments"] = ["atc_1"]

        with pytest.raises(UnknownResourceError):
            await chat.accept(request, user)

        assert await count(admin, "threads") == 0

    async def test_an_attachment_is_bound_to_the_thread(
        self, chat: Chat, user: str, context: RequestContext, message: MakeMessage, admin: Admin
    ) -> None:
        await admin.execute(
            "INSERT INTO attachments (user_id, id, uploaded_at, payload) VALUES ($1, 'atc_1', now(),"
            """ '{"id": "atc_1", "name": "a", "mime_type": "text/plain", "type": "file"}')""",
            user,
        )
        request = message()
        request["params"]["input"]["attachments"] = ["atc_1"]

        accepted = await chat.accept(request, user)

        attachment = await chat.store.load_attachment("atc_1", context)
        page: Page[Any] = await chat.store.load_thread_items(
            accepted.thread_id, None, 1, "asc", context
        )
        assert attachment.thread_id == accepted.thread_id
        assert page.data[0].attachments == [attachment]

    async def test_a_nul_in_a_message_is_dropped(
        self, chat: Chat, user: str, context: RequestContext, message: MakeMessage
    ) -> None:
        accepted = await chat.accept(message("add\x00 milk"), user)

        page: Page[Any] = await chat.store.load_thread_items(
            accepted.thread_id, None, 1, "asc", context
        )
        assert page.data[0].content[0].text == "add milk"


class TestSimpleForm:
    async def test_null_and_nothing_begin_a_conversation_with_the_next_number(
        self, chat: Chat, user: str
    ) -> None:
        first = await chat.accept({"message": "hi", "conversation_id": None}, user)
        second = await chat.accept({"message": "hi"}, user)

        assert (first.conversation_id, second.conversation_id) == (1, 2)
        assert first.thread_id != second.thread_id

    async def test_a_conversation_is_named_by_its_number_or_its_thread(
        self, chat: Chat, user: str, finish: Finish
    ) -> None:
        first = await chat.accept({"message": "hi"}, user)
        for name in (first.conversation_id, str(first.conversation_id), first.thread_id):
            await finish()

            again = await chat.accept({"message": "more", "conversation_id": name}, user)

            assert again.thread_id == first.thread_id
            assert again.conversation_id == first.conversation_id

    @pytest.mark.parametrize("name", [0, -1, 2, 2**31, 10**30, "2", "thr_unknown", "", "\x00"])
    async def test_an_unknown_conversation_is_not_found(
        self, chat: Chat, user: str, admin: Admin, name: int | str
    ) -> None:
        await chat.accept({"message": "hi"}, user)

        with pytest.raises(UnknownResourceError):
            await chat.accept({"message": "hi", "conversation_id": name}, user)

        assert await count(admin, "runs") == 1

    async def test_numbers_are_each_users_own(
        self, chat: Chat, user: str, make_user: MakeUser
    ) -> None:
        other = make_user()
        mine = await chat.accept({"message": "hi"}, user)
        theirs = await chat.accept({"message": "hi"}, other)

        assert mine.conversation_id == theirs.conversation_id == 1
        assert mine.thread_id != theirs.thread_id

    async def test_a_refused_request_takes_no_number(
        self, chat: Chat, user: str, message: MakeMessage
    ) -> None:
        request = message()
        request["params"]["input"]["attachments"] = ["atc_unknown"]
        with pytest.raises(UnknownResourceError):
            await chat.accept(request, user)

        assert (await chat.accept({"message": "hi"}, user)).conversation_id == 1


class TestOneRunPerThread:
    async def test_a_second_message_is_told_which_run_is_in_the_way(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin
    ) -> None:
        first = await chat.accept(message(), user)

        with pytest.raises(ThreadBusyError) as caught:
            await chat.accept(message("more", first.thread_id), user)

        assert caught.value.extensions == {
            "run_id": first.run_id,
            "thread_id": first.thread_id,
        }
        assert await count(admin, "items") == 1

    async def test_of_two_messages_at_once_exactly_one_is_accepted(
        self, chat: Chat, user: str, message: MakeMessage, thread: ThreadMetadata, admin: Admin
    ) -> None:
        outcomes = await asyncio.gather(
            *(chat.accept(message(f"m{n}", thread.id), user) for n in range(4)),
            return_exceptions=True,
        )

        refused = [outcome for outcome in outcomes if isinstance(outcome, ThreadBusyError)]
        assert len(refused) == 3
        assert await count(admin, "runs") == 1
        assert await count(admin, "items") == 1

    async def test_the_database_itself_refuses_a_second_one(
        self, chat: Chat, user: str, message: MakeMessage, thread: ThreadMetadata, admin: Admin
    ) -> None:
        await chat.accept(message("hi", thread.id), user)

        with pytest.raises(asyncpg.UniqueViolationError, match="uq_runs_thread_id_active_agent"):
            await admin.execute(
                "INSERT INTO runs (run_id, user_id, thread_id, conversation_id, kind,"
                " request_type, request, simple_form, turn, body_hash, timezone, locale)"
                " SELECT 'run_2', user_id, thread_id, conversation_id, kind, request_type,"
                " request, simple_form, turn, body_hash, timezone, locale FROM runs"
            )

    async def test_an_action_needs_no_model_and_does_not_wait(
        self, chat: Chat, user: str, message: MakeMessage, runs: RunRepository
    ) -> None:
        first = await chat.accept(message(), user)

        second = await chat.accept(action(first.thread_id), user)

        claimed = {run.run_id: run.kind for run in [await claim(runs) for _ in "ab"]}
        assert claimed == {first.run_id: "agent", second.run_id: "action"}

    async def test_the_thread_is_free_again_when_the_run_has_ended(
        self, chat: Chat, user: str, message: MakeMessage, finish: Finish
    ) -> None:
        first = await chat.accept(message(), user)
        await finish()

        assert (await chat.accept(message("more", first.thread_id), user)).run_id


class TestIdempotency:
    async def test_a_repeat_gets_the_same_run(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin
    ) -> None:
        first = await chat.accept(message(), user, idempotency_key="k1")

        again = await chat.accept(message(), user, idempotency_key="k1")

        assert again.replayed
        assert again.run_id == first.run_id
        assert again.thread_id == first.thread_id
        assert await count(admin, "runs") == 1

    async def test_a_repeat_is_answered_while_the_thread_is_busy_and_after_it_ended(
        self, chat: Chat, user: str, message: MakeMessage, thread: ThreadMetadata, finish: Finish
    ) -> None:
        first = await chat.accept(message("hi", thread.id), user, idempotency_key="k1")
        busy = await chat.accept(message("hi", thread.id), user, idempotency_key="k1")
        await finish()
        ended = await chat.accept(message("hi", thread.id), user, idempotency_key="k1")

        assert busy.run_id == ended.run_id == first.run_id

    async def test_the_key_with_another_body_is_refused(
        self, chat: Chat, user: str, message: MakeMessage
    ) -> None:
        await chat.accept(message(), user, idempotency_key="k1")

        with pytest.raises(IdempotencyKeyReusedError):
            await chat.accept(message("something else"), user, idempotency_key="k1")

    async def test_keys_are_each_users_own(
        self, chat: Chat, user: str, make_user: MakeUser, message: MakeMessage
    ) -> None:
        mine = await chat.accept(message(), user, idempotency_key="k1")
        theirs = await chat.accept(message("else"), make_user(), idempotency_key="k1")

        assert mine.run_id != theirs.run_id

    async def test_a_double_click_makes_one_run(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin
    ) -> None:
        accepted = await asyncio.gather(
            *(chat.accept(message(), user, idempotency_key="k1") for _ in range(6))
        )

        assert len({run.run_id for run in accepted}) == 1
        assert sum(not run.replayed for run in accepted) == 1
        assert await count(admin, "threads") == 1

    async def test_the_gateways_own_retry_makes_one_run_without_a_key(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin
    ) -> None:
        run_id = new_id("run")
        await chat.accept(message(), user, run_id=run_id)

        again = await chat.accept(message(), user, run_id=run_id)

        assert again.replayed
        assert await count(admin, "runs") == 1

    async def test_anothers_run_id_is_taken(
        self, chat: Chat, user: str, make_user: MakeUser, message: MakeMessage, admin: Admin
    ) -> None:
        run_id = new_id("run")
        await chat.accept(message(), user, run_id=run_id)

        with pytest.raises(ConflictError):
            await chat.accept(message(), make_user(), run_id=run_id)

        assert await count(admin, "threads") == 1

    async def test_a_replay_takes_no_conversation_number(
        self, chat: Chat, user: str, message: MakeMessage
    ) -> None:
        await chat.accept(message(), user, idempotency_key="k1")
        await chat.accept(message(), user, idempotency_key="k1")

        assert (await chat.accept(message(), user)).conversation_id == 2

    @pytest.mark.parametrize(
        ("key", "error"), [("k1", IdempotencyInProgressError), (None, UnavailableError)]
    )
    async def test_a_repeat_waits_for_the_first_but_not_for_ever(
        self,
        chat: Chat,
        user: str,
        message: MakeMessage,
        chat_db: Database,
        monkeypatch: pytest.MonkeyPatch,
        key: str | None,
        error: type[Exception],
    ) -> None:
        monkeypatch.setattr(acceptance_module, "MAX_WAIT_S", 0.1)
        await chat.accept(message(), user)
        async with chat_db.transaction(user) as session:
            await session.execute(text("SELECT 1 FROM owners FOR UPDATE"))

            with pytest.raises(error):
                await chat.accept(message(), user, idempotency_key=key)

        assert (await chat.accept(message(), user, idempotency_key=key)).run_id


class TestLimits:
    async def test_a_user_has_at_most_five_runs_at_once(
        self, chat: Chat, user: str, message: MakeMessage, finish: Finish
    ) -> None:
        for _ in range(5):
            await chat.accept(message(), user)

        with pytest.raises(TooManyRunsError) as caught:
            await chat.accept(message(), user)

        assert int(caught.value.headers["Retry-After"]) >= 1
        await finish()
        assert (await chat.accept(message(), user)).run_id

    async def test_runs_sent_at_once_are_counted_too(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin
    ) -> None:
        outcomes = await asyncio.gather(
            *(chat.accept(message(), user) for _ in range(8)), return_exceptions=True
        )

        assert sum(isinstance(outcome, TooManyRunsError) for outcome in outcomes) == 3
        assert await count(admin, "runs") == 5

    async def test_nothing_is_accepted_while_redis_is_out_of_memory(
        self, chat: Chat, user: str, message: MakeMessage, redis: Redis, admin: Admin
    ) -> None:
        async with out_of_memory(redis):
            with pytest.raises(bus.BusFullError) as caught:
                await chat.accept(message(), user, idempotency_key="key")

        assert int(caught.value.headers["Retry-After"]) >= 1
        assert [await count(admin, table) for table in ("runs", "threads", "items")] == [0, 0, 0]
        assert not (await chat.accept(message(), user, idempotency_key="key")).replayed

    async def test_a_user_whose_active_answers_are_too_long_waits_for_one_to_end(
        self,
        chat_db: Database,
        user: str,
        make_user: MakeUser,
        message: MakeMessage,
        redis: Redis,
        runs: RunRepository,
        finish: Finish,
    ) -> None:
        chat = Chat(chat_db, redis, log_quota_bytes=5_000)
        await chat.accept(message(), user)
        run = await runs.claim("w1", 60)
        assert run is not None
        await runs.renew("w1", 60, {run.run_id: LogPosition(1, 5_000)})

        with pytest.raises(LogQuotaError) as caught:
            await chat.accept(message(), user)

        assert int(caught.value.headers["Retry-After"]) >= 1
        assert (await chat.accept(message(), make_user())).run_id
        await runs.finish(run.run_id, 1, "completed", None, 1, 5_000)
        assert (await chat.accept(message(), user)).run_id

    async def test_one_users_limit_is_not_anothers(
        self, chat: Chat, user: str, make_user: MakeUser, message: MakeMessage
    ) -> None:
        for _ in range(5):
            await chat.accept(message(), user)

        assert (await chat.accept(message(), make_user())).run_id


class TestRetry:
    @pytest.fixture
    async def turn(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        message: MakeMessage,
        finish: Finish,
        items: MakeItems,
    ) -> FinishedTurn:
        """A finished turn: message, answer, hidden note, second answer."""
        accepted = await chat.accept(message(), user)
        page: Page[Any] = await chat.store.load_thread_items(
            accepted.thread_id, None, 1, "asc", context
        )
        made = items(accepted.thread_id)
        said: list[ThreadItem] = [made.answer("one"), made.hidden(), made.answer("two")]
        for item in said:
            await chat.store.add_thread_item(accepted.thread_id, item, context)
        await finish()
        return accepted.thread_id, page.data[0], said

    async def test_everything_after_the_message_goes(
        self, chat: Chat, user: str, turn: FinishedTurn, list_ids: ListIds, runs: RunRepository
    ) -> None:
        thread_id, asked, said = turn

        await chat.accept(retry(thread_id, asked.id), user)

        run = await claim(runs)
        assert await list_ids(thread_id) == [asked.id]
        assert run.user_message_id == asked.id
        assert run.turn.removed_item_ids == [said[0].id, said[2].id]

    async def test_what_is_no_user_message_cannot_be_retried(
        self, chat: Chat, user: str, turn: FinishedTurn, list_ids: ListIds
    ) -> None:
        thread_id, _, said = turn

        with pytest.raises(InvalidInputError):
            await chat.accept(retry(thread_id, said[0].id), user)

        assert len(await list_ids(thread_id)) == 4

    async def test_an_unknown_item_is_not_found(
        self, chat: Chat, user: str, turn: FinishedTurn, list_ids: ListIds
    ) -> None:
        thread_id, _, _ = turn

        with pytest.raises(UnknownResourceError):
            await chat.accept(retry(thread_id, "msg_unknown"), user)

        assert len(await list_ids(thread_id)) == 4

    async def test_a_busy_thread_loses_nothing(
        self, chat: Chat, user: str, message: MakeMessage, turn: FinishedTurn, list_ids: ListIds
    ) -> None:
        thread_id, asked, _ = turn
        await chat.accept(message("more", thread_id), user)

        with pytest.raises(ThreadBusyError):
            await chat.accept(retry(thread_id, asked.id), user)

        assert len(await list_ids(thread_id)) == 5


class TestToolOutput:
    async def test_the_pending_call_is_completed_and_forgotten_ones_go(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        thread: ThreadMetadata,
        items: MakeItems,
        list_ids: ListIds,
    ) -> None:
        made = items(thread.id)
        forgotten, pending = made.tool_call(), made.tool_call()
        for item in (forgotten, pending):
            await chat.store.add_thread_item(thread.id, item, context)

        await chat.accept(tool_output(thread.id, {"ok": [1, None]}), user)

        stored: Any = await chat.store.load_item(thread.id, pending.id, context)
        assert (stored.status, stored.output) == ("completed", {"ok": [1, None]})
        assert await list_ids(thread.id) == [pending.id]

    async def test_an_output_nobody_waits_for_is_refused(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        thread: ThreadMetadata,
        items: MakeItems,
        admin: Admin,
    ) -> None:
        made = items(thread.id)
        await chat.store.add_thread_item(thread.id, made.tool_call(), context)
        await chat.store.add_thread_item(thread.id, made.answer(), context)

        with pytest.raises(NotPendingError):
            await chat.accept(tool_output(thread.id, 1), user)

        assert await count(admin, "runs") == 0

    async def test_the_same_output_twice_is_refused(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        thread: ThreadMetadata,
        items: MakeItems,
        finish: Finish,
    ) -> None:
        await chat.store.add_thread_item(thread.id, items(thread.id).tool_call(), context)
        await chat.accept(tool_output(thread.id, 1), user)
        await finish()

        with pytest.raises(NotPendingError):
            await chat.accept(tool_output(thread.id, 2), user)


class TestStructuredInput:
    async def test_the_answers_are_stored(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        thread: ThreadMetadata,
        items: MakeItems,
        runs: RunRepository,
    ) -> None:
        question = items(thread.id).question()
        await chat.store.add_thread_item(thread.id, question, context)

        await chat.accept(structured_input(thread.id, question.id), user)

        stored: Any = await chat.store.load_item(thread.id, question.id, context)
        run = await claim(runs)
        assert stored.status == "answered"
        assert stored.inputs[0].answer.values == ["Groceries"]
        assert run.turn.replaced_item_id == question.id

    async def test_a_second_answer_is_refused(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        thread: ThreadMetadata,
        items: MakeItems,
        finish: Finish,
    ) -> None:
        question = items(thread.id).question()
        await chat.store.add_thread_item(thread.id, question, context)
        await chat.accept(structured_input(thread.id, question.id), user)
        await finish()

        with pytest.raises(NotPendingError):
            await chat.accept(structured_input(thread.id, question.id), user)

    async def test_another_kind_of_item_is_refused(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        thread: ThreadMetadata,
        items: MakeItems,
    ) -> None:
        answer = items(thread.id).answer()
        await chat.store.add_thread_item(thread.id, answer, context)

        with pytest.raises(InvalidInputError):
            await chat.accept(structured_input(thread.id, answer.id), user)


class TestActions:
    async def test_the_widget_that_sent_it_is_kept(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        thread: ThreadMetadata,
        items: MakeItems,
        runs: RunRepository,
    ) -> None:
        widget = items(thread.id).widget()
        await chat.store.add_thread_item(thread.id, widget, context)

        await chat.accept(action(thread.id, widget.id), user)

        assert (await claim(runs)).turn.sender_item_id == widget.id

    async def test_only_a_widget_can_send_one(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        thread: ThreadMetadata,
        items: MakeItems,
    ) -> None:
        answer = items(thread.id).answer()
        await chat.store.add_thread_item(thread.id, answer, context)

        with pytest.raises(InvalidInputError):
            await chat.accept(action(thread.id, answer.id), user)
        with pytest.raises(UnknownResourceError):
            await chat.accept(action(thread.id, "msg_unknown"), user)


class TestDeletingAThread:
    async def test_its_active_runs_are_asked_to_stop(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        message: MakeMessage,
        runs: RunRepository,
    ) -> None:
        accepted = await chat.accept(message(), user)
        await claim(runs)

        stopped = await chat.store.delete_thread_and_runs(accepted.thread_id, context)

        (lease,) = await runs.renew("w1", 60)
        assert [(run.run_id, run.worker_id) for run in stopped] == [(accepted.run_id, "w1")]
        assert (lease.cancel_requested, lease.cancel_reason) == (True, "thread-deleted")

    async def test_what_its_ended_runs_remember_goes_at_once(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        message: MakeMessage,
        runs: RunRepository,
        admin: Admin,
    ) -> None:
        accepted = await chat.accept(message(), user)
        await claim(runs)
        await runs.save_step(accepted.run_id, 1, "input", b"what was said")
        await runs.finish(accepted.run_id, 1, "completed", None, 1)

        await chat.store.delete_thread(accepted.thread_id, context)

        assert await count(admin, "run_steps") == 0
        assert await admin.value("SELECT request FROM runs") == b""

    async def test_a_running_ones_journal_goes_with_the_next_purge(
        self,
        chat: Chat,
        user: str,
        context: RequestContext,
        message: MakeMessage,
        runs: RunRepository,
        admin: Admin,
    ) -> None:
        accepted = await chat.accept(message(), user)
        await claim(runs)
        await runs.save_step(accepted.run_id, 1, "input", b"what was said")
        await chat.store.delete_thread(accepted.thread_id, context)
        await runs.finish(accepted.run_id, 1, "cancelled", None, 1)
        await runs.close(accepted.run_id, 1)

        await runs.purge(keep_runs_s=7 * 86400, keep_steps_s=7 * 86400)

        assert await count(admin, "run_steps") == 0

    async def test_a_message_and_a_deletion_at_once_leave_no_run_behind(
        self, chat: Chat, user: str, context: RequestContext, message: MakeMessage, admin: Admin
    ) -> None:
        for _ in range(5):
            thread = await chat.new_thread(user)

            await asyncio.gather(
                chat.accept(message("hi", thread.id), user),
                chat.store.delete_thread(thread.id, context),
                return_exceptions=True,
            )

        assert await count(admin, "items") == 0
        orphans = "SELECT count(*) FROM runs WHERE cancel_requested_at IS NULL"
        assert await admin.value(orphans) == 0
