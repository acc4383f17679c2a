"""Changes to a thread at acceptance of retries, tool outputs, inputs and actions."""

from typing import Any

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
from chat_kit import Admin, Chat, MakeItems, MakeMessage, claim
from chatkit.types import Page, ThreadItem, ThreadMetadata

from durable_chatkit.chatkit.context import RequestContext
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
        later: list[ThreadItem] = [made.answer("one"), made.hidden(), made.answer("two")]
        for item in later:
            await chat.store.add_thread_item(accepted.thread_id, item, context)
        await finish()
        return accepted.thread_id, page.data[0], later

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

    async def test_output_without_a_pending_call_is_rejected(
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

    async def test_second_output_is_rejected(
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
    async def test_answers_are_stored(
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

    async def test_second_answer_is_rejected(
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

    async def test_item_of_another_type_is_rejected(
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
    async def test_sending_widget_is_stored_with_the_run(
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

    async def test_action_must_reference_a_widget(
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
