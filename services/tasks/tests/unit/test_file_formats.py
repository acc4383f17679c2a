"""Reading files: any bytes yield contents or a clear error, and what is read fits this service."""

import datetime as dt
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tasks_service.domain.limits import MAX_NOTES_CHARS, MAX_TITLE_CHARS
from tasks_service.domain.task import TaskDraft
from tasks_service.domain.task_csv import plain_cell, split_cell, text_of_cell
from tasks_service.formats.file_content import FORMATS, FileContent, ImportOptions
from tasks_service.formats.file_text import decode_text
from tasks_service.formats.fitting import MAX_KEY_CHARS
from tasks_service.formats.reading import read_file
from tasks_service.formats.todoist_dates import PhraseReader
from tasks_service.formats.values import nearest_color, plain_text, read_duration
from todochat.errors import InvalidInputError, PayloadTooLargeError, ServiceError

NOW = dt.datetime(2026, 12, 1, 6, tzinfo=dt.UTC)
OPTIONS = ImportOptions(now=NOW, timezone="Europe/Berlin")
lenient = settings(suppress_health_check=list(HealthCheck))

HEADERS = {
    "todoist": "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE,DURATION",
    "ticktick": "Folder Name,List Name,Title,Kind,Tags,Content,Is Check list,Start Date,Due Date,Reminder,"
    "Repeat,Priority,Status,Created Time,Completed Time,Timezone,Is All Day,taskId,parentId",
    "own": "id,title,notes,list,priority,tags,due,due_timezone,start,repeat,repeat_from,repeat_until,"
    "repeat_count,pinned,parent_id,section,reminders,completed_at,created_at",
}
cells = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["1", "2", "task", "section", "note", "2999-01-01", "every monday", "PT15M"]),
    st.sampled_from(
        ["FREQ=DAILY", "true", "Europe/Berlin", "0001-01-01T00:00:00Z", "\0", "9" * 30]
    ),
    st.sampled_from(
        ["9999-12-31T23:59:59+0000", "0001-01-01", "-P999999D", "▫a\n▪b", "'=x", "a\\,b,"]
    ),
)
FIELDS = [
    "id", "title", "content", "name", "notes", "due", "tasks", "lists", "sections", "items", "projects",
    "labels", "parent_id", "project_id", "section_id", "due_date", "done", "created", "date", "string",
    "is_recurring", "reminders", "repeat_after", "repeats", "related_tasks", "priority", "duration",
    "amount", "item_id", "minute_offset", "child_projects", "buckets", "number", "list_id", "position",
    "created_at", "updated_at", "tags", "completed_at", "is_default", "filter", "filters",
]  # fmt: skip
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | cells,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=8)
    ),
    max_leaves=30,
)
LINES = [
    "BEGIN:VTODO", "END:VTODO", "BEGIN:VALARM", "END:VALARM", "BEGIN:VEVENT", "END:VEVENT", "SUMMARY:x",
    "UID:1", "DUE;VALUE=DATE:29990101", "DUE:29990101T100000Z", "DUE;TZID=Mars:29990101T100000",
    "DTSTART:00010101T000000", "RRULE:FREQ=DAILY", "RRULE:X", "TRIGGER:-PT5M", "TRIGGER:99991231T235959Z",
    "TRIGGER;RELATED=END:P9999999W", "CATEGORIES:a,b", "PRIORITY:x", "PRIORITY:1", "STATUS:COMPLETED",
    "COMPLETED:99991231T235959Z", "RELATED-TO:1", "DURATION:P1D", "CREATED;VALUE=PERIOD:19970101T180000Z/PT5H",
    "DUE;VALUE=PERIOD:19970101T180000Z/PT5H", "RDATE:29990101T100000Z", "NAME:List", " folded",
]  # fmt: skip


def check(data: bytes) -> FileContent | None:
    """Read a file and check that every task is one that this service would store."""
    content = None
    with suppress(InvalidInputError, PayloadTooLargeError):  # 422 and 413
        content = read_file(data, OPTIONS)
    if content is None:
        return None
    keys = [task.key for task in content.tasks]
    by_key = {task.key: task for task in content.tasks}
    assert len(set(keys)) == len(keys)
    for task in content.tasks:
        draft = TaskDraft.clean(
            title=task.title,
            notes=task.notes,
            priority=task.priority,
            due=task.due,
            tags=task.tags,
            start=task.start,
            duration_minutes=task.duration_minutes,
            repeat=task.repeat,
            reminders=task.reminders,
        )
        assert (draft.title, draft.due, draft.tags) == (task.title, task.due, task.tags)
        assert task.parent_key is None or by_key[task.parent_key].parent_key is None
        assert task.created_at is None or task.created_at <= NOW
        assert len(task.key) <= MAX_KEY_CHARS
        assert "\0" not in task.key
    return content


@lenient
@given(st.binary(max_size=500))
@example(b"\xff\xfet\0i\0t\0l\0e\0\n\0\x00\xd8\n\0")  # a lone surrogate
@example(b"PK\x03\x04")
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    check(data)


