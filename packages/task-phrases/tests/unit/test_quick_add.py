"""One line as one task: what is understood, where it stands, and what remains as the title."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_phrases.clock import Clock
from task_phrases.due_date import DueDate
from task_phrases.quick_add import QuickTask, read_quick_add

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = Clock(datetime(2026, 11, 23, 9, 30, tzinfo=BERLIN), BERLIN, "en-GB")
LISTS = ("Inbox", "Home", "Home office", "Someday")


def read(text: str) -> QuickTask:
    return read_quick_add(text, MONDAY, LISTS)


def parts(text: str) -> list[tuple[str, str]]:
    return [(part.kind, text[part.start : part.end]) for part in read(text).parts]


def at(day: int, hour: int, minute: int = 0) -> DueDate:
    return DueDate(at=datetime(2026, 11, day, hour, minute, tzinfo=BERLIN))


def test_one_line_sets_everything() -> None:
    text = "Pay plumber tomorrow 3pm p1 #home @work every month"

    task = read(text)

    assert (task.title, task.due, task.priority) == ("Pay plumber", at(24, 15), "high")
    assert (task.list_name, task.tags) == ("Home", ("work",))
    assert task.repeat is not None
    assert task.repeat.repeat.rule == "FREQ=MONTHLY"
    assert parts(text) == [
        ("due", "tomorrow 3pm"),
        ("priority", "p1"),
        ("list", "#home"),
        ("tag", "@work"),
        ("repeat", "every month"),
    ]


def test_positions_are_those_of_the_text_as_typed() -> None:
    text = '  🎉 Party\t at "Tomorrow Inc",  tomorrow   at  8pm  for 2 hours '

    assert parts(text) == [("due", "tomorrow   at  8pm"), ("duration", "for 2 hours")]
    assert read(text).title == '🎉 Party at "Tomorrow Inc"'


@pytest.mark.parametrize(
    ("text", "title", "due"),
    [
        ("gym every monday at 10am", "gym", at(23, 10)),
        ("gym every monday at 9", "gym", at(30, 9)),
        ("standup every weekday at 9 until friday", "standup", at(24, 9)),
        ("water plants every 3 days", "water plants", DueDate(day=date(2026, 11, 23))),
        ("rent every 1st starting 1 january", "rent", DueDate(day=date(2027, 1, 1))),
        ("medicine every day at midnight", "medicine", at(24, 0)),
        ("stretch every monday morning at 8", "stretch", at(30, 8)),
    ],
)
def test_repetition_without_a_date_begins_on_its_next_day(
    text: str, title: str, due: DueDate
) -> None:
    task = read(text)

    assert task.repeat is not None
    assert (task.title, task.due) == (title, due)


@pytest.mark.parametrize(
    ("text", "list_name", "tags"),
    [
        ("sort papers #home office", "Home office", ()),
        ("sort papers #Homes", None, ("Homes",)),
        ("sort papers #errand #home @errand", "Home", ("errand",)),
        ("sort papers to my shopping list", "shopping", ()),
        ("email bob@example.com about C# and #123", None, ()),
    ],
)
def test_signs_name_lists_and_tags(text: str, list_name: str | None, tags: tuple[str, ...]) -> None:
    task = read(text)

    assert (task.list_name, task.tags) == (list_name, tags)


@pytest.mark.parametrize(
    ("text", "duration", "reminders"),
    [
        ("dentist tomorrow at 5pm for 45 min", 45, ()),
        ("lunch friday at noon for 1h30m", 90, ()),
        ("nap today at 3pm for half an hour", 30, ()),
        ("call tomorrow at 5pm remind me 30 minutes before", None, (30,)),
        ("call tomorrow at 5pm !1h before, remind me a day before", None, (60, 1440)),
    ],
)
def test_durations_and_reminders_are_minutes(
    text: str, duration: int | None, reminders: tuple[int, ...]
) -> None:
    task = read(text)

    assert (task.duration_minutes, task.reminders) == (duration, reminders)


def test_a_date_around_a_list_is_two_parts() -> None:
    text = "buy milk before #home 10"

    assert parts(text) == [("due", "before"), ("list", "#home"), ("due", "10")]
    assert read(text).title == "buy milk"


@pytest.mark.parametrize("text", ["tomorrow", "every day", "p1", "#home", "  at 5pm  "])
def test_text_without_a_title_stays_one(text: str) -> None:
    assert read(text) == QuickTask(title=text.strip())


@given(
    st.lists(
        st.sampled_from(
            [
                "buy",
                "milk",
                "tomorrow",
                "every",
                "day",
                "at",
                "5pm",
                "p1",
                "#home",
                "@x",
                "until",
                "friday",
                "for",
                "2",
                "hours",
                "3",
                "times",
                "'\"",
                ",",
                "!",
                "remind",
                "me",
                "10",
                "minutes",
                "before",
                "notes:",
                "🎉",
                "\xa0",
                "\U000f0041",
            ]
        )
        | st.text(max_size=6),
        max_size=14,
    )
)
def test_parts_of_any_text_are_apart_and_in_order(words: list[str]) -> None:
    text = " ".join(words)

    task = read(text)

    position = 0
    for part in task.parts:
        assert position <= part.start < part.end <= len(text)
        assert not text[part.start].isspace()
        position = part.end
    assert task.title or not text.strip()
