"""This service's errors.

NotFoundError
├── TaskNotFoundError      404  task-not-found
├── ListNotFoundError      404  list-not-found
└── PendingNotFoundError   404  pending-change-not-found
ConflictError
├── ConfirmationRequiredError  409  confirmation-required
├── PendingDecidedError        409  pending-change-decided  `decision` says how
├── PendingChangedError        409  pending-change-changed  `revision` is the present one
├── NothingToUndoError         409  nothing-to-undo
├── UndoConflictError          409  undo-conflict           `conflicts` names what has changed
├── ListExistsError        409  list-exists       `list_id` names the list that has the name
├── DefaultListError       409  default-list
└── StaleAttemptError      409  stale-attempt     `attempt` is the highest one seen
InvalidInputError
├── TooManyTasksError      422  too-many-open-tasks
├── TooManyOperationsError 422  too-many-operations
└── TooManyListsError      422  too-many-lists
TooManyRequestsError
└── TooManyStreamsError    429  too-many-streams
UnavailableError
└── BusyError              503  busy
"""

from typing import Any, Final

from todochat.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
)

MAX_NAMED: Final = 10


class TaskNotFoundError(NotFoundError):
    """No task with this id or number, or it is deleted or somebody else's."""

    code, title = "task-not-found", "There is no such task"

    def __init__(self) -> None:
        super().__init__("You have no task with this id or number.")


class ListNotFoundError(NotFoundError):
    """No list with this id, or it is deleted or somebody else's."""

    code, title = "list-not-found", "There is no such list"

    def __init__(self) -> None:
        super().__init__("You have no list with this id.")


class PendingNotFoundError(NotFoundError):
    """No pending change with this id, or it is somebody else's."""

    code, title = "pending-change-not-found", "There is no such pending change"

    def __init__(self) -> None:
        super().__init__("You have no pending change with this id.")


class ConfirmationRequiredError(ConflictError):
    """An agent's change that only the person may decide on."""

    code, title = "confirmation-required", "The person has to confirm this"

    def __init__(self, **extensions: Any) -> None:
        detail = "This changes more than an agent may change without a confirmation."
        super().__init__(detail, **extensions)


class PendingDecidedError(ConflictError):
    """The pending change was confirmed or discarded, or it has expired."""

    code, title = "pending-change-decided", "This pending change is no longer open"

    def __init__(self, status: str) -> None:
        super().__init__(f"The pending change is {status}.", decision=status)


class PendingChangedError(ConflictError):
    """More was added to the pending change since the person saw it."""

    code, title = "pending-change-changed", "This pending change has changed"

    def __init__(self, revision: int) -> None:
        super().__init__("More was added since this was shown.", revision=revision)


class NothingToUndoError(ConflictError):
    """There is no change left that can be undone."""

    code, title = "nothing-to-undo", "There is nothing to undo"

    def __init__(self) -> None:
        super().__init__("There is nothing left to undo.")


class UndoConflictError(ConflictError):
    """Something was changed again after the change that is to be undone."""

    code, title = "undo-conflict", "Something has changed since"

    def __init__(self, titles: list[str]) -> None:
        named = ", ".join(f'"{title}"' for title in titles[:MAX_NAMED])
        more = f" and {len(titles) - MAX_NAMED} more" if len(titles) > MAX_NAMED else ""
        super().__init__(f"Nothing was undone: {named}{more} changed since.", conflicts=titles)


class ListExistsError(ConflictError):
    """The person has a list of this name, in whatever case."""

    code, title = "list-exists", "There is a list of this name"

    def __init__(self, name: str, list_id: str) -> None:
        super().__init__(f'You have a list called "{name}" already.', list_id=list_id)


class DefaultListError(ConflictError):
    """The default list stays."""

    code, title = "default-list", "The default list can't be deleted"

    def __init__(self) -> None:
        super().__init__("Tasks that name no list need it.")


class StaleAttemptError(ConflictError):
    """A later attempt of the same run has been here: the caller has lost the run."""

    code, title = "stale-attempt", "A later attempt of this run has taken over"

    def __init__(self, attempt: int) -> None:
        super().__init__(f"Attempt {attempt} of this run has been seen.", attempt=attempt)


class TooManyTasksError(InvalidInputError):
    """One more open task would be over the limit."""

    code, title = "too-many-open-tasks", "Too many open tasks"

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} tasks may be open; complete or delete some first.")


class TooManyOperationsError(InvalidInputError):
    """More would wait for one confirmation than may."""

    code, title = "too-many-operations", "Too much for one confirmation"

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} changes may wait for one confirmation.")


class TooManyListsError(InvalidInputError):
    """One more list would be over the limit."""

    code, title = "too-many-lists", "Too many lists"

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} lists are kept; delete one first.")


class TooManyStreamsError(TooManyRequestsError):
    """The person has as many change feeds open here as they may."""

    code, title = "too-many-streams", "Too many open change feeds"

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} change feeds may be open at once.", retry_after_s=5)


class BusyError(UnavailableError):
    """Other changes of the same person took too long to get out of the way."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__("Your other changes are still being written.", retry_after_s=1)
