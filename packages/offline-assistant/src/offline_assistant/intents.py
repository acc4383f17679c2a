"""What a message asks for, as plain data: the border between reading a sentence and acting on it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Literal

Priority = Literal["none", "low", "medium", "high"]
Status = Literal["open", "completed", "all"]
Form = Literal["list", "count", "next"]


@dataclass(frozen=True, slots=True)
class Due:
    """A due day, or a moment (aware)."""

    day: date | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to add."""

    title: str
    list_name: str | None = None
    priority: Priority | None = None
    due: Due | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tasks are meant by everything but their titles. Days are inclusive."""

    status: Status = "open"
    list_name: str | None = None
    priority: Priority | None = None
    tag: str | None = None
    due_from: date | None = None
    due_to: date | None = None
    overdue: bool = False

    @property
    def has_due(self) -> bool:
        """Whether it asks for due dates."""
        return self.due_from is not None or self.due_to is not None


# --- which tasks -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ByNumber:
    """Tasks by their numbers."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ByWords:
    """Words of the title; `hint` words only break ties ("I bought the milk": buy)."""

    words: str
    within: Filter = field(default_factory=lambda: Filter(status="all"))
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Tasks the assistant spoke of last: "it", "them", "the second one"; -1 is the last one."""

    position: int | None = None
    is_plural: bool = False


@dataclass(frozen=True, slots=True)
class NextDue:
    """The task that is due first, of those with these words in the title."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class Everything:
    """All tasks that a filter lets through, and whose titles have these words."""

    within: Filter
    words: str = ""


Target = ByNumber | ByWords | Mentioned | NextDue | Everything


# --- what to do --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Add:
    """Add tasks. `wants_repeat` and `wants_reminder` are what the product cannot do yet."""

    tasks: tuple[NewTask, ...]
    wants_repeat: bool = False
    wants_reminder: bool = False


@dataclass(frozen=True, slots=True)
class Complete:
    """Mark tasks as done."""

    target: Target


@dataclass(frozen=True, slots=True)
class Reopen:
    """Mark tasks as not done."""

    target: Target


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete tasks; several, or a selection ("all done ones"), only once it is confirmed."""

    target: Target


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back what the last turn, or click, has changed."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """Carry out what the turn before asked about."""


@dataclass(frozen=True, slots=True)
class Discard:
    """Leave everything as it is, and drop what the turn before asked about."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change about a task; `None` leaves a field as it is."""

    title: str | None = None
    notes: str | None = None
    priority: Priority | None = None
    list_name: str | None = None
    due: Due | None = None
    clear_due: bool = False
    add_tags: tuple[str, ...] = ()
    drop_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """Change tasks."""

    target: Target
    changes: Changes


@dataclass(frozen=True, slots=True)
class CreateList:
    """Make a list."""

    name: str


@dataclass(frozen=True, slots=True)
class DeleteList:
    """Delete a list once it is confirmed, and its tasks only if that was said."""

    name: str
    with_tasks: bool = False


@dataclass(frozen=True, slots=True)
class ShowTasks:
    """Answer with tasks.

    Attributes:
        words: only tasks with these words in their titles.
        numbers: only the tasks with these numbers.
        only_dated: only tasks that have a due date.
        form: the whole list, only how many, or the one to do next.
    """

    within: Filter
    words: str = ""
    numbers: tuple[int, ...] = ()
    form: Form = "list"
    only_dated: bool = False


@dataclass(frozen=True, slots=True)
class ShowLists:
    """Answer with the lists."""


class Topic(Enum):
    """What can be answered without any tool."""

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
    NO_RENAMING_LISTS = "no renaming lists"
    NO_RESTORING = "no restoring"
    NOTHING_TO_UNDO = "nothing to undo"
    NO_CONDITIONS = "no conditions"
    OUT_OF_SCOPE = "out of scope"
    TOO_LONG = "too long"
    TOO_MANY = "too many"
    NO_FILES = "no files"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Talk:
    """Answer without any tool."""

    topic: Topic


class Missing(Enum):
    """What a command lacks; asking for it ends with words that tell the next turn what was asked."""

    TITLE = "title"
    LIST_NAME = "list name"
    WHICH_LIST = "which list"
    WHICH_TASK = "which task"
    NEW_TITLE = "new title"
    NEW_DATE = "new date"


@dataclass(frozen=True, slots=True)
class Ask:
    """A command that is understood but for one thing; the next message is read as the answer."""

    missing: Missing
    draft: "Intent"


@dataclass(frozen=True, slots=True)
class Offer:
    """Tasks that may be meant to be added: it is done only after a yes."""

    add: Add


Intent = (
    Add
    | Complete
    | Reopen
    | Delete
    | Undo
    | Confirm
    | Discard
    | Update
    | CreateList
    | DeleteList
    | ShowTasks
    | ShowLists
    | Talk
    | Ask
    | Offer
)
