"""The form of a case in YAML, and the loader with its checks."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml

CONVERSATIONS: Final = Path(__file__).parent.parent / "conversations"
# A task without these fields has these values.
DEFAULTS: Final[Mapping[str, Any]] = {
    "list": "Inbox",
    "section": None,
    "priority": "none",
    "due": None,
    "start": None,
    "duration_minutes": None,
    "repeat": None,
    "reminders": [],
    "tags": [],
    "notes": "",
    "pinned": False,
    "completed": False,
    "parent": None,
}
LIST_DEFAULTS: Final[Mapping[str, Any]] = {
    "color": None,
    "icon": None,
    "archived": False,
    "sections": [],
}

Fields = dict[str, Any]


class CaseError(Exception):
    """A file of cases is invalid; the text names file, document and field."""


class Mention(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a message that mentions a task or a list with `@`."""

    mention: str


class Turn(msgspec.Struct, forbid_unknown_fields=True):
    """One message or click of the user, and what must follow.

    Args:
        say: the message; a list of its parts if it mentions tasks.
        click: `confirm`, `cancel`, or the label of a button or checkbox of the newest card.
        reply: texts that the reply and its cards must contain, ignoring case.
        shows: titles of the tasks that the reply's list shows, in any order.
        asked: a confirmation must be open after the turn, and nothing else changed.
        unchanged: the turn changes nothing.
    """

    say: str | list[str | Mention] | None = None
    click: str | None = None
    reply: str | list[str] = []
    shows: list[str] | None = None
    asked: bool = False
    unchanged: bool = False


class End(msgspec.Struct, forbid_unknown_fields=True):
    """The differences between the account at the end and at the start; everything else must be as it was.

    Args:
        changed: the changed fields by the title at the start, or by "#" and the number.
        lists_added: names, or fields with a name.
        lists_changed: the changed fields by the name at the start.
    """

    added: list[Fields] = []
    changed: dict[str, Fields] = {}
    deleted: list[str] = []
    lists_added: list[str | Fields] = []
    lists_changed: dict[str, Fields] = {}
    lists_deleted: list[str] = []


class Case(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One conversation.

    Args:
        now: the time of all turns, local in `timezone`.
        needs: `model` if only a language model is expected to pass.
        category: the name of the file.
    """

    name: str
    turns: list[Turn]
    end: End | Literal["unchanged"]
    now: str = "2026-11-23T09:30"
    timezone: str = "Europe/Berlin"
    locale: str = "en-GB"
    needs: Literal["model"] | None = None
    lists: list[str | Fields] = []
    tasks: list[str | Fields] = []
    category: str = ""

    @property
    def id(self) -> str:
        """The category and the name, for reports and test IDs."""
        return f"{self.category}: {self.name}"

    @property
    def moment(self) -> datetime:
        """The time of all turns, aware."""
        return datetime.fromisoformat(self.now).replace(tzinfo=ZoneInfo(self.timezone))


class TextLoader(yaml.SafeLoader):
    """YAML in which only true, false, null and numbers aren't texts: `say: yes` is a text."""


TextLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~", "n~"),
    ("int", r"-?[0-9]+", "-0123456789"),
):
    TextLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def load_cases(folder: Path = CONVERSATIONS) -> list[Case]:
    """Load all cases of a folder.

    Raises:
        CaseError: a document isn't a valid case, or two have the same name.
    """
    cases = [case for path in sorted(folder.glob("*.yaml")) for case in _read(path)]
    if not cases:
        msg = f"{folder}: no *.yaml file with cases"
        raise CaseError(msg)
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            msg = f"{case.category}.yaml: two cases have the name {case.name!r}"
            raise CaseError(msg)
        seen.add(case.id)
    return cases


def _read(path: Path) -> Iterator[Case]:
    try:
        documents = list(yaml.load_all(path.read_text(), TextLoader))
    except yaml.YAMLError as error:
        msg = f"{path.name}: not YAML: {error}"
        raise CaseError(msg) from error
    for number, document in enumerate(documents, 1):
        named = document.get("name") if isinstance(document, dict) else None
        where = f"{path.name}, document {number}" + (f" ({named})" if named else "")
        try:
            case = msgspec.convert(document, Case)
            case.category = path.stem
            check_case(case)
        except (msgspec.ValidationError, ValueError, ZoneInfoNotFoundError) as error:
            msg = f"{where}: {error}"
            raise CaseError(msg) from error
        yield case


def check_case(case: Case) -> None:
    """Check what the types can't say.

    Raises:
        ValueError: the case is invalid.
    """
    _ = case.moment  # an invalid time or zone
    if not case.turns:
        msg = "turns: at least one"
        raise ValueError(msg)
    for number, turn in enumerate(case.turns, 1):
        if (turn.say is None) == (turn.click is None):
            msg = f"turn {number}: exactly one of say and click"
            raise ValueError(msg)
    started = [as_fields(task, "title") for task in case.tasks]
    for fields in started:
        _check_names(fields, {"title", *DEFAULTS}, "tasks")
    for fields in (as_fields(entry, "name") for entry in case.lists):
        _check_names(fields, {"name", *LIST_DEFAULTS}, "lists")
    if not isinstance(case.end, End):
        return
    for fields in (*case.end.added, *case.end.changed.values()):
        _check_names(fields, {"title", *DEFAULTS}, "end")
    titles = [fields["title"] for fields in started]
    for title in (*case.end.changed, *case.end.deleted):
        if titles.count(title) != 1 and not re.fullmatch(r"#\d+", title):
            msg = f"end: {title!r} is the title of {titles.count(title)} tasks at the start"
            raise ValueError(msg)


def as_fields(entry: str | Fields, name: str) -> Fields:
    """Return the fields of a task or list, which is a mere name if it has no other field."""
    return {name: entry} if isinstance(entry, str) else entry


def _check_names(fields: Fields, known: set[str], where: str) -> None:
    unknown = sorted(set(fields) - known)
    if unknown:
        msg = f"{where}: unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}"
        raise ValueError(msg)
