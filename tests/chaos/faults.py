"""Injects the scheduled faults into the processes at the scheduled moments."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Final

from chaos.history import Fault, TurnId
from chaos.schedule import EVERYTHING, ITS_WORKER, Moment, PlannedFault
from chaos.stack import Processes

AOF_LOOK_S: Final = 0.1


class FaultDirector:
    """Performs the faults of one seed.

    Attributes:
        done: the faults that were injected. A fault whose moment did not come, or whose process was
            down at that moment, is not in it.
    """

    def __init__(self) -> None:
        self.done: list[Fault] = []
        self._waiting: dict[Moment, list[PlannedFault]] = {}
        self._processes: Processes | None = None
        self._asked_from: Mapping[TurnId, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._watch: asyncio.Task[None] | None = None

    def begin(
        self,
        faults: Sequence[PlannedFault],
        processes: Processes,
        asked_from: Mapping[TurnId, int],
    ) -> None:
        """Arm the faults of a seed for their moments.

        Args:
            asked_from: the port from which a turn's worker called the model.
        """
        self.done = []
        self._processes = processes
        self._asked_from = asked_from
        self._waiting = {}
        for fault in faults:
            self._waiting.setdefault(fault.moment, []).append(fault)
        self._watch = asyncio.create_task(self._watch_aof(processes))

    async def at(self, moment: Moment) -> None:
        """Inject the due faults; return when they are done, even if the caller is cancelled."""
        due = self._waiting.pop(moment, [])
        if due and self._processes is not None:
            task = asyncio.create_task(self._perform(due, self._processes))
            self._tasks.append(task)
            await asyncio.shield(task)

    async def finish(self) -> None:
        """Inject nothing more, and wait until every frozen process has resumed."""
        self._waiting = {}
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        while self._tasks:  # performing a pause starts another one
            await self._tasks.pop()

    async def _perform(self, due: Sequence[PlannedFault], processes: Processes) -> None:
        for fault in due:
            await asyncio.sleep(fault.delay_ms / 1000)
            target = fault.target
            if target == ITS_WORKER:
                target = processes.worker_with(self._asked_from.get(fault.moment.turn_id))
            at = time.monotonic()
            if await self._do(fault, target, processes):
                self.done.append(Fault(at, fault.kind, target, str(fault.moment)))

    async def _do(self, fault: PlannedFault, target: str, processes: Processes) -> bool:
        """Return whether the process was running."""
        is_done = False
        match fault.action:
            case "kill" if target == "everything":
                is_done = sum(processes.signal(name, signal.SIGKILL) for name in EVERYTHING) > 0
            case "kill":
                is_done = processes.signal(target, signal.SIGKILL)
            case "restart":
                is_done = processes.signal(target, _stop_signal(target))
            case "pause":
                is_done = self._pause(target, fault.pause_s, processes)
            case "flush":
                is_done = await processes.flush_redis()
            case "kill, last second lost":
                is_done = processes.lose_second()
            case "crash of a backend":
                is_done = processes.signal_backend()
            case _:
                msg = f"unknown fault: {fault.action} {target}"
                raise ValueError(msg)
        return is_done

    def _pause(self, target: str, pause_s: float, processes: Processes) -> bool:
        pid = processes.pid(target)
        if pid is None or not processes.signal(target, signal.SIGSTOP):
            return False
        self._tasks.append(asyncio.create_task(_resume(pid, pause_s)))
        return True

    async def _watch_aof(self, processes: Processes) -> None:
        while True:
            processes.note_aof()
            await asyncio.sleep(AOF_LOOK_S)


async def _resume(pid: int, pause_s: float) -> None:
    await asyncio.sleep(pause_s)
    with contextlib.suppress(ProcessLookupError):  # something else has killed it in the meantime
        os.kill(pid, signal.SIGCONT)


def _stop_signal(target: str) -> signal.Signals:
    """Return the stop signal; for PostgreSQL its fast shutdown, since SIGTERM waits for clients."""
    return signal.SIGINT if target == "postgres" else signal.SIGTERM
