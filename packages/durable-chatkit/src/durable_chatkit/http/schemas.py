"""Wire types of the internal api."""

from datetime import datetime
from typing import Literal

import msgspec

from durable_chatkit.storage.run import RunRecord, RunStatus


class RunView(msgspec.Struct, frozen=True):
    """A run as chat-gateway sees it."""

    run_id: str
    thread_id: str
    conversation_id: int
    status: RunStatus
    user_id: str
    created_at: datetime
    ended_at: datetime | None


class RunList(msgspec.Struct, frozen=True):
    """Runs, the newest first."""

    items: list[RunView]


class CancelRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a run is to stop: its user said so, or nobody is there any more."""

    reason: Literal["user", "abandoned"]


class CancelView(msgspec.Struct, frozen=True):
    """The run's status at the moment; its end comes through the run's stream."""

    status: RunStatus


def to_view(run: RunRecord) -> RunView:
    """Choose what of a run is told."""
    return RunView(
        run_id=run.run_id,
        thread_id=run.thread_id,
        conversation_id=run.conversation_id,
        status=run.status,
        user_id=run.user_id,
        created_at=run.created_at,
        ended_at=run.ended_at,
    )
