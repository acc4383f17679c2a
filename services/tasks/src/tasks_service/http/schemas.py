"""Request bodies; unknown fields are rejected."""

import datetime as dt
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tasks_service.domain.grouping import GROUP_PATTERN, ChangeTarget
from tasks_service.domain.limits import (
    MAX_CHANGE_ID,
    MAX_DEVICE_NAME_CHARS,
    MAX_DURATION_MINUTES,
    MAX_FILTER_CHARS,
    MAX_LIST_NAME_CHARS,
    MAX_NOTES_CHARS,
    MAX_OPERATIONS,
    MAX_REMINDER_MINUTES,
    MAX_REMINDERS,
    MAX_REPEAT_COUNT,
    MAX_SNOOZE_MINUTES,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_TITLE_CHARS,
)
from tasks_service.domain.recurrence import MAX_RULE_CHARS
from tasks_service.domain.task import clean_changes, clean_move
from tasks_service.domain.task_list import ListChanges, clean_list_name
from tasks_service.domain.text import invalid
from tasks_service.domain.web_push import MAX_ENDPOINT_CHARS
from todochat.contracts.task_changes import ListedTasks, Move, PlainTaskChanges, TaskChanges
from todochat.contracts.tasks import (
    Color,
    CompleteSubtasks,
    Due,
    Icon,
    Priority,
    Repeat,
    RepeatFrom,
)

MAX_INTEGER: Final = 2**31 - 1

GroupId = Annotated[str, Meta(pattern=f"^{GROUP_PATTERN}$", description="1 to 128 characters.")]
Title = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_TITLE_CHARS,
        description="One line; surrounding white space is removed.",
    ),
]
Notes = Annotated[str, Meta(max_length=MAX_NOTES_CHARS, description="Any text.")]
Tags = Annotated[
    list[str],
    Meta(
        max_length=MAX_TAGS,
        description=f"At most {MAX_TAG_CHARS} characters each; deduplicated, ignoring case.",
    ),
]
Duration = Annotated[
    int, Meta(ge=1, le=MAX_DURATION_MINUTES, description="How long it takes, up to a year.")
]
ListName = Annotated[
    str,
    Meta(min_length=1, max_length=MAX_LIST_NAME_CHARS, description="Unique, ignoring case."),
]

TagName = Annotated[
    str,
    Meta(min_length=1, max_length=MAX_TAG_CHARS, description="Unique, ignoring case."),
]
FilterText = Annotated[
    str, Meta(max_length=MAX_FILTER_CHARS, description="In the filter language.")
]


