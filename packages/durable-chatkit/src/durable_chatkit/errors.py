"""Errors of the chat API, as a tree below the errors of `todochat.errors`.

NotFoundError
├── UnknownResourceError       404  not-found (openai-chatkit's NotFoundError too)
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
├── ItemExistsError            409  item-exists
└── ActionRefusedError         409  action-refused
PayloadTooLargeError
└── FileTooLargeError          413  file-too-large
InvalidInputError
├── UnsupportedFileError       422  unsupported-file
└── FeatureUnavailableError    422  feature-unavailable
TooManyRequestsError
├── TooManyRunsError           429  too-many-runs
├── LogQuotaError              429  log-quota
└── BudgetExceededError        429  budget-spent
UnavailableError
├── RunQueueFullError          503  queue-full
├── TranscriptionFailedError   503  transcription-failed
├── FileReadersBusyError       503  file-readers-busy
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
    """The thread, item, run or attachment doesn't exist or belongs to another user."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"There is no such {kind}.")


class NoActiveRunError(NotFoundError):
    """The thread has no run to attach to."""

    code, title = "no-active-run", "No active run"

    def __init__(self, thread_id: str) -> None:
        super().__init__("This thread has no active run.", thread_id=thread_id)


class UnknownRequestTypeError(BadRequestError):
    """The request's `type` is not a ChatKit request type that this server supports."""

    code, title = "unknown-request-type", "Unknown request type"


class ThreadBusyError(ConflictError):
    """A response is still in progress in this thread; `run_id` names its run."""

    code, title = "thread-busy", "This thread is busy"

    def __init__(self, *, run_id: str, thread_id: str) -> None:
        super().__init__(
            "A response is still in progress in this thread. Wait for it or cancel it.",
            run_id=run_id,
            thread_id=thread_id,
        )


class ThreadLockedError(ConflictError):
    """The thread is locked or closed and accepts no new requests."""

    code, title = "thread-locked", "This thread is locked"


class ItemExistsError(ConflictError):
    """`add_thread_item` was called for an item that the thread already has."""

    code, title = "item-exists", "This item already exists"

    def __init__(self, item_id: str) -> None:
        super().__init__(f"The thread already has an item {item_id!r}; use save_item to change it.")


class NotPendingError(ConflictError):
    """The item is not, or no longer, waiting for the input in the request."""

    code, title = "not-pending", "Not pending"


class ActionRefusedError(ConflictError):
    """The handler rejected the action permanently; the detail is the handler's own message."""

    code, title = "action-refused", "Action refused"


class ActionFailedError(UnavailableError):
    """The action failed and had no effect; a new request may succeed."""

    code, title = "action-failed", "Action failed"


class ActionPendingError(UnavailableError):
    """The action is still in progress; repeat the request with its Idempotency-Key to keep waiting."""

    code, title = "action-pending", "Action in progress"


class AccountLockedError(ConflictError):
    """The account is being erased or was erased; its data can be neither read nor written."""

    code, title = "account-locked", "This account is closed"

    def __init__(self) -> None:
        super().__init__("This account is being erased.")


class ErasureInProgressError(ConflictError):
    """Active runs are still stopping; `Retry-After` says when to retry."""

    code, title = "erasure-in-progress", "Erasure in progress"

    def __init__(self, active_runs: int, retry_after_s: int) -> None:
        super().__init__(
            "Runs of this account are still stopping.",
            headers={"Retry-After": str(retry_after_s)},
            active_runs=active_runs,
        )


class AttachmentQuotaError(ConflictError):
    """The user has reached the limit on the number or total size of stored files."""

    code, title = "attachment-quota", "Attachment quota reached"


class AttachmentInUseError(ConflictError):
    """The attachment has already been uploaded or belongs to another thread."""

    code, title = "attachment-taken", "This file is in use"


class FileTooLargeError(PayloadTooLargeError):
    """The file exceeds the size limit."""

    code, title = "file-too-large", "The file is too large"


class UnsupportedFileError(InvalidInputError):
    """The file's type is not supported or differs from the declared type."""

    code, title = "unsupported-file", "Unsupported file"


class TranscriptionFailedError(UnavailableError):
    """The transcription model is unreachable or timed out."""

    code, title = "transcription-failed", "Transcription failed"

    def __init__(self) -> None:
        super().__init__("The recording could not be transcribed. Try again in a moment.")


class FileReadersBusyError(UnavailableError):
    """Too many uploads are being read already."""

    code, title = "file-readers-busy", "Too many files are being read"

    def __init__(self) -> None:
        super().__init__("Too many files are being read at the moment. Try again in a moment.")


class FeatureUnavailableError(InvalidInputError):
    """The request is part of the protocol, but this installation doesn't support it."""

    code, title = "feature-unavailable", "Feature not available"


class TooManyRunsError(TooManyRequestsError):
    """The user has reached the limit on runs in progress."""

    code, title = "too-many-runs", "Too many runs in progress"


class LogQuotaError(TooManyRequestsError):
    """The logs of the user's active runs have reached their size limit."""

    code, title = "log-quota", "Responses in progress are too long"


class BudgetExceededError(TooManyRequestsError):
    """The daily model budget is used up; `resets_at` says when the next one starts."""

    code, title = "budget-spent", "Daily budget used up"

    def __init__(self, detail: str, *, resets_at: datetime, retry_after_s: float) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, resets_at=to_wire(resets_at))


class RunQueueFullError(UnavailableError):
    """The queue of runs waiting for a worker is full."""

    code, title = "queue-full", "Run queue is full"
