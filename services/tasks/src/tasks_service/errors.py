"""This service's errors.

NotFoundError
├── TaskNotFoundError      404  task-not-found
├── ListNotFoundError      404  list-not-found
├── FilterNotFoundError    404  filter-not-found
├── TagNotFoundError       404  tag-not-found
├── NotInTrashError        404  not-in-trash
├── ReminderNotFoundError  404  reminder-not-found
├── CalendarNotFoundError  404  calendar-not-found
├── DeviceNotFoundError    404  device-not-found
├── SectionNotFoundError   404  section-not-found
└── PendingNotFoundError   404  pending-change-not-found
ConflictError
├── ConfirmationRequiredError  409  confirmation-required
├── PendingDecidedError        409  pending-change-decided  `decision` is its status
├── PendingChangedError        409  pending-change-changed  `revision` is the current one
├── NothingToUndoError         409  nothing-to-undo
├── UndoConflictError          409  undo-conflict           `conflicts` has the titles, `details` the reasons
├── NotRepeatingError          409  not-repeating
├── SeriesEndedError           409  series-ended
├── OpenInstanceError          409  open-instance
├── ListExistsError            409  list-exists             `list_id` is the existing list
├── FilterExistsError          409  filter-exists           `filter_id` is the existing filter
├── TagExistsError             409  tag-exists              `tag_id` is the existing tag
├── OpenSubtasksError          409  open-subtasks           `subtasks` has the first ones, `count` all
├── EmailUnavailableError      409  email-unavailable
├── DefaultListError           409  default-list
└── StaleAttemptError          409  stale-attempt           `attempt` is the highest one seen
PreconditionFailedError
└── VersionChangedError    412  version-changed         `current` is the current state
InvalidInputError
├── InvalidFilterError     422  invalid-filter          `column` and what was `expected` there
├── TooManyTasksError      422  too-many-open-tasks
├── TooManyOperationsError 422  too-many-operations
├── TooManyTargetsError    422  too-many-targets
├── TooManyFiltersError    422  too-many-filters
├── TooManyTagsError       422  too-many-tags
├── TooManySubtasksError   422  too-many-subtasks
├── TooManySectionsError   422  too-many-sections
├── TooManyDevicesError    422  too-many-devices
├── UnknownFormatError     422  unknown-file-format     `formats` are the known ones
├── UnreadableFileError    422  unreadable-file
├── SlowFileError          422  slow-file
├── WrongCodeError         422  wrong-code
└── TooManyListsError      422  too-many-lists
PayloadTooLargeError
└── FileTooLargeError      413  file-too-large
TooManyRequestsError
└── TooManyFeedsError      429  too-many-streams
UnavailableError
└── BusyError              503  busy
"""

from collections.abc import Sequence
from typing import Any, Final

from todochat.contracts.task_changes import ChangedTask, UndoConflict
from todochat.contracts.tasks import Task, TaskList
from todochat.errors import (
    ConflictError,
    FieldError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
    PreconditionFailedError,
    TooManyRequestsError,
    UnavailableError,
)

MAX_NAMED: Final = 10


class TaskNotFoundError(NotFoundError):
    """The user has no task with this ID or number, or it is deleted."""

    code, title = "task-not-found", "Task not found"

    def __init__(self) -> None:
        super().__init__("You have no task with this ID or number.")


class CalendarNotFoundError(NotFoundError):
    """No calendar feed has this address, or it was revoked."""

    code, title = "calendar-not-found", "Calendar not found"

    def __init__(self) -> None:
        super().__init__("No calendar has this address; it may have been revoked.")


class DeviceNotFoundError(NotFoundError):
    """The user has no device with this ID."""

    code, title = "device-not-found", "Device not found"

    def __init__(self) -> None:
        super().__init__("You have no device with this ID.")


class ListNotFoundError(NotFoundError):
    """The user has no list with this ID, or it is deleted."""

    code, title = "list-not-found", "List not found"

    def __init__(self) -> None:
        super().__init__("You have no list with this ID.")


class ReminderNotFoundError(NotFoundError):
    """The user has no open task with this reminder."""

    code, title = "reminder-not-found", "Reminder not found"

    def __init__(self) -> None:
        super().__init__("You have no open task with this reminder.")


class NotInTrashError(NotFoundError):
    """The trash has no task or list with this ID."""

    code, title = "not-in-trash", "Not in the trash"

    def __init__(self) -> None:
        super().__init__("There is no task or list with this ID in your trash.")


class FilterNotFoundError(NotFoundError):
    """The user has no saved filter with this ID, or it is deleted."""

    code, title = "filter-not-found", "Filter not found"

    def __init__(self) -> None:
        super().__init__("You have no saved filter with this ID.")


class TagNotFoundError(NotFoundError):
    """No task of the user has this tag, and it isn't stored."""

    code, title = "tag-not-found", "Tag not found"

    def __init__(self) -> None:
        super().__init__("You have no tag with this ID.")


