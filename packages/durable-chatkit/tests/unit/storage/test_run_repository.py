"""Claiming, renewing, journaling and ending runs, on two real connections."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from chat_kit import Admin, Chat, MakeMessage, MakeUser
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from durable_chatkit.storage.run import MAX_CRASHES, RunRecord
from durable_chatkit.storage.run_repository import (
    _PURGE_LOCK,
    LogPosition,
    RunClaim,
    RunRepository,
)
from durable_chatkit.storage.run_states import LOG_OVERHEAD_BYTES, is_fenced
from durable_chatkit.storage.user_run_repository import UserRunRepository
from durable_chatkit.worker.journal import StepJournal
from todochat.bus import RunLostError
from todochat.contracts.runs import AcceptedRun
from todochat.database import Database
from todochat.testing import wait_until

LEASE_S = 60
WAITING = """
    SELECT count(*) > 0 FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


Accept = Callable[..., Awaitable[list[AcceptedRun]]]


@pytest.fixture
def accept(chat: Chat, message: MakeMessage, make_user: MakeUser) -> Accept:
    """Accept runs, each in a new thread."""

    async def accept_some(count: int = 1, user: str | None = None) -> list[AcceptedRun]:
        user = user or make_user()
        return [await chat.accept(message(), user) for _ in range(count)]

    return accept_some


async def claim(runs: RunRepository, worker: str = "w1") -> RunClaim:
    run = await runs.claim(worker, LEASE_S)
    assert run is not None
    return run


async def test_claim_takes_oldest_run_as_attempt_one(runs: RunRepository, accept: Accept) -> None:
    first, second = await accept(2)

    run = await claim(runs)

    assert run.run_id == first.run_id
    assert (run.attempt, run.status, run.worker_id) == (1, "running", "w1")
    assert run.run_id != second.run_id


async def test_claim_returns_none_when_queue_is_empty(runs: RunRepository, accept: Accept) -> None:
    await accept(1)
    await claim(runs)

    assert await runs.claim("w2", LEASE_S) is None


async def test_concurrent_claims_get_different_runs(
    runs: RunRepository, accept: Accept, make_user: MakeUser
) -> None:
    accepted = [run for _ in range(2) for run in await accept(4)]

    claimed = await asyncio.gather(*(runs.claim(f"w{n}", LEASE_S) for n in range(10)))

    got = [run.run_id for run in claimed if run is not None]
    assert sorted(got) == sorted(run.run_id for run in accepted)


async def test_claim_skips_locked_run_without_waiting(
    runs: RunRepository, accept: Accept, jobs_db: Database
) -> None:
    first, second = await accept(2)
    async with jobs_db.transaction() as session:
        lock = text("SELECT 1 FROM runs WHERE run_id = :run_id FOR UPDATE")
        await session.execute(lock, {"run_id": first.run_id})

        run = await asyncio.wait_for(runs.claim("w2", LEASE_S), 5)

    assert run is not None
    assert run.run_id == second.run_id


async def test_expired_lease_is_taken_over_as_next_attempt(
    runs: RunRepository, accept: Accept, admin: Admin
) -> None:
    await accept(1)
    run = await claim(runs)
    await admin.expire_lease(run.run_id)

    taken = await claim(runs, "w2")

    assert (taken.run_id, taken.attempt, taken.crashes) == (run.run_id, 2, 1)
    assert not taken.is_poisoned


async def test_run_with_three_crashes_is_poisoned(
    runs: RunRepository, accept: Accept, admin: Admin
) -> None:
    await accept(1)
    run = await claim(runs)
    for _ in range(MAX_CRASHES):
        assert not run.is_poisoned
        await admin.expire_lease(run.run_id)
        run = await claim(runs)

    assert run.attempt == MAX_CRASHES + 1
    assert run.is_poisoned


async def test_released_run_is_claimable_and_not_a_crash(
    runs: RunRepository, accept: Accept
) -> None:
    await accept(1)
    for attempt in range(1, MAX_CRASHES + 3):
        run = await claim(runs)
        assert run.attempt == attempt
        assert await runs.release(run.run_id, "w1", run.attempt)

    run = await claim(runs, "w2")

    assert run.crashes == 0
    assert not run.is_poisoned


