"""Forks workers that kill themselves at a fault point: `python kill_zygote.py`.

A fork of a process that has loaded everything starts in milliseconds. Each line of stdin is a JSON
object: `{"settings": {...}, "fault": "answer.saved", "nth": 2, "trace": path, ...}` forks a worker,
which appends each fault point that it passes to `trace`, and returns its pid; `{"wait": pid}` returns the number of the signal that ended it.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Never

from litestar.datastructures import State

from durable_chatkit.agent.hook_check import check_hooks
from durable_chatkit.agent.sdk_hooks import install
from durable_chatkit.worker.leases import WorkerTimes
from durable_chatkit.worker.main import open_worker
from todo_agent.settings import TodoAgentSettings
from todochat import faults

TIMES = WorkerTimes(lease_s=60, renew_s=5, renew_timeout_s=30, stop_s=50, poll_s=0.05)


async def work(order: dict[str, Any]) -> Never:
    os.environ["KILL_EFFECTS"] = order["effects"]
    async with AsyncExitStack() as stack:
        settings = TodoAgentSettings(**order["settings"])
        await open_worker(settings, State(), stack, TIMES)
        await asyncio.Event().wait()
    raise AssertionError


def main() -> None:
    install()
    asyncio.run(check_hooks())
    reply(0)
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            reply(os.WTERMSIG(status) if os.WIFSIGNALED(status) else -status)
            continue
        pid = os.fork()
        if pid == 0:
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            arm(order)
            asyncio.run(work(order))
        reply(pid)


def reply(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def arm(order: dict[str, Any]) -> None:
    """Replace `fault_point` in every module that has imported it."""
    original = faults.fault_point
    passed: Counter[str] = Counter()

    def fault_point(name: str) -> None:
        passed[name] += 1
        with Path(order["trace"]).open("a") as trace:
            trace.write(f"{name} {passed[name]}\n")
        if name == order.get("fault") and passed[name] == order["nth"]:
            os.kill(os.getpid(), signal.SIGKILL)

    for module in list(sys.modules.values()):
        if getattr(module, "fault_point", None) is original:
            module.fault_point = fault_point  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
