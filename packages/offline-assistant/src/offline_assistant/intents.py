"""The intents that a message parses to: plain data between the grammar and the planner."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Literal

from task_phrases.due_date import DueDate, Priority

Status = Literal["open", "completed", "all"]
Form = Literal["list", "count", "next"]


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to add.

    Attributes:
        repeat: an RRULE, or words that the tasks service reads.
        reminders: minutes before it is due.
        subtasks: their titles.
        parent: the title of the task that it is a subtask of.
    """

    title: str
    list_name: str | None = None
    section: str | None = None
    priority: Priority | None = None
    due: DueDate | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    repeat: str | None = None
    reminders: tuple[int, ...] = ()
    duration_minutes: int | None = None
    subtasks: tuple[str, ...] = ()
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions on everything but a task's title. Days are inclusive."""

    status: Status = "open"
    list_name: str | None = None
    section: str | None = None
    priority: Priority | None = None
    tag: str | None = None
    due_from: date | None = None
    due_to: date | None = None
    overdue: bool = False

    @property
    def has_due(self) -> bool:
        """True if the filter limits due dates."""
        return self.due_from is not None or self.due_to is not None

    def includes_due_day(self, day: date | None) -> bool:
        """Return whether a task that is due on `day` passes; undated ones only without a limit."""
        if day is None:
            return not self.has_due
        return (self.due_from or day) <= day <= (self.due_to or day)


# --- targets: the tasks that a command applies to -----------------------------------------------


@dataclass(frozen=True, slots=True)
class ByNumber:
    """Tasks identified by their numbers."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ByWords:
    """Tasks whose titles have these words; the `hint` verb breaks ties ("I bought the milk": buy)."""

    words: str
    task_filter: Filter = field(default_factory=lambda: Filter(status="all"))
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ByMention:
    """Tasks in the assistant's latest reply: "it", "them", "the second one"; position -1 is the last."""

    position: int | None = None
    is_plural: bool = False


@dataclass(frozen=True, slots=True)
class ByNextDue:
    """The task that is due next; with `words`, only among tasks with these words in their titles."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class ByFilter:
    """All tasks that pass a filter and have these words in their titles."""

    task_filter: Filter
    words: str = ""


@dataclass(frozen=True, slots=True)
class ByReminder:
    """The task of "the reminder": the one in the assistant's latest reply, or the only one with any."""


Target = ByNumber | ByWords | ByMention | ByNextDue | ByFilter | ByReminder


# --- intents ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddIntent:
    """Add tasks.

    Attributes:
        wants_repeat: the user wants a repetition, but didn't say which.
        wants_reminder: the user wants to be reminded, at the time that a task is due.
    """

    tasks: tuple[NewTask, ...]
    wants_repeat: bool = False
    wants_reminder: bool = False


@dataclass(frozen=True, slots=True)
class CompleteIntent:
    """Mark tasks as done."""

    target: Target


@dataclass(frozen=True, slots=True)
class ReopenIntent:
    """Mark tasks as not done."""

    target: Target


@dataclass(frozen=True, slots=True)
class DeleteIntent:
    """Delete tasks; several tasks, or a selection ("all done ones"), need a confirmation."""

    target: Target


@dataclass(frozen=True, slots=True)
class UndoIntent:
    """Undo the changes of the last turn or click."""


@dataclass(frozen=True, slots=True)
class ConfirmIntent:
    """Carry out the change that the previous turn asked to confirm."""


@dataclass(frozen=True, slots=True)
class DiscardIntent:
    """Discard the change that the previous turn asked to confirm."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes to a task; None leaves a field unchanged.

    Attributes:
        section: the name of the section to move to.
        place: the name of a list, or else of a section.
        is_known_section: the section must exist: "under the bed" may be part of a title.
    """

    title: str | None = None
    notes: str | None = None
    priority: Priority | None = None
    list_name: str | None = None
    section: str | None = None
    place: str | None = None
    is_known_section: bool = False
    due: DueDate | None = None
    clear_due: bool = False
    add_tags: tuple[str, ...] = ()
    drop_tags: tuple[str, ...] = ()
    repeat: str | None = None
    clear_repeat: bool = False
    reminders: tuple[int, ...] | None = None
    pinned: bool | None = None

    @property
    def has_tags(self) -> bool:
        """True if tags are added or dropped."""
        return bool(self.add_tags or self.drop_tags)