async def test_release_of_ended_run_is_not_a_crash(runs: RunRepository, accept: Accept) -> None:
    await accept(1)
    run = await claim(runs)
    assert await runs.finish(run.run_id, run.attempt, "completed", None, 1)
    assert await runs.release(run.run_id, "w1", run.attempt)

    again = await claim(runs, "w2")

    assert (again.run_id, again.crashes, again.taken_over) == (run.run_id, 0, False)


async def test_release_by_other_worker_is_rejected(
    runs: RunRepository, accept: Accept, admin: Admin
) -> None:
    await accept(1)
    run = await claim(runs)

    assert not await runs.release(run.run_id, "w2", run.attempt)
    await admin.expire_lease(run.run_id)
    await claim(runs, "w2")
    assert not await runs.release(run.run_id, "w1", run.attempt)


async def test_renew_extends_only_leases_of_the_worker(
    runs: RunRepository, accept: Accept, admin: Admin
) -> None:
    await accept(3)
    mine = {(await claim(runs)).run_id for _ in range(2)}
    other = await claim(runs, "w2")
    for run_id in (*mine, other.run_id):
        await admin.expire_lease(run_id)

    leases = await runs.renew("w1", LEASE_S)

    assert {lease.run_id for lease in leases} == mine
    assert (await claim(runs, "w3")).run_id == other.run_id
    assert await runs.claim("w3", LEASE_S) is None


async def test_renew_returns_cancellation_requests(
    runs: RunRepository, accept: Accept, chat_db: Database, make_user: MakeUser
) -> None:
    user = make_user()
    stop, go_on = await accept(2, user)
    await claim(runs)
    await claim(runs)
    await UserRunRepository(chat_db).request_cancel(stop.run_id, user, "abandoned")

    leases = {lease.run_id: lease for lease in await runs.renew("w1", LEASE_S)}

    assert leases[stop.run_id].cancel_requested
    assert leases[stop.run_id].cancel_reason == "abandoned"
    assert not leases[go_on.run_id].cancel_requested


async def test_renew_omits_lost_runs(runs: RunRepository, accept: Accept, admin: Admin) -> None:
    await accept(1)
    run = await claim(runs)
    await admin.expire_lease(run.run_id)
    await claim(runs, "w2")

    assert await runs.renew("w1", LEASE_S) == []


async def test_renew_keeps_highest_seq(runs: RunRepository, accept: Accept, admin: Admin) -> None:
    await accept(1)
    run = await claim(runs)

    await runs.renew("w1", LEASE_S, {run.run_id: LogPosition(40)})
    await runs.renew("w1", LEASE_S, {run.run_id: LogPosition(7)})
    await runs.save_seq_high(run.run_id, 1, 12)
    await runs.renew("w1", LEASE_S)

    assert await admin.value("SELECT seq_high FROM runs") == 40


async def test_writes_of_earlier_attempt_are_fenced(
    runs: RunRepository, accept: Accept, admin: Admin
) -> None:
    await accept(1)
    old = await claim(runs)
    await runs.save_step(old.run_id, 1, "input", b"before")
    await admin.expire_lease(old.run_id)
    await claim(runs, "w2")

    with pytest.raises(RunLostError):
        await runs.save_step(old.run_id, 1, "answer/0000", b"too late")
    with pytest.raises(RunLostError):
        await runs.save_seq_high(old.run_id, 1, 99)
    assert not await runs.finish(old.run_id, 1, "completed", None, 99)
    assert await runs.close(old.run_id, 1) is None

    assert await runs.load_steps(old.run_id) == {"input": b"before"}
    assert await admin.value("SELECT (status, seq_high)::text FROM runs") == "(running,0)"


async def test_takeover_waits_for_concurrent_step_write(
    runs: RunRepository, accept: Accept, admin: Admin, jobs_db: Database
) -> None:
    """The winner must not read the journal before the loser's last step is committed or rejected."""
    await accept(1)
    run = await claim(runs)
    await admin.expire_lease(run.run_id)
    async with jobs_db.transaction() as session:
        assert await is_fenced(session, run.run_id, run.attempt)

        during = await asyncio.wait_for(runs.claim("w2", LEASE_S), 5)

    after = await runs.claim("w2", LEASE_S)
    assert during is None
    assert after is not None
    assert after.attempt == 2


async def test_duplicate_step_is_rejected(runs: RunRepository, accept: Accept) -> None:
    await accept(1)
    run = await claim(runs)
    await runs.save_step(run.run_id, 1, "answer/0000", b"one")

    with pytest.raises(IntegrityError):
        await runs.save_step(run.run_id, 1, "answer/0000", b"two")

    assert await runs.load_steps(run.run_id) == {"answer/0000": b"one"}


