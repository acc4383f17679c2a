"""Wire types of todo-agent's internal api, which chat-gateway calls."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

RunStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
CancelRequestReason = Literal["user", "abandoned"]

ACTIVE_STATUSES: Final[frozenset[RunStatus]] = frozenset({"queued", "running"})


class AcceptedRun(msgspec.Struct, frozen=True):
    """The run whose stream answers a request; `replayed` if an earlier request started it."""

    run_id: str
    thread_id: str
    conversation_id: int
    replayed: bool = False


class RunView(msgspec.Struct, frozen=True):
    """A run."""

    run_id: str
    thread_id: str
    conversation_id: int
    status: RunStatus
    user_id: str
    created_at: datetime
    ended_at: datetime | None


class RunList(msgspec.Struct, frozen=True):
    """Runs, newest first.

    Args:
        stopped_after: for one thread, the last items of the responses that the user stopped.
        interrupted_after: the same for responses that were cancelled for another reason.
    """

    items: list[RunView]
    stopped_after: list[str] = []
    interrupted_after: list[str] = []


class CancelRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Reason to stop a run: its user cancelled it, or all of its viewers left."""

    reason: CancelRequestReason


class CancelView(msgspec.Struct, frozen=True):
    """The status of a run when its cancellation was requested; its stream reports the end."""

    status: Annotated[RunStatus, Meta(examples=["running"])]


class AssistantView(msgspec.Struct, frozen=True):
    """Capabilities of the deployment's assistant."""

    offline: Annotated[
        bool,
        Meta(description="No model is configured; the built-in offline assistant answers."),
    ]
    dictation: Annotated[bool, Meta(description="Speech can be transcribed.")]
