"""This service's errors.

NotFoundError
├── TaskNotFoundError      404  task-not-found
└── ListNotFoundError      404  list-not-found
ConflictError
├── ListExistsError        409  list-exists       `list_id` names the list that has the name
├── DefaultListError       409  default-list
└── StaleAttemptError      409  stale-attempt     `attempt` is the highest one seen
InvalidInputError
├── TooManyTasksError      422  too-many-open-tasks
└── TooManyListsError      422  too-many-lists
TooManyRequestsError
└── TooManyStreamsError    429  too-many-streams
UnavailableError
└── BusyError              503  busy
"""

from todochat.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
)


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