async def test_input_is_saved_that_was_loaded_during_another_save(
    runs: RunRepository, accept: Accept, admin: Admin, jobs_db: Database
) -> None:
    """An async title, for example, is a step that may end while the history is loaded."""
    await accept(1)
    run = await claim(runs)
    journal = StepJournal(runs, run.run_id, run.attempt, {})
    async with jobs_db.transaction() as session:
        await session.execute(text("SELECT 1 FROM runs FOR UPDATE"))
        saving = asyncio.create_task(journal.save("title", b"Milk"))
        await wait_until(lambda: admin.value(WAITING))
        await journal.save_input([{"role": "user", "content": "hi"}], now=False)
    await saving

    await journal.save("answer/0000", b"one")

    assert set(await runs.load_steps(run.run_id)) == {"title", "input", "answer/0000"}


async def test_finished_run_unlocks_thread_and_drops_request_body_and_headers(
    runs: RunRepository,
    chat: Chat,
    message: MakeMessage,
    make_user: MakeUser,
    admin: Admin,
) -> None:
    user = make_user()
    accepted = await chat.accept(message(), user, headers={"x-tenant": "acme"})
    run = await claim(runs)
    assert run.headers == {"x-tenant": "acme"}

    assert await runs.finish(run.run_id, 1, "completed", None, 12)

    assert (await chat.accept(message("more", accepted.thread_id), user)).run_id != run.run_id
    row = await admin.value(
        "SELECT (status, seq_high, request, headers, ended_at IS NOT NULL)::text"
        "  FROM runs WHERE run_id = $1",
        run.run_id,
    )
    assert row == '(completed,12,"\\\\x",{},t)'


async def test_ended_run_keeps_first_outcome(
    runs: RunRepository, accept: Accept, admin: Admin
) -> None:
    await accept(1)
    run = await claim(runs)
    assert await runs.finish(run.run_id, 1, "failed", "model-error", 3)

    repeated = await runs.finish(run.run_id, 1, "failed", "model-error", 3)
    other = await runs.finish(run.run_id, 1, "completed", None, 3)

    assert repeated
    assert not other
    assert await admin.value("SELECT status FROM runs") == "failed"


async def test_ended_run_is_claimable_until_closed(
    runs: RunRepository, accept: Accept, admin: Admin
) -> None:
    await accept(1)
    run = await claim(runs)
    await runs.finish(run.run_id, 1, "cancelled", None, 5)
    await admin.expire_lease(run.run_id)

    again = await claim(runs, "w2")
    assert (again.status, again.attempt) == ("cancelled", 2)
    assert await runs.close(run.run_id, 2) == []

    assert await runs.claim("w3", LEASE_S) is None
    assert await runs.renew("w2", LEASE_S) == []


async def test_close_of_running_run_is_rejected(runs: RunRepository, accept: Accept) -> None:
    await accept(1)
    run = await claim(runs)

    assert await runs.close(run.run_id, 1) is None


async def test_queue_length_counts_only_queued_runs(runs: RunRepository, accept: Accept) -> None:
    await accept(3)
    await claim(runs)

    assert await runs.count_queued() == 2


async def test_retry_loads_tool_steps_of_earlier_runs(
    runs: RunRepository, accept: Accept, chat: Chat, make_user: MakeUser, admin: Admin
) -> None:
    user = make_user()
    (first,) = await accept(1, user)
    run = await claim(runs)
    await runs.save_step(run.run_id, 1, "answer/0000", b"a")
    await runs.save_step(run.run_id, 1, "tool/0000/0", b"added milk")
    await runs.finish(run.run_id, 1, "failed", "x", 1)
    await runs.close(run.run_id, 1)
    await chat.accept(
        {
            "type": "threads.retry_after_item",
            "params": {"thread_id": first.thread_id, "item_id": run.user_message_id},
        },
        user,
    )

    retry = await claim(runs)

    assert retry.user_message_id == run.user_message_id
    assert await runs.load_earlier_tool_steps(retry) == [(run.run_id, "tool/0000/0", b"added milk")]


