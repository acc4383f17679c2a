"""Deleting a thread cancels its runs and deletes their journals."""

import asyncio

import pytest
from acceptance_kit import count
from chat_kit import Admin, Chat, MakeMessage, claim

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.storage.run_repository import RunRepository
from todochat.contracts.runs import AcceptedRun


class TestThreadDeletion:
    @pytest.fixture
    async def active(
        self, chat: Chat, user: str, message: MakeMessage, runs: RunRepository
    ) -> AcceptedRun:
        """A claimed run with one step in its journal."""
        accepted = await chat.accept(message(), user)
        await claim(runs)
        await runs.save_step(accepted.run_id, 1, "input", b"history")
        return accepted

    async def test_active_runs_are_cancelled(
        self,
        chat: Chat,
        context: RequestContext,
        active: AcceptedRun,
        runs: RunRepository,
    ) -> None:

        stopped = await chat.store.delete_thread_and_runs(active.thread_id, context)

        (lease,) = await runs.renew("w1", 60)
        assert [(run.run_id, run.worker_id) for run in stopped] == [(active.run_id, "w1")]
        assert (lease.cancel_requested, lease.cancel_reason) == (True, "thread-deleted")

    async def test_journals_of_ended_runs_are_deleted_at_once(
        self,
        chat: Chat,
        context: RequestContext,
        active: AcceptedRun,
        runs: RunRepository,
        admin: Admin,
    ) -> None:
        await runs.finish(active.run_id, 1, "completed", None, 1)

        await chat.store.delete_thread(active.thread_id, context)

        assert await count(admin, "run_steps") == 0
        assert await admin.value("SELECT request FROM runs") == b""

    async def test_journal_of_an_active_run_is_deleted_by_the_next_purge(
        self,
        chat: Chat,
        context: RequestContext,
        active: AcceptedRun,
        runs: RunRepository,
        admin: Admin,
    ) -> None:
        await chat.store.delete_thread(active.thread_id, context)
        await runs.finish(active.run_id, 1, "cancelled", None, 1)
        await runs.close(active.run_id, 1)

        await runs.purge(keep_runs_s=7 * 86400, keep_steps_s=7 * 86400)

        assert await count(admin, "run_steps") == 0

    async def test_concurrent_message_and_deletion_leave_no_active_run(
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
