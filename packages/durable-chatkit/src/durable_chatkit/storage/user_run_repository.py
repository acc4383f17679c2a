"""Runs of one user: find, list, request cancellation, finish with a title."""

from typing import Final, cast

import msgspec
from sqlalchemy import TextClause, text

from durable_chatkit.storage.item_repository import CANCEL_NOTE
from durable_chatkit.storage.run import (
    RUN_COLUMNS,
    CancelReason,
    EndStatus,
    RunRecord,
    StoppedRun,
    to_run,
)
from durable_chatkit.storage.run_states import CANCEL, FINISH_TITLED
from todochat.bus.errors import RunLostError
from todochat.database import Database

MAX_LISTED: Final = 50

_FIND: Final = text(f"SELECT {RUN_COLUMNS} FROM runs WHERE run_id = :run_id")  # noqa: S608 - constants

_LIST_OF_THREAD: Final = text(f"""
    SELECT {RUN_COLUMNS} FROM runs
     WHERE thread_id = :thread_id AND (NOT :active OR status IN ('queued', 'running'))
     ORDER BY created_at DESC, run_id DESC LIMIT :limit
""")  # noqa: S608 - constants

_LIST_ACTIVE: Final = text(f"""
    SELECT {RUN_COLUMNS} FROM runs
     WHERE user_id = :user_id AND status IN ('queued', 'running')
     ORDER BY created_at DESC, run_id DESC LIMIT :limit
""")  # noqa: S608 - constants

# The run that answers a message comes before the run of a newer action.
_FIND_ACTIVE: Final = text(f"""
    SELECT {RUN_COLUMNS} FROM runs
     WHERE thread_id = :thread_id AND status IN ('queued', 'running')
     ORDER BY kind = 'agent' DESC, created_at DESC LIMIT 1
""")  # noqa: S608 - constants


# A retry deletes the note with the response. A note of an imported thread has no reason.
_LIST_CANCELLED: Final = text("""
    SELECT last.id, note.payload ->> 'cancel_reason' IS NOT DISTINCT FROM 'user' AS is_users
      FROM items AS note,
           LATERAL (SELECT id FROM items
                     WHERE thread_id = note.thread_id AND NOT hidden
                       AND (created_at, id) < (note.created_at, note.id)
                     ORDER BY created_at DESC, id DESC LIMIT 1) AS last
     WHERE note.thread_id = :thread_id AND note.type = :note
     ORDER BY note.created_at DESC, note.id DESC LIMIT :limit
""")


class CancelledItems(msgspec.Struct, frozen=True):
    """The last items of cancelled responses, newest first: cancelled by the user, or otherwise."""

    stopped: list[str]
    interrupted: list[str]


class CancelOutcome(msgspec.Struct, frozen=True):
    """A run after a cancellation request; `stopped` is None if it had already ended."""

    run: RunRecord
    stopped: StoppedRun | None


class UserRunRepository:
    """Reads, cancels and finishes runs of one user; row-level security hides all others."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find_run(self, run_id: str, user_id: str) -> RunRecord | None:
        """Return a run, or None."""
        return await self._one(_FIND, user_id, run_id=run_id)

    async def find_active_run(self, thread_id: str, user_id: str) -> RunRecord | None:
        """Return the active run of a thread, or None; one that answers a message comes first."""
        return await self._one(_FIND_ACTIVE, user_id, thread_id=thread_id)

    async def list_thread_runs(
        self, thread_id: str, user_id: str, *, active: bool
    ) -> list[RunRecord]:
        """Return up to MAX_LISTED runs of a thread, newest first."""
        values = {"thread_id": thread_id, "active": active, "limit": MAX_LISTED}
        return [to_run(row) for row in await self._db.execute(_LIST_OF_THREAD, values, user_id)]

    async def list_cancelled_items(self, thread_id: str, user_id: str) -> CancelledItems:
        """Return the last items of up to MAX_LISTED cancelled responses of a thread."""
        values = {"thread_id": thread_id, "note": CANCEL_NOTE, "limit": MAX_LISTED}
        rows = (await self._db.execute(_LIST_CANCELLED, values, user_id)).all()
        return CancelledItems(
            stopped=[row.id for row in rows if row.is_users],
            interrupted=[row.id for row in rows if not row.is_users],
        )

    async def list_active_runs(self, user_id: str) -> list[RunRecord]:
        """Return up to MAX_LISTED active runs of the user, newest first."""
        values = {"user_id": user_id, "limit": MAX_LISTED}
        return [to_run(row) for row in await self._db.execute(_LIST_ACTIVE, values, user_id)]

    async def request_cancel(
        self, run_id: str, user_id: str, reason: CancelReason
    ) -> CancelOutcome | None:
        """Request cancellation of a run; the first reason stays. None if there is no such run."""
        async with self._db.sql_transaction(user_id) as session:
            values = {"run_id": run_id, "reason": reason}
            row = (await session.execute(CANCEL, values)).one_or_none()
            if row is not None:
                run = to_run(row)
                return CancelOutcome(run, StoppedRun(run.run_id, run.worker_id))
            row = (await session.execute(_FIND, {"run_id": run_id})).one_or_none()
            return CancelOutcome(to_run(row), None) if row is not None else None

    async def finish_titled(
        self,
        run: RunRecord,
        status: EndStatus,
        error: str | None,
        seq_high: int,
        log_bytes: int | None,
        title: str | None,
    ) -> str | None:
        """Store a run's outcome as `RunRepository.finish` does, and the title of its new thread.

        Returns:
            The thread's title, the user's if there is one; None if the thread has been deleted.

        Raises:
            RunLostError: another attempt has the run.
        """
        values = {
            "run_id": run.run_id,
            "attempt": run.attempt,
            "thread_id": run.thread_id,
            "status": status,
            "error": error,
            "seq_high": seq_high,
            "log_bytes": log_bytes,
            "title": title,
        }
        row = (await self._db.execute(FINISH_TITLED, values, run.user_id)).one_or_none()
        if row is None:
            raise RunLostError(run.run_id)
        return cast("str | None", row.title)

    async def _one(self, statement: TextClause, user_id: str, **values: object) -> RunRecord | None:
        row = (await self._db.execute(statement, values, user_id)).one_or_none()
        return to_run(row) if row is not None else None
