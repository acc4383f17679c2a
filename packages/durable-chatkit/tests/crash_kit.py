"""Stops attempts at fault points inside of a test's process, as if their worker had died."""

import pytest
from sqlalchemy import text
from worker_kit import Chat

from durable_chatkit.agent import tool_replay
from durable_chatkit.worker import driver, journal
from todochat.bus import RunLostError
from todochat.contracts.runs import AcceptedRun
from todochat.testing import wait_until


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


async def take_over(chat: Chat, run: AcceptedRun) -> None:
    """Expire the lease of the first attempt until another attempt has the run or it is closed.

    A renewal that was on its way when the attempt ended may arrive after the first expiry.
    """
    expire = text(
        "UPDATE runs SET lease_until = now() - interval '1 second'"
        " WHERE run_id = :run_id AND attempt = 1 AND closed_at IS NULL"
        " RETURNING run_id"
    )

    async def is_taken_over() -> bool:
        async with chat.jobs.transaction(None) as session:
            expired = await session.execute(expire, {"run_id": run.run_id})
            return not expired.all()

    await wait_until(is_taken_over)
