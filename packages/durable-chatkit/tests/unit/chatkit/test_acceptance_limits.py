"""Acceptance is exclusive per thread, idempotent and limited per user."""

import asyncio

import asyncpg
import pytest
from acceptance_kit import (
    Finish,
    action,
    count,
)
from chat_kit import Admin, Chat, MakeMessage, MakeUser, claim
from chatkit.types import ThreadMetadata
from redis.asyncio import Redis
from sqlalchemy import text

from durable_chatkit.chatkit import acceptance as acceptance_module
from durable_chatkit.errors import (
    LogQuotaError,
    ThreadBusyError,
    TooManyRunsError,
)
from durable_chatkit.storage.run_repository import LogPosition, RunRepository
from todochat import bus
from todochat.database import Database
from todochat.errors import ConflictError, UnavailableError
from todochat.http.idempotency import IdempotencyInProgressError, IdempotencyKeyReusedError
from todochat.ids import new_id
from todochat.testing.memory import out_of_memory


class TestOneRunPerThread:
    async def test_busy_thread_error_contains_the_active_run(
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

    async def test_exactly_one_of_concurrent_messages_is_accepted(
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

    async def test_database_rejects_a_second_active_run(
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

    async def test_action_is_accepted_in_a_busy_thread(
        self, chat: Chat, user: str, message: MakeMessage, runs: RunRepository
    ) -> None:
        first = await chat.accept(message(), user)

        second = await chat.accept(action(first.thread_id), user)

        claimed = {run.run_id: run.kind for run in [await claim(runs) for _ in "ab"]}
        assert claimed == {first.run_id: "agent", second.run_id: "action"}

    async def test_thread_accepts_messages_after_the_run_ended(
        self, chat: Chat, user: str, message: MakeMessage, finish: Finish
    ) -> None:
        first = await chat.accept(message(), user)
        await finish()

        assert (await chat.accept(message("more", first.thread_id), user)).run_id


class TestIdempotency:
    async def test_repeated_request_returns_the_same_run(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin
    ) -> None:
        first = await chat.accept(message(), user, idempotency_key="k1")

        again = await chat.accept(message(), user, idempotency_key="k1")

        assert again.replayed
        assert again.run_id == first.run_id
        assert again.thread_id == first.thread_id
        assert await count(admin, "runs") == 1

    async def test_repeated_request_returns_its_run_in_progress_and_ended(
        self, chat: Chat, user: str, message: MakeMessage, thread: ThreadMetadata, finish: Finish
    ) -> None:
        first = await chat.accept(message("hi", thread.id), user, idempotency_key="k1")
        busy = await chat.accept(message("hi", thread.id), user, idempotency_key="k1")
        await finish()
        ended = await chat.accept(message("hi", thread.id), user, idempotency_key="k1")

        assert busy.run_id == ended.run_id == first.run_id

    async def test_key_with_a_different_body_is_rejected(
        self, chat: Chat, user: str, message: MakeMessage
    ) -> None:
        await chat.accept(message(), user, idempotency_key="k1")

        with pytest.raises(IdempotencyKeyReusedError):
            await chat.accept(message("something else"), user, idempotency_key="k1")

    async def test_keys_are_per_user(
        self, chat: Chat, user: str, make_user: MakeUser, message: MakeMessage
    ) -> None:
        mine = await chat.accept(message(), user, idempotency_key="k1")
        theirs = await chat.accept(message("else"), make_user(), idempotency_key="k1")

        assert mine.run_id != theirs.run_id

    async def test_concurrent_repeats_create_one_run(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin
    ) -> None:
        accepted = await asyncio.gather(
            *(chat.accept(message(), user, idempotency_key="k1") for _ in range(6))
        )

        assert len({run.run_id for run in accepted}) == 1
        assert sum(not run.replayed for run in accepted) == 1
        assert await count(admin, "threads") == 1

    async def test_repeated_run_id_without_a_key_creates_one_run(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin
    ) -> None:
        run_id = new_id("run")
        await chat.accept(message(), user, run_id=run_id)

        again = await chat.accept(message(), user, run_id=run_id)

        assert again.replayed
        assert await count(admin, "runs") == 1

    async def test_run_id_of_another_user_is_a_conflict(
        self, chat: Chat, user: str, make_user: MakeUser, message: MakeMessage, admin: Admin
    ) -> None:
        run_id = new_id("run")
        await chat.accept(message(), user, run_id=run_id)

        with pytest.raises(ConflictError):
            await chat.accept(message(), make_user(), run_id=run_id)

        assert await count(admin, "threads") == 1

    async def test_replay_uses_no_conversation_number(
        self, chat: Chat, user: str, message: MakeMessage
    ) -> None:
        await chat.accept(message(), user, idempotency_key="k1")
        await chat.accept(message(), user, idempotency_key="k1")

        assert (await chat.accept(message(), user)).conversation_id == 2

    @pytest.mark.parametrize(
        ("key", "error"), [("k1", IdempotencyInProgressError), (None, UnavailableError)]
    )
    async def test_repeat_times_out_while_the_first_is_in_progress(
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
    async def test_user_can_have_five_runs_in_progress(
        self, chat: Chat, user: str, message: MakeMessage, finish: Finish
    ) -> None:
        for _ in range(5):
            await chat.accept(message(), user)

        with pytest.raises(TooManyRunsError) as caught:
            await chat.accept(message(), user)

        assert int(caught.value.headers["Retry-After"]) >= 1
        await finish()
        assert (await chat.accept(message(), user)).run_id

    async def test_concurrent_requests_count_towards_the_limit(
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

    async def test_log_quota_rejects_runs_until_an_active_one_ends(
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

    async def test_limits_are_per_user(
        self, chat: Chat, user: str, make_user: MakeUser, message: MakeMessage
    ) -> None:
        for _ in range(5):
            await chat.accept(message(), user)

        assert (await chat.accept(message(), make_user())).run_id