class DueInput(Due, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """When a task is due, or starts: either `date` or `at`, never both."""


class RepeatInput(
    Repeat, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The repetition of a task, which needs a due date."""

    rule: Annotated[
        str,
        Meta(
            max_length=MAX_RULE_CHARS,
            description=(
                "An RFC 5545 recurrence rule such as FREQ=WEEKLY;BYDAY=MO. FREQ is HOURLY, DAILY,"
                " WEEKLY, MONTHLY or YEARLY; other parts are INTERVAL, BYMONTH, BYMONTHDAY, BYDAY,"
                " BYSETPOS and WKST, and UNTIL or COUNT, which move to the fields."
            ),
        ),
    ]
    base: RepeatFrom = msgspec.field(default="due", name="from")
    count: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=MAX_REPEAT_COUNT,
                description="How many instances there will be, including this one.",
            ),
        ]
        | None
    ) = None


class ReminderInput(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A reminder: either `at` or `minutes_before`, never both. An equal one keeps its ID."""

    id: Annotated[str | None, Meta(description="Ignored, so that a task's own can be sent.")] = None
    at: Annotated[dt.datetime | None, Meta(description="RFC 3339 with an offset.")] = None
    minutes_before: Annotated[
        Annotated[int, Meta(ge=0, le=MAX_REMINDER_MINUTES)] | None,
        Meta(description="Before the task is due; up to four weeks."),
    ] = None


Reminders = Annotated[list[ReminderInput], Meta(max_length=MAX_REMINDERS)]


class MoveInput(Move, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A new place in the manual order: exactly one of `before`, `after` and `to`."""


class CreateTask(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A task to store."""

    title: Title
    notes: Notes | None = None
    list_id: Annotated[str | None, Meta(description="The default list if null.")] = None
    priority: Priority = "none"
    due: DueInput | None = None
    tags: Tags = []
    section_id: Annotated[str | None, Meta(description="Determines the list.")] = None
    parent_id: Annotated[
        str | None, Meta(description="ID or number of the parent; determines list and section.")
    ] = None
    start: DueInput | None = None
    duration_minutes: Duration | None = None
    pinned: bool = False
    repeat: RepeatInput | None = None
    reminders: Reminders = []


class UpdateTask(PlainTaskChanges, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The fields to change; missing fields stay unchanged."""

    title: Title | UnsetType = UNSET
    notes: Notes | UnsetType | None = UNSET
    due: DueInput | UnsetType | None = UNSET
    tags: Tags | UnsetType = UNSET
    start: DueInput | UnsetType | None = UNSET
    duration_minutes: Duration | UnsetType | None = UNSET
    repeat: RepeatInput | UnsetType | None = UNSET
    reminders: Reminders | UnsetType = UNSET
    move: Annotated[
        MoveInput | UnsetType,
        Meta(description="Next to another task (ID or number), whose list and parent it gets."),
    ] = UNSET

    def to_changes(self) -> TaskChanges:
        """Validate and normalize the fields.

        Raises:
            InvalidInputError: a field breaks a rule.
        """
        return clean_changes(
            self,
            title=self.title,
            notes=self.notes,
            due=self.due,
            tags=self.tags,
            start=self.start,
            duration_minutes=self.duration_minutes,
            repeat=self.repeat,
            reminders=self.reminders,
            move=self.move,
        )


class HeldUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="update"):
    """Change fields of a task."""

    task_id: str
    changes: UpdateTask


class HeldDelete(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="delete"):
    """Delete a task."""

    task_id: str


class HeldRestore(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="restore"):
    """Bring a deleted task back."""

    task_id: str


class HeldListDeletion(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="delete-list"):
    """Delete a list."""

    list_id: str
    tasks: ListedTasks = "move"


class HeldUndo(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="undo"):
    """Undo a group of changes."""

    group_id: GroupId


class HoldChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Operations to hold until the user confirms or discards them."""

    operations: Annotated[
        list[HeldUpdate | HeldDelete | HeldRestore | HeldListDeletion | HeldUndo],
        Meta(min_length=1, max_length=MAX_OPERATIONS),
    ]


class ConfirmChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A confirmation of the revision that the user saw."""

    revision: Annotated[int, Meta(ge=1, le=MAX_INTEGER, description="The revision the user saw.")]


class UndoChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The changes to undo, named by one of the IDs."""

    change_id: Annotated[
        Annotated[int, Meta(ge=1, le=MAX_CHANGE_ID)] | None,
        Meta(description="One change of one task or list."),
    ] = None
    request_id: Annotated[
        GroupId | None, Meta(description="`X-Change-Request` of a response, or from the history.")
    ] = None
    group_id: Annotated[GroupId | None, Meta(description="All that one chat turn did.")] = None
    run_id: Annotated[GroupId | None, Meta(description="All that one run did.")] = None
    scope_id: Annotated[
        GroupId | None, Meta(description="The newest group of this scope that isn't undone yet.")
    ] = None
    task_ids: Annotated[
        Annotated[list[str], Meta(max_length=MAX_OPERATIONS)] | None,
        Meta(description="Undo only changes of these tasks."),
    ] = None

    def to_target(self) -> ChangeTarget | None:
        """Return the target; None means the newest group of the scope.

        Raises:
            InvalidInputError: not exactly one ID is given.
        """
        target = ChangeTarget(
            change_id=self.change_id,
            request_id=self.request_id,
            group_id=self.group_id,
            run_id=self.run_id,
        )
        given = [value for value in msgspec.structs.astuple(target) if value is not None]
        if len(given) + (self.scope_id is not None) != 1:
            names = "change_id, request_id, group_id, run_id or scope_id"
            raise invalid("/", f"must have exactly one of {names}")
        return target if given else None


class CreateFilter(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A filter to save."""

    name: ListName
    filter: FilterText


class UpdateFilter(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields to change; missing fields stay unchanged."""

    name: ListName | UnsetType = UNSET
    filter: FilterText | UnsetType = UNSET


class SnoozeReminder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The delay of a reminder."""

    minutes: Annotated[int, Meta(ge=1, le=MAX_SNOOZE_MINUTES, description="From now on.")]


class DeviceKeys(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The keys of a browser's push subscription."""

    p256dh: Annotated[str, Meta(max_length=100, description="A point of P-256, base64url.")]
    auth: Annotated[str, Meta(max_length=32, description="16 bytes, base64url.")]


class AddDevice(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A browser's push subscription, as `PushSubscription.toJSON()` returns it."""

    endpoint: Annotated[
        str, Meta(max_length=MAX_ENDPOINT_CHARS, description="An https URL of a push service.")
    ]
    keys: DeviceKeys
    expiration: Annotated[
        float | None, Meta(description="Ignored: the push service reports an expired one.")
    ] = msgspec.field(default=None, name="expirationTime")
    name: (
        Annotated[
            str,
            Meta(max_length=MAX_DEVICE_NAME_CHARS, description="Such as `Firefox on Linux`."),
        ]
        | None
    ) = None


class SwitchReminderEmail(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Switches reminders by e-mail on or off."""

    on: bool


class ConfirmReminderEmail(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The code that was sent to the user's address."""

    code: Annotated[str, Meta(pattern=r"^[0-9]{8}\Z", description="8 digits.")]


class ReadQuickAdd(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One line that describes a task."""

    text: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=MAX_TITLE_CHARS,
            description="Such as `Pay plumber tomorrow 3pm p1 #home @work every month`.",
        ),
    ]
    timezone: Annotated[str, Meta(description="IANA time zone of the dates in it.")] = "UTC"
    locale: Annotated[
        str,
        Meta(max_length=35, description="Decides whether 3/12 is in March or in December."),
    ] = "en-GB"


class QuickAdd(ReadQuickAdd, kw_only=True, forbid_unknown_fields=True):
    """A task to create from one line."""


class CreateTag(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A tag to store."""

    name: TagName
    color: Color | None = None


class UpdateTag(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields to change; missing fields stay unchanged."""

    name: TagName | UnsetType = UNSET
    color: Color | UnsetType | None = UNSET


class MergeTag(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The tag that replaces another one."""

    into: Annotated[str, Meta(description="The ID of the tag that stays.")]


class CreateSection(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A section to store, at the end of its list."""

    list_id: str
    name: ListName


class UpdateSection(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields to change; missing fields stay unchanged."""

    name: ListName | UnsetType = UNSET
    move: MoveInput | UnsetType = UNSET


class UpdatePreferences(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The preferences to change; missing ones stay unchanged."""

    complete_subtasks: CompleteSubtasks | UnsetType = UNSET


class CreateList(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A list to store."""

    name: ListName
    color: Color | None = None
    icon: Icon | None = None


class UpdateList(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields to change; missing fields stay unchanged."""

    name: ListName | UnsetType = UNSET
    color: Color | UnsetType | None = UNSET
    icon: Icon | UnsetType | None = UNSET
    move: Annotated[
        MoveInput | UnsetType,
        Meta(description="Next to another list (ID); the default list is always the first."),
    ] = UNSET
    archived: Annotated[
        bool | UnsetType,
        Meta(description="true hides the list and its tasks; false shows them again."),
    ] = UNSET

    def to_changes(self) -> ListChanges:
        """Validate and normalize the fields.

        Raises:
            InvalidInputError: a field breaks a rule.
        """
        return ListChanges(
            name=UNSET if self.name is UNSET else clean_list_name(self.name),
            color=self.color,
            icon=self.icon,
            move=UNSET if self.move is UNSET else clean_move(self.move),
            is_archived=self.archived,
        )
