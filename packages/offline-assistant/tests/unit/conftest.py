"""In-memory tools of the agent's names, arguments and results, and a person who talks."""

from zoneinfo import ZoneInfo

import pytest
from offline_kit import FakeTodo, FakeUser, MakeFakeUser, make_clock

from offline_assistant.clock import Clock


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
    """Make a person with seven tasks, of which 3 is overdue, and 6 and 7 are done."""

    def make(*when_and_where: str) -> FakeUser:
        clock = make_clock(*when_and_where)
        todo = FakeTodo(clock.now, ZoneInfo(str(clock.zone)))
        todo.have("buy milk", list="shopping")
        todo.have("call mom", due_date="2026-11-23")
        todo.have("pay rent", due_date="2026-11-20", priority="high")
        todo.have("dentist appointment", due_at="2026-12-03T09:30:00Z")
        todo.have("write report", list="work", tags=["office"])
        todo.have("send invoice", "water plants", completed=True)
        return FakeUser(todo, clock)

    return make