class TestPurge:
    @pytest.fixture
    async def ended(self, runs: RunRepository, accept: Accept, admin: Admin) -> RunRecord:
        """A run with one step that was closed two days ago."""
        await accept(1)
        run = await claim(runs)
        await runs.save_step(run.run_id, 1, "input", b"x")
        await runs.finish(run.run_id, 1, "completed", None, 1)
        await runs.close(run.run_id, 1)
        await admin.execute("UPDATE runs SET closed_at = now() - interval '2 days'")
        return run

    async def test_steps_are_purged_before_their_run(
        self, runs: RunRepository, ended: RunRecord, admin: Admin
    ) -> None:
        purged = await runs.purge(keep_runs_s=7 * 86400, keep_steps_s=86400)

        assert purged == (0, 1)
        assert await admin.value("SELECT count(*) FROM runs") == 1
        assert await admin.value("SELECT count(*) FROM run_steps") == 0

    async def test_purging_run_deletes_its_steps(
        self, runs: RunRepository, ended: RunRecord, admin: Admin
    ) -> None:
        purged = await runs.purge(keep_runs_s=86400, keep_steps_s=7 * 86400)

        assert purged == (1, 0)
        assert await admin.value("SELECT count(*) FROM run_steps") == 0

    async def test_recent_runs_are_not_purged(self, runs: RunRepository, ended: RunRecord) -> None:
        assert await runs.purge(keep_runs_s=7 * 86400, keep_steps_s=7 * 86400) == (0, 0)

    async def test_open_runs_are_never_purged(
        self, runs: RunRepository, accept: Accept, admin: Admin
    ) -> None:
        await accept(1)
        run = await claim(runs)
        await runs.save_step(run.run_id, 1, "input", b"x")
        await admin.execute("UPDATE runs SET created_at = now() - interval '1 year'")

        assert await runs.purge(keep_runs_s=1, keep_steps_s=1) == (0, 0)

    async def test_one_worker_purges_at_a_time(
        self, runs: RunRepository, ended: RunRecord, jobs_db: Database
    ) -> None:
        async with jobs_db.transaction() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _PURGE_LOCK})
            assert await runs.purge(keep_runs_s=1, keep_steps_s=1) is None

        assert await runs.purge(keep_runs_s=1, keep_steps_s=1) is not None


async def end_with_log(runs: RunRepository, size_bytes: int, quota: int) -> list[str]:
    """End the next run, and return the logs to drop."""
    run = await claim(runs)
    await runs.finish(run.run_id, 1, "completed", None, 1, size_bytes)
    dropped = await runs.close(run.run_id, 1, log_quota_bytes=quota)
    assert dropped is not None
    return dropped


async def test_oldest_logs_are_dropped_over_the_quota(
    runs: RunRepository, accept: Accept, make_user: MakeUser
) -> None:
    quota = 3 * (1000 + LOG_OVERHEAD_BYTES)
    first, second, *_ = await accept(5, make_user())

    dropped = [await end_with_log(runs, 1000, quota) for _ in range(5)]

    assert dropped == [[], [], [], [first.run_id], [second.run_id]]


async def test_log_is_dropped_once_and_newest_log_is_kept(
    runs: RunRepository, accept: Accept, make_user: MakeUser
) -> None:
    small, _ = await accept(2, make_user())
    await end_with_log(runs, 1000, 10_000)

    dropped = await end_with_log(runs, 1_000_000, 10_000)
    (after,) = await accept(1, make_user())

    assert dropped == [small.run_id]
    assert after.run_id
    assert await end_with_log(runs, 1000, 10_000) == []


async def test_quota_ignores_other_users_logs(
    runs: RunRepository, accept: Accept, make_user: MakeUser
) -> None:
    await accept(1, make_user())
    await end_with_log(runs, 9_000, 10_000)
    await accept(1, make_user())

    assert await end_with_log(runs, 9_000, 10_000) == []


async def test_quota_counts_active_logs_first_and_ignores_expired_logs(
    runs: RunRepository, accept: Accept, make_user: MakeUser, admin: Admin
) -> None:
    expired, ended, _, _ = await accept(4, make_user())
    await end_with_log(runs, 1000, 10_000)
    await admin.execute(
        "UPDATE runs SET closed_at = now() - interval '31 min' WHERE run_id = $1", expired.run_id
    )
    await end_with_log(runs, 1000, 10_000)
    active = await claim(runs, "w2")
    await runs.renew("w2", LEASE_S, {active.run_id: LogPosition(1, 9_000)})
    await runs.renew("w2", LEASE_S, {active.run_id: LogPosition(1)})  # None keeps the stored size

    assert await end_with_log(runs, 1000, 10_000) == [ended.run_id]
