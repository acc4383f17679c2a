"""Changes to a thread at acceptance of retries, tool outputs, inputs and actions."""

import pytest
from acceptance_kit import (
    Finish,
    FinishedTurn,
    ListIds,
    action,
    count,
    retry,
    structured_input,
    tool_output,
)
from chat_kit import Admin, Chat, Items, MakeItems, MakeMessage, claim
from chatkit.types import ThreadItem

from durable_chatkit.errors import (
    NotPendingError,
    ThreadBusyError,
    UnknownResourceError,
)
from durable_chatkit.storage.run_repository import RunRepository
from todochat.errors import InvalidInputError


class TestRetry:
    @pytest.fixture
    async def turn(
        self, chat: Chat, user: str, message: MakeMessage, finish: Finish, items: MakeItems
    ) -> FinishedTurn:
        """A finished turn: message, answer, hidden note, second answer."""
        accepted = await chat.accept(message(), user)
        (sent,) = await chat.load_items(user, accepted.thread_id)
        made = items(accepted.thread_id)
        later: list[ThreadItem] = [made.answer("one"), made.hidden(), made.answer("two")]
        await chat.add_items(user, *later)
        await finish()
        return accepted.thread_id, sent, later

    async def test_retry_deletes_everything_after_the_message(
        self, chat: Chat, user: str, turn: FinishedTurn, list_ids: ListIds, runs: RunRepository
    ) -> None:
        thread_id, message, later = turn

        await chat.accept(retry(thread_id, message.id), user)

        run = await claim(runs)
        assert await list_ids(thread_id) == [message.id]
        assert run.user_message_id == message.id
        assert run.turn.removed_item_ids == [later[0].id, later[2].id]

    async def test_only_user_messages_can_be_retried(
        self, chat: Chat, user: str, turn: FinishedTurn, list_ids: ListIds
    ) -> None:
        thread_id, _, later = turn

        with pytest.raises(InvalidInputError):
            await chat.accept(retry(thread_id, later[0].id), user)

        assert len(await list_ids(thread_id)) == 4

    async def test_unknown_item_is_not_found(
        self, chat: Chat, user: str, turn: FinishedTurn, list_ids: ListIds
    ) -> None:
        thread_id, _, _ = turn

        with pytest.raises(UnknownResourceError):
            await chat.accept(retry(thread_id, "msg_unknown"), user)

        assert len(await list_ids(thread_id)) == 4

    async def test_retry_in_a_busy_thread_deletes_nothing(
        self, chat: Chat, user: str, message: MakeMessage, turn: FinishedTurn, list_ids: ListIds
    ) -> None:
        thread_id, asked, _ = turn
        await chat.accept(message("more", thread_id), user)

        with pytest.raises(ThreadBusyError):
            await chat.accept(retry(thread_id, asked.id), user)

        assert len(await list_ids(thread_id)) == 5


class TestToolOutput:
    async def test_output_completes_the_last_call_and_deletes_other_pending_ones(
        self, chat: Chat, user: str, made: Items
    ) -> None:
        forgotten, pending = made.tool_call(), made.tool_call()
        await chat.add_items(user, forgotten, pending)

        await chat.accept(tool_output(made.thread_id, {"ok": [1, None]}), user)

        (stored,) = await chat.load_items(user, made.thread_id)
        assert stored.id == pending.id
        assert (stored.status, stored.output) == ("completed", {"ok": [1, None]})

    async def test_output_without_a_pending_call_is_rejected(
        self, chat: Chat, user: str, made: Items, admin: Admin
    ) -> None:
        await chat.add_items(user, made.tool_call(), made.answer())

        with pytest.raises(NotPendingError):
            await chat.accept(tool_output(made.thread_id, 1), user)

        assert await count(admin, "runs") == 0

    async def test_second_output_is_rejected(
        self, chat: Chat, user: str, made: Items, finish: Finish
    ) -> None:
        await chat.add_items(user, made.tool_call())
        await chat.accept(tool_output(made.thread_id, 1), user)
        await finish()

        with pytest.raises(NotPendingError):
            await chat.accept(tool_output(made.thread_id, 2), user)


class TestStructuredInput:
    async def test_answers_are_stored(
        self, chat: Chat, user: str, made: Items, runs: RunRepository
    ) -> None:
        question = made.question()
        await chat.add_items(user, question)

        await chat.accept(structured_input(made.thread_id, question.id), user)

        (stored,) = await chat.load_items(user, made.thread_id)
        run = await claim(runs)
        assert stored.status == "answered"
        assert stored.inputs[0].answer.values == ["Groceries"]
        assert run.turn.replaced_item_id == question.id

    async def test_second_answer_is_rejected(
        self, chat: Chat, user: str, made: Items, finish: Finish
    ) -> None:
        question = made.question()
        await chat.add_items(user, question)
        await chat.accept(structured_input(made.thread_id, question.id), user)
        await finish()

        with pytest.raises(NotPendingError):
            await chat.accept(structured_input(made.thread_id, question.id), user)

    async def test_item_of_another_type_is_rejected(
        self, chat: Chat, user: str, made: Items
    ) -> None:
        answer = made.answer()
        await chat.add_items(user, answer)

        with pytest.raises(InvalidInputError):
            await chat.accept(structured_input(made.thread_id, answer.id), user)


class TestActions:
    async def test_sending_widget_is_stored_with_the_run(
        self, chat: Chat, user: str, made: Items, runs: RunRepository
    ) -> None:
        widget = made.widget()
        await chat.add_items(user, widget)

        await chat.accept(action(made.thread_id, widget.id), user)

        assert (await claim(runs)).turn.sender_item_id == widget.id

    async def test_action_must_reference_a_widget(self, chat: Chat, user: str, made: Items) -> None:
        answer = made.answer()
        await chat.add_items(user, answer)

        with pytest.raises(InvalidInputError):
            await chat.accept(action(made.thread_id, answer.id), user)
        with pytest.raises(UnknownResourceError):
            await chat.accept(action(made.thread_id, "msg_unknown"), user)
