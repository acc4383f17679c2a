"""Shared parts of the outage tests: a response that pauses midway, and the stores' processes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from chaos.kill_kit import KillStack, answer_number
from todochat.testing.model_server import Gate, ModelRequest, Say, ScriptedResponse


class Interrupted:
    """A turn of `plan` whose last response waits at a gate in the middle of its text."""

    def __init__(self, kills: KillStack) -> None:
        self.gate = Gate()
        plan = kills.model.otherwise
        assert plan is not None
        calls: Counter[int] = Counter()

        def half_once(request: ModelRequest) -> ScriptedResponse:
            number = answer_number(request)
            calls[number] += 1
            if number < 2 or calls[number] > 1:
                return plan(request)
            return ScriptedResponse(
                parts=(Say("Both ", self.gate, "are ", "on ", "your ", "list."),)
            )

        kills.model.otherwise = half_once


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """Freeze processes."""
    processes = [psutil.Process(pid) for pid in pids]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


async def server_pid(kills: KillStack, store: str) -> int:
    """Return the pid of `valkey`, or of the postmaster."""
    if store == "valkey":
        return int((await kills.redis.info("server"))["process_id"])
    (row,) = await kills.rows("chat", "SELECT pg_read_file('postmaster.pid') AS pid")
    return int(row["pid"].splitlines()[0])


async def has_changed(kills: KillStack, store: str, before: int) -> bool:
    try:
        return await server_pid(kills, store) != before
    except Exception:  # noqa: BLE001 - it isn't back yet
        return False
