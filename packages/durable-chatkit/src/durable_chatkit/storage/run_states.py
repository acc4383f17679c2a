"""The run's state machine: every statement that moves a run from one state to another.

    accept                  claim                  finish               close
      │   ┌──────────────┐ ───────> ┌──────────┐ ───────> ┌─────────┐ ───────> ┌────────┐
      └──>│    queued    │          │ running  │          │  ended  │          │ closed │──> purged
          │   no lease   │ <─────── │  leased  │          │ leased  │          │        │
          └──────────────┘ release  └──────────┘          └─────────┘          └────────┘
                                     │  ^  renew            │  ^
                          lease ends │  │ claim  lease ends │  │ claim
                                     v  │                   v  │
                                    orphaned               unmarked

    state      status                         lease_until   closed_at   moved on by
    queued     queued                         null          null        a worker: claim
    running    running                        future        null        its worker: renew, finish
    orphaned   running                        past          null        another: claim, a crash
    ended      completed, failed, cancelled   future        null        its worker: marker, close
    unmarked   completed, failed, cancelled   past          null        another: claim
    closed     completed, failed, cancelled   null          set         housekeeping: purge

A cancellation request (`cancel_requested_at`) is not a state: any active run can get one, its worker
reads it at the next renewal and ends the run as cancelled.

Each claim increments the attempt. Every statement of a worker names its attempt and is a no-op once
there is a later one: that is the fence. `tests/formal/run_model.py` explores the guarantees of these
states; `docs/runs.md` has them on one page.
"""

from typing import Final

from sqlalchemy import TextClause, text

from durable_chatkit.storage.run import RUN_COLUMNS
from durable_chatkit.storage.usage_repository import ADD_USAGE_SQL
from todochat.database.sql_transaction import SqlExecutor

LOG_OVERHEAD_BYTES: Final = 1024  # of a run's keys in Redis, for any log

# nothing -> queued. Part of the statement in `acceptance_repository` that writes everything else.
# A thread has one active run that calls the agent: `uq_runs_thread_id_active_agent`.
ACCEPT_SQL: Final = """
    INSERT INTO runs (run_id, user_id, thread_id, conversation_id, agent, kind, request_type, request,
                      simple_form, turn, user_message_id, idempotency_key, body_hash, timezone,
                      locale, traceparent, headers, created_at)
    VALUES (:run_id, :user_id, :thread_id,
            coalesce((SELECT conversation_id FROM thread), :conversation_id), :agent, :kind,
            :request_type, :request, :simple_form, :turn, :user_message_id, :idempotency_key, :body_hash,
            :timezone, :locale, :traceparent, :headers, :created_at)
    ON CONFLICT (run_id) DO NOTHING
    RETURNING conversation_id
"""

# queued, orphaned -> running; unmarked -> ended. If the run still names a worker, that worker died: a
# release clears the name.
# SKIP LOCKED lets workers claim concurrently; FIFO among an agent's unclaimed runs.
# The rest of the transaction is bound to the run's user, to read the thread.
CLAIM: Final = text(f"""
    UPDATE runs
       SET attempt = attempt + 1,
           crashes = crashes + CASE WHEN worker_id IS NULL THEN 0 ELSE 1 END,
           status = CASE WHEN status = 'queued' THEN 'running' ELSE status END,
           worker_id = :worker_id,
           lease_until = now() + CAST(:lease AS interval),
           started_at = coalesce(started_at, now())
     WHERE run_id = (
           SELECT run_id FROM runs
            WHERE agent = :agent AND closed_at IS NULL
              AND (lease_until IS NULL OR lease_until < now())
            ORDER BY created_at, run_id
              FOR UPDATE SKIP LOCKED
            LIMIT 1)
    RETURNING {RUN_COLUMNS},
              -- A query in RETURNING reads the row's previous version.
              crashes > (SELECT before.crashes FROM runs AS before
                          WHERE before.run_id = runs.run_id) AS taken_over,
              EXISTS (SELECT 1 FROM runs AS other
                       WHERE other.agent = :agent AND other.closed_at IS NULL
                         AND (other.lease_until IS NULL OR other.lease_until < now())
                         AND other.run_id <> runs.run_id) AS has_more,
              set_config('app.user_id', user_id, true) AS bound_user
""")  # noqa: S608 - the columns are a constant

