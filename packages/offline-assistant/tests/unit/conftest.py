"""Fixtures: an in-memory todo list with the agent's tools, and a user who sends messages."""

from zoneinfo import ZoneInfo

import pytest
from offline_kit import FakeTodo, FakeUser, MakeFakeUser, make_clock

from task_phrases.calendar_dates import load_tables
from task_phrases.clock import Clock


@pytest.fixture(scope="session", autouse=True)
def tables() -> None:
    """Load what the model loads at its start, so that no first message takes too long."""
    load_tables()


@pytest.fixture
def clock() -> Clock:
    return make_clock()


@pytest.fixture
def todo(clock: Clock) -> FakeTodo:
    return FakeTodo(clock.now, ZoneInfo(str(clock.zone)))


@pytest.fixture
def user(todo: FakeTodo, clock: Clock) -> FakeUser:
    return FakeUser(todo, clock)


@pytest.fixture(scope="session")
def make_user() -> MakeFakeUser:
    """Make a user with seven tasks: 3 is overdue, 6 and 7 are done."""

    def make(*clock_arguments: str) -> FakeUser:
        clock = make_clock(*clock_arguments)
        todo = FakeTodo(clock.now, ZoneInfo(str(clock.zone)))
        todo.add("buy milk", list="shopping")
        todo.add("call mom", due_date="2026-11-23")
        todo.add("pay rent", due_date="2026-11-20", priority="high")
        todo.add("dentist appointment", due_at="2026-12-03T09:30:00Z")
        todo.add("write report", list="work", tags=["office"])
        todo.add("send invoice", "water plants", completed=True)
        return FakeUser(todo, clock)

    return make
