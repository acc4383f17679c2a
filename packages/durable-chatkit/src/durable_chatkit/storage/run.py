"""A run as storage knows it: one accepted request that streams an answer."""

from datetime import datetime
from typing import Final, Literal

import msgspec

from todochat.contracts.runs import RunStatus

RunKind = Literal["agent", "action"]
EndStatus = Literal["completed", "failed", "cancelled"]
CancelReason = Literal["user", "abandoned", "thread-deleted"]

# A run that was in the hands of this many workers when they died isn't tried again.
MAX_CRASHES: Final = 3

ACTIVE: Final = frozenset({"queued", "running"})


class TurnRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What acceptance did to the thread, as far as the stream must still say it.

    Args:
        new_thread: the thread came into being with this run.
        removed_item_ids: visible items that a retry took out, oldest first.
        replaced_item_id: the structured input whose answers arrived.
        sender_item_id: the widget that an action came from.
    """

    new_thread: bool = False
    removed_item_ids: list[str] = []
    replaced_item_id: str | None = None
    sender_item_id: str | None = None


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `runs`.

    Args:
        kind: `agent` runs are exclusive per thread, `action` runs are not.
        request: the body as the browser sent it; emptied when the run ends.
        attempt: grows with each claim; every write of the run is fenced by it.
        crashes: how often a claim took the run from a worker whose lease had ended.
        closed_at: when the end marker was known to be in the run's log.
        taken_over: this claim took the run from a worker whose lease had ended; no column.
    """

    run_id: str
    user_id: str
    thread_id: str
    conversation_id: int
    kind: RunKind
    request_type: str
    request: bytes
    simple_form: bool
    turn: TurnRecord
    user_message_id: str | None
    body_hash: str
    timezone: str
    locale: str
    traceparent: str | None
    status: RunStatus
    attempt: int
    crashes: int
    worker_id: str | None
    cancel_requested_at: datetime | None
    cancel_reason: str | None
    seq_high: int
    error: str | None
    created_at: datetime
    ended_at: datetime | None
    taken_over: bool = False

    @property
    def is_active(self) -> bool:
        """Whether the run has not ended yet."""
        return self.status in ACTIVE

    @property
    def is_poisoned(self) -> bool:
        """Whether the run has killed so many workers that it has to end as failed."""
        return self.crashes >= MAX_CRASHES


class RunLease(msgspec.Struct, frozen=True):
    """A run whose lease was just renewed, and whether somebody wants it to stop."""

    run_id: str
    attempt: int
    cancel_requested: bool
    cancel_reason: str | None


class StoppedRun(msgspec.Struct, frozen=True):
    """A run that was asked to stop; `worker_id` is who has to hear of it, None if nobody has it."""

    run_id: str
    worker_id: str | None