class SectionNotFoundError(NotFoundError):
    """The user has no section with this ID, or it is deleted."""

    code, title = "section-not-found", "Section not found"

    def __init__(self) -> None:
        super().__init__("You have no section with this ID.")


class PendingNotFoundError(NotFoundError):
    """The user has no pending change with this ID."""

    code, title = "pending-change-not-found", "Pending change not found"

    def __init__(self) -> None:
        super().__init__("You have no pending change with this ID.")


class ConfirmationRequiredError(ConflictError):
    """The agent's change needs the user's confirmation."""

    code, title = "confirmation-required", "Confirmation required"

    def __init__(self, **extensions: Any) -> None:
        detail = "This changes more than an agent may change without your confirmation."
        super().__init__(detail, **extensions)


class TurnLimitError(ConflictError):
    """The agent has added or changed as much as it may without another message of the user."""

    code, title = "turn-limit", "Limit of one turn reached"

    def __init__(self, verb: str, limit: int, kind: str) -> None:
        super().__init__(
            f"One turn can {verb} {limit} {kind} at most. Stop here, and say what is done and what is left: the"
            " rest needs another message of the user."
        )


class PendingDecidedError(ConflictError):
    """The pending change was confirmed or discarded, or has expired."""

    code, title = "pending-change-decided", "Pending change is no longer open"

    def __init__(self, status: str) -> None:
        super().__init__(f"The pending change is {status}.", decision=status)


class PendingChangedError(ConflictError):
    """Operations were added to the pending change since the user saw it."""

    code, title = "pending-change-changed", "Pending change was modified"

    def __init__(self, revision: int) -> None:
        super().__init__(
            "Operations were added since you saw the pending change.", revision=revision
        )


class NothingToUndoError(ConflictError):
    """No change is left to undo."""

    code, title = "nothing-to-undo", "Nothing to undo"

    def __init__(self) -> None:
        super().__init__("There is no change left to undo.")


class UndoConflictError(ConflictError):
    """Tasks or lists were changed again after the changes to undo, or can't be restored."""

    code, title = "undo-conflict", "Conflicting later changes"

    def __init__(self, conflicts: Sequence[UndoConflict]) -> None:
        titles = list(dict.fromkeys(conflict.name for conflict in conflicts))
        named = ", ".join(f'"{title}"' for title in titles[:MAX_NAMED])
        more = f" and {len(titles) - MAX_NAMED} more" if len(titles) > MAX_NAMED else ""
        super().__init__(
            f"Nothing was undone, because of later changes to {named}{more}.",
            conflicts=titles,
            details=list(conflicts),
        )


class NotRepeatingError(ConflictError):
    """Only an open task that repeats can be skipped."""

    code, title = "not-repeating", "The task doesn't repeat"

    def __init__(self) -> None:
        super().__init__("Only an open task that repeats can be skipped.")


class SeriesEndedError(ConflictError):
    """There is no instance after this one."""

    code, title = "series-ended", "The series ends with this task"

    def __init__(self) -> None:
        super().__init__("This is the last one of its series; complete or delete it.")


class OpenInstanceError(ConflictError):
    """A deleted instance of a repeating task isn't restored beside an open one."""

    code, title = "open-instance", "Another instance is open"

    def __init__(self) -> None:
        super().__init__("Another instance of this repeating task is open; complete it first.")


class ListExistsError(ConflictError):
    """The user has a list with this name, ignoring case."""

    code, title = "list-exists", "List name already in use"

    def __init__(self, name: str, list_id: str) -> None:
        super().__init__(f'You already have a list named "{name}".', list_id=list_id)


class FilterExistsError(ConflictError):
    """The user has a saved filter with this name, ignoring case."""

    code, title = "filter-exists", "Filter name already in use"

    def __init__(self, name: str, filter_id: str) -> None:
        super().__init__(f'You already have a filter named "{name}".', filter_id=filter_id)


class TagExistsError(ConflictError):
    """The user has a tag with this name, ignoring case."""

    code, title = "tag-exists", "Tag name already in use"

    def __init__(self, name: str, tag_id: str) -> None:
        super().__init__(f'You already have a tag named "{name}".', tag_id=tag_id)


class OpenSubtasksError(ConflictError):
    """The task to complete has open subtasks, and the user wants to be asked about them."""

    code, title = "open-subtasks", "Open subtasks"

    def __init__(self, subtasks: Sequence[ChangedTask]) -> None:
        named = ", ".join(f'"{task.title}"' for task in subtasks[:MAX_NAMED])
        more = f" and {len(subtasks) - MAX_NAMED} more" if len(subtasks) > MAX_NAMED else ""
        super().__init__(
            f"The task has open subtasks: {named}{more}. Repeat the request with"
            ' "subtasks": "complete" to complete them, too, or "keep" to keep them open.',
            subtasks=[
                {"id": task.id, "number": task.number, "title": task.title}
                for task in subtasks[:MAX_NAMED]
            ],
            count=len(subtasks),
        )


class EmailUnavailableError(ConflictError):
    """Reminders can't be sent to the user by e-mail."""

    code, title = "email-unavailable", "No reminders by e-mail"