# running, ended -> unchanged, with a longer lease; returns cancellation requests.
# Rows are locked in order of run_id, as in every statement that locks several: no deadlock.
RENEW: Final = text("""
    WITH mine AS (
        SELECT run_id FROM runs
         WHERE closed_at IS NULL AND worker_id = :worker_id AND lease_until IS NOT NULL
           AND (CAST(:all AS boolean) OR run_id = ANY (CAST(:run_ids AS text[])))
         ORDER BY run_id FOR UPDATE),
    saved AS (
        SELECT * FROM unnest(
            CAST(:run_ids AS text[]), CAST(:seqs AS integer[]), CAST(:log_bytes AS bigint[])
        ) AS s(run_id, seq, log_bytes))
    UPDATE runs
       SET lease_until = now() + CAST(:lease AS interval),
           seq_high = greatest(seq_high, (SELECT seq FROM saved WHERE saved.run_id = runs.run_id)),
           log_bytes = coalesce(
               (SELECT saved.log_bytes FROM saved WHERE saved.run_id = runs.run_id), runs.log_bytes)
      FROM mine
     WHERE runs.run_id = mine.run_id
    RETURNING runs.run_id, attempt, cancel_requested_at IS NOT NULL, cancel_reason
""")

# running -> queued, ended -> unmarked, immediately; doesn't count as a crash.
RELEASE: Final = text("""
    UPDATE runs
       SET worker_id = NULL, lease_until = CASE WHEN status = 'running' THEN NULL ELSE now() END,
           status = CASE WHEN status = 'running' THEN 'queued' ELSE status END
     WHERE run_id = :run_id AND worker_id = :worker_id AND attempt = :attempt
       AND closed_at IS NULL
    RETURNING 1
""")

# running -> ended, with an outcome that never changes. The thread accepts the next message from here
# on; the lease stays until the end marker is confirmed in the log.
# The request's body and headers are no longer needed and are user content, so they are cleared.
_FINISH: Final = """
    UPDATE runs
       SET status = :status, error = :error, seq_high = greatest(seq_high, :seq_high),
           log_bytes = coalesce(CAST(:log_bytes AS bigint), log_bytes),
           ended_at = coalesce(ended_at, now()), request = '', headers = '{}'
     WHERE run_id = :run_id AND attempt = :attempt AND status IN ('running', :status)
    RETURNING 1
"""
FINISH: Final = text(_FINISH)

# The same, and a title for a thread that has none. Returns the title, which may be the user's.
FINISH_TITLED: Final = text(f"""
    WITH finished AS ({_FINISH}),
    titled AS (
        UPDATE threads SET title = :title, updated_at = now() FROM finished
         WHERE id = :thread_id AND title IS NULL
        RETURNING title)
    SELECT coalesce((SELECT title FROM titled),
                    (SELECT title FROM threads WHERE id = :thread_id)) AS title
      FROM finished
""")  # noqa: S608 - a constant

# ended -> closed. Also returns the logs that exceed the user's quota, which the caller drops from
# Redis: logs of active runs and of this run count first, then those of other closed runs, newest
# first. SKIP LOCKED: another of the user's runs may be closing concurrently.
CLOSE: Final = text(f"""
    WITH closed AS (
        UPDATE runs
           SET closed_at = coalesce(closed_at, now()), lease_until = NULL, has_log = true
         WHERE run_id = :run_id AND attempt = :attempt AND ended_at IS NOT NULL
        RETURNING user_id, log_bytes),
    used AS (
        SELECT closed.user_id, closed.log_bytes + coalesce(sum(active.log_bytes), 0) AS bytes
          FROM closed LEFT JOIN runs AS active
            ON active.user_id = closed.user_id AND active.status IN ('queued', 'running')
         GROUP BY closed.user_id, closed.log_bytes),
    logs AS (
        SELECT run_id, used.bytes + sum(log_bytes + {LOG_OVERHEAD_BYTES}) OVER (
                   ORDER BY closed_at DESC, run_id DESC) AS total
          FROM runs JOIN used USING (user_id)
         WHERE has_log AND closed_at > now() - CAST(:log_ttl AS interval)),
    dropped AS (
        UPDATE runs SET has_log = false
         WHERE run_id IN (
               SELECT run_id FROM runs
                WHERE run_id IN (SELECT run_id FROM logs WHERE total > CAST(:quota AS bigint))
                  FOR UPDATE SKIP LOCKED)
        RETURNING run_id)
    SELECT ARRAY(SELECT run_id FROM dropped) AS dropped FROM closed
""")  # noqa: S608 - a constant

