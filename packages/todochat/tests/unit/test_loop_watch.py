"""A blocked event loop is measured, reported and ended; a stopped process is left alone."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from litestar import get
from litestar.testing import TestClient
from prometheus_client import REGISTRY

from todochat.http.app import create_app
from todochat.settings import ServiceSettings
from todochat.telemetry.loop_watch import LoopWatch
from todochat.testing import wait_until

STALL_S = 0.2
# Prints "beating", then whether liveness fails after each line that it reads.
WATCHED = """
import asyncio, sys, time
from todochat.telemetry.loop_watch import LoopWatch

def block_while_holding_the_gil():
    while True:
        sum(range(2_000_000_000))

def sleep_in_the_loop(seconds):
    time.sleep(seconds)

def work_in_the_loop():
    until = time.monotonic() + 1
    while time.monotonic() < until:
        sum(range(1000))

async def main():
    watch = LoopWatch(stall_s=0.2, recovery_s=60)
    watch.guard_process(float(sys.argv[1]))
    async with watch.running():
        print("beating", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line == "block\\n":
                block_while_holding_the_gil()
            if line == "work\\n":
                work_in_the_loop()
            if line.startswith("sleep"):
                sleep_in_the_loop(float(line.split()[1]))
            print(watch.is_failing(), flush=True)

asyncio.run(main())
"""


class Watched:
    """A process with a watched loop; commands are lines on stdin."""

    def __init__(self, exit_after_s: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WATCHED, str(exit_after_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._read("beating") == "beating"

    def send(self, order: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()

    def is_failing(self, order: str = "look") -> bool:
        self.send(order)
        return self._read("True", "False") == "True"

    def end(self) -> tuple[int, str]:
        """Wait for its end; return the status and stderr."""
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors

    def _read(self, *expected: str) -> str:
        """Return the next expected line, skipping log lines."""
        assert self.process.stdout is not None
        return next(line for line in map(str.strip, self.process.stdout) if line in expected)


def sleep_in_the_loop() -> None:
    time.sleep(3 * STALL_S)


def hold_the_gil() -> None:
    until = time.monotonic() + 3 * STALL_S
    while time.monotonic() < until:
        sum(range(20_000_000))


@pytest.mark.parametrize("block", [sleep_in_the_loop, hold_the_gil])
async def test_blocked_loop_is_measured_and_fails_liveness(
    block: Callable[[], None],
) -> None:
    watch = LoopWatch(stall_s=STALL_S, recovery_s=2 * STALL_S)
    before = REGISTRY.get_sample_value("todochat_loop_lag_seconds_sum") or 0.0
    async with watch.running():
        await asyncio.sleep(STALL_S / 2)
        was_failing = watch.is_failing()
        block()

        fails = watch.is_failing()
        await wait_until(lambda: not watch.is_failing(), 30)

    assert (was_failing, fails) == (False, True)
    after = REGISTRY.get_sample_value("todochat_loop_lag_seconds_sum") or 0.0
    assert after - before >= 2 * STALL_S


async def test_restarted_app_is_watched_again() -> None:
    watch = LoopWatch(stall_s=STALL_S, recovery_s=60)
    async with watch.running():
        pass
    await asyncio.sleep(2 * STALL_S)
    was_failing_between = watch.is_failing()

    async with watch.running():
        was_failing_at_once = watch.is_failing()
        sleep_in_the_loop()
        is_failing = watch.is_failing()

    assert (was_failing_between, was_failing_at_once, is_failing) == (False, False, True)


def test_liveness_route_reports_a_blocked_loop() -> None:
    @get("/block")
    async def block() -> None:
        sleep_in_the_loop()

    settings = ServiceSettings.load({"REDIS_URL": "redis://unused"})
    app = create_app(name="shop", settings=settings, route_handlers=[block])
    app.state.loop_watch = LoopWatch(stall_s=STALL_S, recovery_s=60)
    with TestClient(app) as client:
        before = client.get("/health/live")
        client.get("/block")
        after = client.get("/health/live")

    assert before.status_code == 200
    assert (after.status_code, after.json()["status"]) == (503, "stalled")


def test_stopped_process_is_alive_after_continuing() -> None:
    watched = Watched(exit_after_s=1)
    watched.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, watched.process.pid, os.WSTOPPED)
    time.sleep(1.5)  # the length of the stop matters here

    watched.process.send_signal(signal.SIGCONT)

    assert not watched.is_failing()
    assert watched.is_failing("sleep 0.5")
    assert watched.end()[0] == 0


@pytest.mark.parametrize(
    ("order", "function"),
    [
        ("block", "block_while_holding_the_gil"),
        pytest.param("sleep 60", "sleep_in_the_loop", marks=pytest.mark.slow),
    ],
)
def test_blocked_process_is_ended_with_its_stacks(order: str, function: str) -> None:
    watched = Watched(exit_after_s=1)

    watched.send(order)

    status, errors = watched.end()
    assert status == -signal.SIGPROF
    assert f"in {function}" in errors


def test_stacks_of_a_slow_process_are_written() -> None:
    watched = Watched(exit_after_s=0)

    assert watched.is_failing("work")

    status, errors = watched.end()
    assert status == 0
    assert "in work_in_the_loop" in errors


@pytest.mark.slow
def test_each_beat_resets_the_exit_timer() -> None:
    watched = Watched(exit_after_s=1)

    for _ in range(3):
        watched.is_failing("sleep 0.5")

    assert watched.end()[0] == 0