class WrongCodeError(InvalidInputError):
    """The code isn't the one that was sent to the user's address, or isn't valid any more."""

    code, title = "wrong-code", "Wrong code"

    def __init__(self) -> None:
        detail = "The code is wrong or has expired; switch reminders on again for a new one."
        super().__init__(detail, errors=[FieldError("/code", "is wrong or has expired")])


class DefaultListError(ConflictError):
    """The default list can't be deleted or archived."""

    code, title = "default-list", "The default list can't be deleted or archived"

    def __init__(self) -> None:
        super().__init__("Tasks without a list are added to the default list.")


class StaleAttemptError(ConflictError):
    """A later attempt of the run has made changes: the caller has lost its lease."""

    code, title = "stale-attempt", "A later attempt of this run has taken over"

    def __init__(self, attempt: int) -> None:
        super().__init__(
            f"Attempt {attempt} of this run has already made changes.", attempt=attempt
        )


class InvalidFilterError(InvalidInputError):
    """A filter can't be understood.

    Args:
        pointer: names the filter: a parameter, or a JSON pointer.
        column: position of the problem in the filter, from 1.
        expected: what could stand there.
    """

    code, title = "invalid-filter", "Invalid filter"

    def __init__(
        self, problem: str, *, pointer: str, column: int, expected: Sequence[str] = ()
    ) -> None:
        super().__init__(
            f"Column {column} of the filter: {problem}.",
            errors=[FieldError(pointer, problem)],
            column=column,
            expected=list(expected),
        )


class VersionChangedError(PreconditionFailedError):
    """The task or list isn't in the state that the caller has seen."""

    code = "version-changed"

    def __init__(self, current: Task | TaskList, tag: str) -> None:
        super().__init__(
            "It was changed since you read it. Nothing was changed now.",
            headers={"ETag": tag},
            current=current,
        )


class TooManyTasksError(InvalidInputError):
    """The user has reached the limit on open tasks."""

    code, title = "too-many-open-tasks", "Too many open tasks"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can have at most {limit} open tasks; complete or delete some first.")


class TooManyOperationsError(InvalidInputError):
    """The pending change would have too many operations."""

    code, title = "too-many-operations", "Too many changes for one confirmation"

    def __init__(self, limit: int) -> None:
        super().__init__(f"One confirmation can include at most {limit} changes.")


class TooManyTargetsError(InvalidInputError):
    """The filter of a bulk change selects too many tasks."""

    code, title = "too-many-targets", "Too many tasks for one change"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The filter selects more than {limit} tasks; narrow it.")


class TooManyFiltersError(InvalidInputError):
    """The user has reached the limit on saved filters."""

    code, title = "too-many-filters", "Too many saved filters"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can have at most {limit} saved filters; delete one first.")


class TooManyTagsError(InvalidInputError):
    """The user has reached the limit on stored tags."""

    code, title = "too-many-tags", "Too many tags"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can have at most {limit} tags with a colour; delete one first.")


class TooManySubtasksError(InvalidInputError):
    """The task has as many subtasks as it can have."""

    code, title = "too-many-subtasks", "Too many subtasks"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A task can have at most {limit} subtasks.")


class TooManySectionsError(InvalidInputError):
    """The list has as many sections as it can have."""

    code, title = "too-many-sections", "Too many sections"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A list can have at most {limit} sections; delete one first.")


class TooManyDevicesError(InvalidInputError):
    """The user has reached the limit on devices."""

    code, title = "too-many-devices", "Too many devices"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can get reminders on at most {limit} devices; remove one first.")


class UnknownFormatError(InvalidInputError):
    """An imported file isn't of the wanted format, or of any that is known."""

    code, title = "unknown-file-format", "Unknown file format"

    def __init__(self, formats: Sequence[str]) -> None:
        super().__init__(
            "The file isn't of the wanted format, or of one that can be imported:"
            f" {', '.join(formats)}.",
            formats=list(formats),
        )


class UnreadableFileError(InvalidInputError):
    """An imported file is damaged."""

    code, title = "unreadable-file", "The file can't be read"


class SlowFileError(InvalidInputError):
    """Reading or writing an import takes too long."""

    code, title = "slow-file", "The file takes too long"

    def __init__(self) -> None:
        super().__init__(
            "Importing this file takes too long. Repeat the import: what was written stays and is skipped."
        )


class FileTooLargeError(PayloadTooLargeError):
    """An imported file has too many tasks, or unpacks to too much."""

    code, title = "file-too-large", "The file is too large"


class TooManyListsError(InvalidInputError):
    """The user has reached the limit on lists."""

    code, title = "too-many-lists", "Too many lists"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can have at most {limit} lists; delete one first.")


class TooManyFeedsError(TooManyRequestsError):
    """The user has reached the limit on open change feeds."""

    code, title = "too-many-streams", "Too many open change feeds"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"You can have at most {limit} change feeds open at the same time.", retry_after_s=5
        )


class BusyError(UnavailableError):
    """Other changes of the user hold their lock for too long."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__("Your other changes are still being saved.", retry_after_s=1)
