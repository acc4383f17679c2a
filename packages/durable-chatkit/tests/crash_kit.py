"""Stops attempts at fault points inside of a test's process, as if their worker had died."""

import pytest

from durable_chatkit.agent import tool_replay
from durable_chatkit.worker import driver, journal
from todochat.bus import RunLostError


class Crash:
    """Stops an attempt at the n-th passage of any fault point."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passages: list[str] = []
        self.at: int | None = None
        self.has_happened = False
        for module in (driver, journal, tool_replay):
            monkeypatch.setattr(module, "fault_point", self.pass_point)

    def arm(self, at: int | None) -> None:
        self.passages, self.at, self.has_happened = [], at, False

    def pass_point(self, name: str) -> None:
        self.passages.append(name)
        if self.at == len(self.passages) - 1:
            self.has_happened = True
            self.at = None
            raise RunLostError(name)