# A run's writes count only while its attempt is the latest. The row stays locked for the rest of the
# transaction, so a claim and this transaction are serialized: the loser of a takeover can't write
# after the winner has read.
FENCE_SQL: Final = "SELECT 1 FROM runs WHERE run_id = :run_id AND attempt = :attempt FOR SHARE"

_FENCE: Final = text(FENCE_SQL)


async def is_fenced(session: SqlExecutor, run_id: str, attempt: int) -> bool:
    """Hold the fence until the transaction ends; False if the attempt isn't the latest."""
    result = await session.execute(_FENCE, {"run_id": run_id, "attempt": attempt})
    return result.first() is not None


# The statements below change no state but are fenced, too.

# One step of the journal, which is never written twice, and the steps that had to wait for it, which
# a cancelled call may have written.
# FOR SHARE makes fence and insert atomic: a concurrent claim either waits or is visible here.
_SAVE_STEP: Final = """
    WITH fence AS (
        SELECT run_id, user_id FROM runs
         WHERE run_id = :run_id AND attempt = :attempt FOR SHARE),
    step AS (
        INSERT INTO run_steps (run_id, key, user_id, payload)
        SELECT run_id, :key, user_id, :payload FROM fence),
    earlier AS (
        INSERT INTO run_steps (run_id, key, user_id, payload)
        SELECT run_id, unsaved.key, user_id, unsaved.payload
          FROM fence, unnest(CAST(:earlier_keys AS text[]), CAST(:earlier_payloads AS bytea[]))
                   AS unsaved (key, payload)
        ON CONFLICT (run_id, key) DO NOTHING)
"""
SAVE_STEP: Final = text(f"{_SAVE_STEP} SELECT 1 FROM fence")  # noqa: S608 - constants

# The same for a model's answer, with its usage: each answer counts once.
SAVE_ANSWER: Final = text(f"{_SAVE_STEP}, {ADD_USAGE_SQL} SELECT 1 FROM fence")  # noqa: S608 - constants

# The last seq in the log, in case the log is lost.
SAVE_SEQ: Final = text("""
    UPDATE runs SET seq_high = greatest(seq_high, :seq_high)
     WHERE run_id = :run_id AND attempt = :attempt
    RETURNING 1
""")

# Requests of the user: not fenced, since they apply to every attempt.

CANCEL: Final = text(f"""
    UPDATE runs
       SET cancel_requested_at = coalesce(cancel_requested_at, now()),
           cancel_reason = coalesce(cancel_reason, :reason)
     WHERE run_id = :run_id AND status IN ('queued', 'running')
    RETURNING {RUN_COLUMNS}
""")  # noqa: S608 - constants


def _stop_all(condition: str) -> TextClause:
    """Return a statement that requests cancellation of several runs before their thread is deleted.

    It locks runs in order of run_id, as the renewal of leases does, and runs before threads, as the
    workers' item writes do: no deadlock.
    """
    return text(f"""
    WITH active AS (
        SELECT run_id FROM runs
         WHERE {condition} AND status IN ('queued', 'running')
         ORDER BY run_id FOR UPDATE)
    UPDATE runs
       SET cancel_requested_at = coalesce(cancel_requested_at, now()),
           cancel_reason = 'thread-deleted'
      FROM active
     WHERE runs.run_id = active.run_id
    RETURNING runs.run_id, worker_id
""")  # noqa: S608 - constants


STOP_OF_THREAD: Final = _stop_all("thread_id = :id")
STOP_OF_USER: Final = _stop_all("user_id = :user_id")

# closed -> deleted: the journal first (immediately if the thread was deleted), then the row.
PURGE_STEPS: Final = text("""
    DELETE FROM run_steps WHERE run_id IN (
        SELECT run_id FROM runs
         WHERE closed_at IS NOT NULL
           AND (closed_at < now() - CAST(:keep AS interval) OR cancel_reason = 'thread-deleted')
           AND EXISTS (SELECT 1 FROM run_steps s WHERE s.run_id = runs.run_id)
         LIMIT :batch)
    RETURNING 1
""")

PURGE_RUNS: Final = text("""
    DELETE FROM runs WHERE run_id IN (
        SELECT run_id FROM runs WHERE closed_at < now() - CAST(:keep AS interval) LIMIT :batch)
    RETURNING 1
""")
