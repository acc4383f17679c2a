"""Acceptance of messages and of requests in the simple form."""

import asyncio

import pytest
from acceptance_kit import (
    Finish,
    ListIds,
    count,
)
from chat_kit import Admin, Chat, Items, MakeMessage, MakeUser, claim
from chatkit.types import ThreadMetadata
from redis.asyncio import Redis

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.limits import MAX_MESSAGE_CHARS
from durable_chatkit.errors import (
    ThreadLockedError,
    UnknownResourceError,
)
from durable_chatkit.storage.run_repository import RunRepository
from todochat import bus
from todochat.errors import InvalidInputError


class TestMessages:
    async def test_new_thread_contains_the_message_at_once(
        self, chat: Chat, user: str, message: MakeMessage
    ) -> None:
        accepted = await chat.accept(message("add milk"), user)

        (item,) = await chat.load_items(user, accepted.thread_id)
        assert item.type == "user_message"
        assert item.content[0].text == "add milk"
        assert accepted.conversation_id == 1
        assert not accepted.replayed

    async def test_second_message_follows_the_first(
        self, chat: Chat, user: str, message: MakeMessage, finish: Finish, list_ids: ListIds
    ) -> None:
        first = await chat.accept(message(), user)
        before = await list_ids(first.thread_id)
        await finish()

        second = await chat.accept(message("more", first.thread_id), user)

        assert second.thread_id == first.thread_id
        assert (await list_ids(first.thread_id))[: len(before)] == before
        assert len(await list_ids(first.thread_id)) == 2

    async def test_message_is_later_than_items_written_with_a_fast_clock(
        self, chat: Chat, user: str, message: MakeMessage, made: Items, list_ids: ListIds
    ) -> None:
        answer = made.answer()
        answer.created_at = answer.created_at.replace(year=answer.created_at.year + 1)
        await chat.add_items(user, answer)

        await chat.accept(message("more", made.thread_id), user)

        ids = await list_ids(made.thread_id)
        assert ids[0] == answer.id
        assert len(ids) == 2

    async def test_run_contains_the_request_context(
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

    async def test_workers_are_woken_and_the_run_is_registered(
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
    async def test_unknown_thread_is_not_found(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin, thread_id: str
    ) -> None:
        with pytest.raises(UnknownResourceError):
            await chat.accept(message("hi", thread_id), user)

        assert await count(admin, "runs") == 0

    async def test_thread_of_another_user_is_not_found(
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

    async def test_closed_thread_rejects_messages(
        self, chat: Chat, user: str, message: MakeMessage, thread: ThreadMetadata, admin: Admin
    ) -> None:
        await admin.execute("""UPDATE threads SET status = '{"type": "closed"}'""")

        with pytest.raises(ThreadLockedError):
            await chat.accept(message("hi", thread.id), user)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "  \n\t",
            "\u200b",
            "\u2800 \u2800",
            "\u3164\ufe0f\u00ad",
            "x" * (MAX_MESSAGE_CHARS + 1),
        ],
    )
    async def test_empty_or_too_long_message_is_rejected(
        self, chat: Chat, user: str, message: MakeMessage, text: str, admin: Admin
    ) -> None:
        with pytest.raises(InvalidInputError):
            await chat.accept(message(text), user)

        assert await count(admin, "runs") == 0

    async def test_message_of_maximum_length_is_accepted(
        self, chat: Chat, user: str, message: MakeMessage
    ) -> None:
        assert (await chat.accept(message("x" * MAX_MESSAGE_CHARS), user)).run_id

    async def test_unknown_attachment_is_not_found(
        self, chat: Chat, user: str, message: MakeMessage, admin: Admin
    ) -> None:
        request = message()
        request["params"]["input"]["attachments"] = ["atc_1"]

        with pytest.raises(UnknownResourceError):
            await chat.accept(request, user)

        assert await count(admin, "threads") == 0

    async def test_attachment_is_bound_to_the_thread(
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
        (item,) = await chat.load_items(user, accepted.thread_id)
        assert attachment.thread_id == accepted.thread_id
        assert item.attachments == [attachment]

    async def test_nul_in_a_message_is_dropped(
        self, chat: Chat, user: str, message: MakeMessage
    ) -> None:
        accepted = await chat.accept(message("add\x00 milk"), user)

        (item,) = await chat.load_items(user, accepted.thread_id)
        assert item.content[0].text == "add milk"


class TestSimpleForm:
    async def test_null_or_missing_id_starts_the_next_conversation(
        self, chat: Chat, user: str
    ) -> None:
        first = await chat.accept({"message": "hi", "conversation_id": None}, user)
        second = await chat.accept({"message": "hi"}, user)

        assert (first.conversation_id, second.conversation_id) == (1, 2)
        assert first.thread_id != second.thread_id

    async def test_conversation_is_found_by_number_or_thread_id(
        self, chat: Chat, user: str, finish: Finish
    ) -> None:
        first = await chat.accept({"message": "hi"}, user)
        for name in (first.conversation_id, str(first.conversation_id), first.thread_id):
            await finish()

            again = await chat.accept({"message": "more", "conversation_id": name}, user)

            assert again.thread_id == first.thread_id
            assert again.conversation_id == first.conversation_id

    @pytest.mark.parametrize("name", [0, -1, 2, 2**31, 10**30, "2", "thr_unknown", "", "\x00"])
    async def test_unknown_conversation_is_not_found(
        self, chat: Chat, user: str, admin: Admin, name: int | str
    ) -> None:
        await chat.accept({"message": "hi"}, user)

        with pytest.raises(UnknownResourceError):
            await chat.accept({"message": "hi", "conversation_id": name}, user)

        assert await count(admin, "runs") == 1

    async def test_conversation_numbers_are_per_user(
        self, chat: Chat, user: str, make_user: MakeUser
    ) -> None:
        other = make_user()
        mine = await chat.accept({"message": "hi"}, user)
        theirs = await chat.accept({"message": "hi"}, other)

        assert mine.conversation_id == theirs.conversation_id == 1
        assert mine.thread_id != theirs.thread_id

    async def test_rejected_request_uses_no_number(
        self, chat: Chat, user: str, message: MakeMessage
    ) -> None:
        request = message()
        request["params"]["input"]["attachments"] = ["atc_unknown"]
        with pytest.raises(UnknownResourceError):
            await chat.accept(request, user)

        assert (await chat.accept({"message": "hi"}, user)).conversation_id == 1
