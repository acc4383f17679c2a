"""Does to the processes what the schedule says, at the moments that it names."""

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
        done: what was done. A fault whose moment did not come, or whose process was down just
            then, is not in it.
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
        """Have the faults of a seed wait for their moments.

        Args:
            asked_from: the port from which a turn's worker asked the model.
        """
        self.done = []
        self._processes = processes
        self._asked_from = asked_from
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
            target = fault.target
            if target == ITS_WORKER:
                target = processes.worker_with(self._asked_from.get(fault.moment.turn_id))
            at = time.monotonic()
            if await self._do(fault, target, processes):
                self.done.append(Fault(at, fault.kind, target, str(fault.moment)))

    async def _do(self, fault: PlannedFault, target: str, processes: Processes) -> bool:
        """Return whether the process was there for it."""
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
                msg = f"nobody knows how to {fault.action} {target}"
                raise ValueError(msg)
        return is_done

    def _pause(self, target: str, pause_s: float, processes: Processes) -> bool:
        pid = processes.pid(target)
        if pid is None or not processes.signal(target, signal.SIGSTOP):
            return False
        self._tasks.append(asyncio.create_task(_go_on(pid, pause_s)))
        return True

    async def _watch_aof(self, processes: Processes) -> None:
        while True:
            processes.note_aof()
            await asyncio.sleep(AOF_LOOK_S)


async def _go_on(pid: int, pause_s: float) -> None:
    await asyncio.sleep(pause_s)
    with contextlib.suppress(ProcessLookupError):  # somebody else has killed it meanwhile
        os.kill(pid, signal.SIGCONT)


def _stop_signal(target: str) -> signal.Signals:
    """PostgreSQL's SIGTERM waits for its clients; SIGINT is its fast shutdown."""
    return signal.SIGINT if target == "postgres" else signal.SIGTERM