@dataclass(frozen=True, slots=True)
class UpdateIntent:
    """Change tasks."""

    target: Target
    changes: Changes


@dataclass(frozen=True, slots=True)
class SnoozeIntent:
    """Remind of a task again at a later time; its due date stays."""

    target: Target
    until: datetime


@dataclass(frozen=True, slots=True)
class RestoreIntent:
    """Restore deleted tasks, given their numbers."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CreateListIntent:
    """Create a list."""

    name: str


@dataclass(frozen=True, slots=True)
class ChangeListIntent:
    """Rename a list, archive it or bring it back, or give it a color; None leaves a part as it is."""

    name: str
    new_name: str | None = None
    color: str | None = None
    is_archived: bool | None = None


@dataclass(frozen=True, slots=True)
class DeleteListIntent:
    """Delete a list after a confirmation; its tasks are moved unless `with_tasks`."""

    name: str
    with_tasks: bool = False


@dataclass(frozen=True, slots=True)
class ShowTasksIntent:
    """Show tasks.

    Attributes:
        words: show only tasks with these words in their titles.
        number: show only the task with this number.
        only_dated: show only tasks that have a due date.
        form: the tasks, their count, or the task to do next.
    """

    task_filter: Filter
    words: str = ""
    number: int | None = None
    form: Form = "list"
    only_dated: bool = False


@dataclass(frozen=True, slots=True)
class ShowListsIntent:
    """Show the lists."""


@dataclass(frozen=True, slots=True)
class PlanDayIntent:
    """Propose when to do the tasks that are due."""


class Topic(Enum):
    """Topics whose reply needs no tool."""

    GREETING = "greeting"
    FEELING = "feeling"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    ACKNOWLEDGED = "acknowledged"
    HELP = "help"
    IDENTITY = "identity"
    CLOCK = "clock"
    LEFT_ALONE = "left alone"
    QUESTION_CHANGES_NOTHING = "question changes nothing"
    NOTHING_TO_CONFIRM = "nothing to confirm"
    NO_NEW_LIST_NAME = "no new list name"
    NO_RESTORING = "no restoring"
    NO_SECTION_CHANGES = "no section changes"
    NOTHING_TO_UNDO = "nothing to undo"
    NO_CONDITIONS = "no conditions"
    NO_STEPS = "no steps"
    OUT_OF_SCOPE = "out of scope"
    TOO_LONG = "too long"
    TOO_MANY = "too many"
    NO_FILES = "no files"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TalkIntent:
    """Reply without calling a tool."""

    topic: Topic


class Missing(Enum):
    """The detail that a command lacks; `prompts.PROMPT_FOR` has the question that asks for it."""

    TITLE = "title"
    LIST_NAME = "list name"
    WHICH_LIST = "which list"
    WHICH_TASK = "which task"
    NEW_TITLE = "new title"
    NEW_DATE = "new date"


@dataclass(frozen=True, slots=True)
class ClarifyIntent:
    """An incomplete command: ask for the missing detail and read the next message as the reply."""

    missing: Missing
    draft: "Intent"


@dataclass(frozen=True, slots=True)
class OfferIntent:
    """Offer to add tasks; they are added only after a yes."""

    add: AddIntent


Intent = (
    AddIntent
    | CompleteIntent
    | ReopenIntent
    | DeleteIntent
    | UndoIntent
    | ConfirmIntent
    | DiscardIntent
    | UpdateIntent
    | SnoozeIntent
    | RestoreIntent
    | CreateListIntent
    | ChangeListIntent
    | DeleteListIntent
    | ShowTasksIntent
    | ShowListsIntent
    | PlanDayIntent
    | TalkIntent
    | ClarifyIntent
    | OfferIntent
)
