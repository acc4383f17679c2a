"""A run, one accepted request that streams a response, and its row in `runs`."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy.engine import Row

from todochat.contracts.runs import ACTIVE_STATUSES, RunStatus

RunKind = Literal["agent", "action"]
EndStatus = Literal["completed", "failed", "cancelled"]
CancelReason = Literal["user", "abandoned", "thread-deleted"]

# A run that was claimed by this many workers when they died is not retried.
MAX_CRASHES: Final = 3


class TurnRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The changes that acceptance made to the thread and that the stream has yet to publish.

    Args:
        new_thread: acceptance created the thread.
        removed_item_ids: visible items that a retry deleted, oldest first.
        replaced_item_id: the structured input that was answered.
        sender_item_id: the widget that sent an action.
    """

    new_thread: bool = False
    removed_item_ids: list[str] = []
    replaced_item_id: str | None = None
    sender_item_id: str | None = None


class AcceptedFields(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of `runs` that acceptance writes.

    Args:
        agent: name of the agent that the run and its thread belong to.
        kind: `agent` runs are exclusive per thread, `action` runs are not.
        request: the request body, byte for byte; cleared when the run ends.
        headers: headers of the client that chat-gateway forwards; cleared when the run ends.
    """

    run_id: str
    user_id: str
    thread_id: str
    conversation_id: int
    agent: str
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
    headers: dict[str, str]
    created_at: datetime


class RunRecord(AcceptedFields, frozen=True, kw_only=True):
    """One row of `runs`.

    Args:
        attempt: incremented by each claim; fences every write of the run.
        crashes: how many claims took the run over after its lease had expired.
        closed_at: when the end marker was confirmed in the run's log.
    """

    status: RunStatus
    attempt: int
    crashes: int
    worker_id: str | None
    cancel_requested_at: datetime | None
    cancel_reason: str | None
    seq_high: int
    error: str | None
    ended_at: datetime | None

    @property
    def is_active(self) -> bool:
        """True until the run has an outcome."""
        return self.status in ACTIVE_STATUSES

    @property
    def is_poisoned(self) -> bool:
        """True if the run has crashed MAX_CRASHES workers and must end as failed."""
        return self.crashes >= MAX_CRASHES


class RunLease(msgspec.Struct, frozen=True):
    """A run whose lease was just renewed, with its cancellation request, if any."""

    run_id: str
    attempt: int
    cancel_requested: bool
    cancel_reason: str | None


class StoppedRun(msgspec.Struct, frozen=True):
    """A run with a cancellation request; `worker_id` must be notified, None if unclaimed."""

    run_id: str
    worker_id: str | None


# JSON is selected as text, for msgspec to decode into a struct.
RUN_COLUMNS: Final = ", ".join(
    f"CAST({name} AS text) AS {name}" if name in {"turn", "headers"} else name
    for name in RunRecord.__struct_fields__
)

_decode_turn: Final = msgspec.json.Decoder(TurnRecord).decode
_decode_headers: Final = msgspec.json.Decoder(dict[str, str]).decode


def to_run(row: Row[Any]) -> RunRecord:
    """Build a run from a row that has `RUN_COLUMNS`."""
    return RunRecord(**run_values(row))


def run_values(row: Row[Any]) -> dict[str, Any]:
    """Return the columns of a row that has `RUN_COLUMNS` and maybe others, with JSON decoded."""
    values = row._asdict()
    values["turn"] = _decode_turn(values["turn"])
    values["headers"] = _decode_headers(values["headers"])
    return values
