"""Runs many seeds in sequence, on as few stacks as their failures allow."""

import contextlib
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chaos.agents import entry_of
from chaos.faults import FaultDirector
from chaos.installation import InstallationError, open_installation
from chaos.model import ChaosModel
from chaos.schedule import make_schedule
from chaos.seed_run import SeedResult, run_seed
from chaos.stack import Processes
from chaos.violation import Violation

SEEDS_A_STACK: Final = 20
MIB: Final = 1 << 20
MAY_GROW_BYTES: Final = 48 * MIB
START_TRIES: Final = 3
WARM_SEEDS: Final = 5  # pools and caches are full after this many


@dataclass
class MemoryWatch:
    """Resident bytes of the processes that have lived through several seeds."""

    _sizes: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def look(self, processes: Processes) -> list[Violation]:
        """Record each process's memory; return the processes that have grown too much."""
        found: list[Violation] = []
        for name, (pid, size) in processes.resident().items():
            sizes = self._sizes.setdefault((name, pid), [])
            sizes.append(size)
            grown = size - sizes[min(WARM_SEEDS, len(sizes)) - 1]
            if grown > MAY_GROW_BYTES:
                detail = f"grew by {grown // MIB} MiB in {len(sizes) - WARM_SEEDS} seeds"
                found.append(Violation("leak", name, detail))
        return found


async def run_seeds(seeds: Iterable[int], logs: Path | None = None) -> AsyncGenerator[SeedResult]:
    """Run seeds and yield their results.

    Args:
        logs: the folder for the logs of stacks on which a seed failed.
    """
    left = list(seeds)
    director = FaultDirector()
    async with ChaosModel(director.at) as model:
        tries = START_TRIES
        while left:
            keep = logs / f"from-seed-{left[0]}" if logs is not None else None
            try:
                async with contextlib.aclosing(
                    _on_one_stack(left, model, director, keep)
                ) as results:
                    async for result in results:
                        tries = START_TRIES
                        yield result
            except InstallationError as error:
                tries -= 1
                if tries == 0:
                    raise
                print(f"a stack could not be started, another one is tried: {error}", flush=True)


async def _on_one_stack(
    left: list[int], model: ChaosModel, director: FaultDirector, logs: Path | None
) -> AsyncGenerator[SeedResult]:
    """Run seeds of one entry point from `left` until one fails or the stack is old."""
    memory = MemoryWatch()
    entry = entry_of(left[0])
    async with open_installation(model, logs, entry) as processes:
        await processes.calm()
        await processes.note_idle_tasks()
        for seed in [seed for seed in left if entry_of(seed) == entry][:SEEDS_A_STACK]:
            left.remove(seed)
            result = await run_seed(make_schedule(seed), processes, model, director)
            result.violations.extend(memory.look(processes))
            yield result
            if result.violations:
                return