@lenient
@given(st.sampled_from(sorted(HEADERS)), st.lists(st.lists(cells, max_size=20), max_size=6))
@example("own", [["1"], ["2", "title", *[""] * 12, "1"]])  # the parent has no title
def test_any_table_is_read_or_rejected(name: str, rows: list[list[str]]) -> None:
    lines = [
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row).encode("utf-8", "replace")
        for row in rows
    ]
    check("\n".join([HEADERS[name], ""]).encode() + b"\n".join(lines))


@lenient
@given(documents)
@example([{"tasks": [{"id": 1, "title": "x", "child_projects": []}], "id": 1, "title": "p"}])
def test_any_json_is_read_or_rejected(document: Any) -> None:
    check(json.dumps(document).encode())


@lenient
@given(st.lists(st.sampled_from(LINES) | st.text(max_size=20), max_size=30))
def test_any_calendar_is_read_or_rejected(lines: list[str]) -> None:
    text = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VTODO", *lines, "END:VTODO", "END:VCALENDAR"])
    check(text.encode("utf-8", "replace"))


@given(st.text())
@example("'=x")
@example("''=x")
def test_cell_of_a_text_gives_the_text(text: str) -> None:
    assert text_of_cell(plain_cell(text)) == text
    assert not plain_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.lists(st.text(min_size=1).filter(lambda tag: tag.strip() == tag)))
def test_tags_of_a_cell_are_split_as_they_were_joined(tags: list[str]) -> None:
    cell = ",".join(tag.replace("\\", "\\\\").replace(",", "\\,") for tag in tags)

    assert split_cell(cell) == tags


def test_cycles_and_deep_nesting_become_one_level() -> None:
    table = b"id,title,parent_id\na,A,b\nb,B,a\nc,C,d\nd,D,e\ne,E,\nf,F,f\ng,G,nowhere\n"

    content = check(table)

    assert content is not None
    assert {task.key: task.parent_key for task in content.tasks} == {
        "a": None,
        "b": "a",
        "c": "e",
        "d": "e",
        "e": None,
        "f": None,
        "g": None,
    }


def test_same_id_twice_is_skipped_once() -> None:
    content = check(b"id,title\na,A\na,B\n")

    assert content is not None
    assert [task.title for task in content.tasks] == ["A"]
    assert [(issue.title, issue.is_skipped) for issue in content.issues] == [("B", True)]


def test_long_texts_are_cut_to_the_limits() -> None:
    table = f'title,notes\n"{"t" * 600}","{"n" * 11_000}"\n'

    content = check(table.encode())

    assert content is not None
    assert len(content.tasks[0].title) == MAX_TITLE_CHARS
    assert len(content.tasks[0].notes) == MAX_NOTES_CHARS
    assert len(content.issues) == 2


def test_formats_are_named_in_the_error() -> None:
    with pytest.raises(ServiceError) as caught:
        read_file(b"no file", OPTIONS)

    assert caught.value.extensions["formats"] == list(FORMATS)


def test_reading_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_service.formats.reading.READING_LIMIT_S", -1.0)

    with pytest.raises(ServiceError, match="too long"):
        read_file(b"title\nMilk\n", OPTIONS)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("every monday", "FREQ=WEEKLY;BYDAY=MO"),
        ("every 3rd friday", "FREQ=MONTHLY;BYDAY=3FR"),
        ("every last sunday", "FREQ=MONTHLY;BYDAY=-1SU"),
        ("every other week", "FREQ=WEEKLY;INTERVAL=2"),
        ("every! 3 days", "FREQ=DAILY;INTERVAL=3"),
    ],
)
def test_repetitions_of_todoist_are_understood(text: str, rule: str) -> None:
    _, repeat = PhraseReader(OPTIONS).read(text, "Europe/Berlin")

    assert repeat is not None
    assert repeat.rule == rule


def test_utf_16_without_a_mark_is_recognized() -> None:
    assert decode_text("title\nMilk".encode("utf-16-le")) == ("title\nMilk", "utf-16-le")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("title\nÇocuklara süt\nİşe gitmek\n", "cp1254"),
        ("title\nDoğum günü\n", "cp1254"),
        ("title\nÞvo þvottinn á morgun\nÝta við Jóni\n", "cp1252"),
        ("title\nMüll rausbringen\nBrötchen für Jörg\n", "cp1252"),
        ("title\nMüll rausbringen\nBrötchen für Jörg\n", "mac_roman"),
        ("title\nKupić mleko\nŚmietana\n", "cp1250"),
        ("title\nZaplatit účet za elektřinu\n", "cp1250"),
    ],
)
def test_texts_of_europe_have_their_encodings(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding)) == (text, encoding)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("PT15M", 15), ("-P1DT2H", -1560), ("TRIGGER:-PT0S", 0), ("P2W", 20_160), ("soon", None)],
)
def test_durations(text: str, minutes: int | None) -> None:
    assert read_duration(text) == minutes


def test_colors_and_rich_text() -> None:
    assert nearest_color("#ff0000") == "red"
    assert nearest_color("blue") is None
    assert plain_text("<p>a &amp; b</p><p>c</p>") == "a & b\nc"
    assert plain_text("1 < 2") == "1 < 2"
