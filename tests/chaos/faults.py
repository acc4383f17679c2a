"""Does to the processes what the schedule says, at the moments that it names."""

import asyncio
import signal
import time
from collections.abc import Sequence
from typing import Final

from chaos.history import Fault
from chaos.schedule import EVERYTHING, Moment, PlannedFault
from chaos.stack import Processes

AOF_LOOK_S: Final = 0.1


class FaultDirector:
    """Performs the faults of one seed.

    Attributes:
        done: what was done. A fault whose moment did not come, or whose process was down just
            then, is not in it.
    """

    def __init__(self) -> None:
        self.done: list[Fault] = []
        self._waiting: dict[Moment, list[PlannedFault]] = {}
        self._processes: Processes | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._watch: asyncio.Task[None] | None = None

    def begin(self, faults: Sequence[PlannedFault], processes: Processes) -> None:
        """Have the faults of a seed wait for their moments."""
        self.done = []
        self._processes = processes
        self._waiting = {}
        for fault in faults:
            self._waiting.setdefault(fault.moment, []).append(fault)
        self._watch = asyncio.create_task(self._watch_aof(processes))

    async def at(self, moment: Moment) -> None:
        """Do what is due; return when it is done, however impatient the caller is."""
        due = self._waiting.pop(moment, [])
        if due and self._processes is not None:
            task = asyncio.create_task(self._perform(due, self._processes))
            self._tasks.append(task)
            await asyncio.shield(task)

    async def finish(self) -> None:
        """Do nothing new, and wait until everything that stands still has gone on."""
        self._waiting = {}
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        while self._tasks:  # one that performs a pause begins another one
            await self._tasks.pop()

    async def _perform(self, due: Sequence[PlannedFault], processes: Processes) -> None:
        for fault in due:
            await asyncio.sleep(fault.delay_ms / 1000)
            at = time.monotonic()
            if await self._do(fault, processes):
                self.done.append(Fault(at, fault.kind, fault.target, str(fault.moment)))

    async def _do(self, fault: PlannedFault, processes: Processes) -> bool:
        """Return whether the process was there for it."""
        is_done = False
        match fault.action:
            case "kill" if fault.target == "everything":
                is_done = sum(processes.signal(name, signal.SIGKILL) for name in EVERYTHING) > 0
            case "kill":
                is_done = processes.signal(fault.target, signal.SIGKILL)
            case "restart":
                is_done = processes.signal(fault.target, _stop_signal(fault.target))
            case "pause":
                is_done = self._pause(fault, processes)
            case "flush":
                is_done = await processes.flush_redis()
            case "kill, last second lost":
                is_done = processes.lose_second()
            case "crash of a backend":
                is_done = processes.signal_backend()
            case _:
                msg = f"nobody knows how to {fault.action} {fault.target}"
                raise ValueError(msg)
        return is_done

    def _pause(self, fault: PlannedFault, processes: Processes) -> bool:
        if not processes.signal(fault.target, signal.SIGSTOP):
            return False
        self._tasks.append(asyncio.create_task(self._go_on(fault, processes)))
        return True

    async def _go_on(self, fault: PlannedFault, processes: Processes) -> None:
        await asyncio.sleep(fault.pause_s)
        processes.signal(fault.target, signal.SIGCONT)

    async def _watch_aof(self, processes: Processes) -> None:
        while True:
            processes.note_aof()
            await asyncio.sleep(AOF_LOOK_S)


def _stop_signal(target: str) -> signal.Signals:
    """PostgreSQL's SIGTERM waits for its clients; SIGINT is its fast shutdown."""
    return signal.SIGINT if target == "postgres" else signal.SIGTERM
