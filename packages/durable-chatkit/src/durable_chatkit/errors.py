"""Errors of the chat api, and those of `todochat.errors` that they refine.

NotFoundError
├── UnknownResourceError          404  not-found (openai-chatkit's NotFoundError too)
└── NoActiveRunError           404  no-active-run
BadRequestError
└── UnknownRequestTypeError    400  unknown-request-type
ConflictError
├── ThreadBusyError            409  thread-busy
├── ThreadLockedError          409  thread-locked
├── NotPendingError            409  not-pending
├── AccountLockedError         409  account-locked
├── ErasureInProgressError     409  erasure-in-progress
├── AttachmentQuotaError       409  attachment-quota
├── AttachmentInUseError       409  attachment-taken
└── ActionRefusedError         409  action-refused
PayloadTooLargeError
└── FileTooLargeError          413  file-too-large
InvalidInputError
├── UnsupportedFileError       422  unsupported-file
└── FeatureUnavailableError    422  feature-unavailable
TooManyRequestsError
├── TooManyRunsError           429  too-many-runs
├── LogQuotaError              429  log-quota
└── BudgetExceededError           429  budget-spent
UnavailableError
├── RunQueueFullError             503  queue-full
├── TranscriptionFailedError   503  transcription-failed
├── ActionFailedError          503  action-failed
└── ActionPendingError         503  action-pending
"""

from datetime import datetime

from chatkit.store import NotFoundError as ChatKitNotFoundError

from todochat.clock import to_wire
from todochat.errors import (
    BadRequestError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
    TooManyRequestsError,
    UnavailableError,
)


class UnknownResourceError(NotFoundError, ChatKitNotFoundError):
    """There is no such thread, item or attachment, or it is another user's."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"There is no such {kind}.")


class NoActiveRunError(NotFoundError):
    """The thread has no run to attach to."""

    code, title = "no-active-run", "Nothing is running"

    def __init__(self, thread_id: str) -> None:
        super().__init__("This thread has no active run.", thread_id=thread_id)


class UnknownRequestTypeError(BadRequestError):
    """The request's `type` is not one of ChatKit's that this server knows."""

    code, title = "unknown-request-type", "Unknown request type"


class ThreadBusyError(ConflictError):
    """An answer is still being written in this thread; `run_id` names its run."""

    code, title = "thread-busy", "This thread is busy"

    def __init__(self, *, run_id: str, thread_id: str) -> None:
        super().__init__(
            "An answer is still being written in this thread; wait for it or cancel it.",
            run_id=run_id,
            thread_id=thread_id,
        )


class ThreadLockedError(ConflictError):
    """The thread is locked or closed and takes nothing new."""

    code, title = "thread-locked", "This thread is locked"


class NotPendingError(ConflictError):
    """What the request answers is not, or no longer, waiting for an answer."""

    code, title = "not-pending", "Nothing is waiting for this"


class ActionRefusedError(ConflictError):
    """The action can't be done, now or later; the detail says why, in the handler's words."""

    code, title = "action-refused", "This can't be done"


class ActionFailedError(UnavailableError):
    """The action was not done; a new one may be."""

    code, title = "action-failed", "This could not be done"


class ActionPendingError(UnavailableError):
    """The action was accepted and is not done yet; a repeat with its Idempotency-Key waits on."""

    code, title = "action-pending", "Not done yet"


class AccountLockedError(ConflictError):
    """The account is being erased, or was; it takes nothing new and shows nothing more."""

    code, title = "account-locked", "This account is closed"

    def __init__(self) -> None:
        super().__init__("This account is being erased.")


class ErasureInProgressError(ConflictError):
    """Answers are still being stopped; `Retry-After` says when to ask again."""

    code, title = "erasure-in-progress", "Not erased yet"

    def __init__(self, active_runs: int, retry_after_s: int) -> None:
        super().__init__(
            "Answers of this account are still being stopped.",
            headers={"Retry-After": str(retry_after_s)},
            active_runs=active_runs,
        )


class AttachmentQuotaError(ConflictError):
    """The user has as many files, or as many bytes of them, as are kept for one person."""

    code, title = "attachment-quota", "Too many files"


class AttachmentInUseError(ConflictError):
    """The attachment has its bytes already, or belongs to another thread."""

    code, title = "attachment-taken", "This file is in use"


class FileTooLargeError(PayloadTooLargeError):
    """The file is larger than files may be."""

    code, title = "file-too-large", "The file is too large"


class UnsupportedFileError(InvalidInputError):
    """The file is of no type that is taken, or not what it was announced as."""

    code, title = "unsupported-file", "This file can't be taken"


class TranscriptionFailedError(UnavailableError):
    """The transcription model is unreachable or timed out."""

    code, title = "transcription-failed", "Transcription failed"

    def __init__(self) -> None:
        super().__init__("The recording could not be turned into text just now.")


class FeatureUnavailableError(InvalidInputError):
    """A request of the protocol that this installation doesn't offer."""

    code, title = "feature-unavailable", "Not available here"


class TooManyRunsError(TooManyRequestsError):
    """The user has as many runs at once as are allowed."""

    code, title = "too-many-runs", "Too many answers at once"


class LogQuotaError(TooManyRequestsError):
    """The answers in progress are as long as one user's may be together."""

    code, title = "log-quota", "Your answers in progress are too long"


class BudgetExceededError(TooManyRequestsError):
    """What may be spent on models in a day is spent; `resets_at` says when that ends."""

    code, title = "budget-spent", "Today's budget is spent"

    def __init__(self, detail: str, *, resets_at: datetime, retry_after_s: float) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, resets_at=to_wire(resets_at))


class RunQueueFullError(UnavailableError):
    """More runs wait for a worker than the queue takes."""

    code, title = "queue-full", "Too busy"
