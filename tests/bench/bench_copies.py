"""Measures how much throughput a second worker and a second gateway add, CPU-bound.

Run: `PYTHONPATH=tests python tests/bench/bench_copies.py` (about 4 minutes; part of `make bench`).

Two installations with one worker and one gateway each run the same number of concurrent turns as
one installation with two of each. The machine is equally busy in both cases, so the difference is
the cost of sharing an installation: its database, its bus, its queue of runs. The cases alternate,
because the CPU time of the same turn varies by a quarter within minutes on a shared machine.
"""

import asyncio
import operator
from collections.abc import Sequence
from math import inf
from typing import Final

from bench.cpu import cpu_seconds
from bench.peer_table import Row
from bench.stack_doors import LoadedStack, open_stack
from bench.turn_load import Shape, drive
from load.paced_model import PacedModel

ROUNDS: Final = 7
TOKENS: Final = 200
APART: Final = Shape("50 at each of two", streams=50, turns=3, tokens=TOKENS)
TOGETHER: Final = Shape("100 at one", streams=100, turns=3, tokens=TOKENS)
PARTS: Final = ("todo-agent-worker", "chat-gateway")
TWO_FOR_ONE: Final = 1.85


async def turns_per_second(
    stacks: Sequence[LoadedStack], shape: Shape, model: PacedModel
) -> dict[str, float]:
    """Return the turns that two of each part do while each uses a second of CPU time."""
    before = [cpu_seconds(stack.parts) for stack in stacks]
    async with asyncio.TaskGroup() as group:
        for stack in stacks:
            group.create_task(drive(stack.doors, shape, model.text))
    spent = {
        part: sum(
            cpu_seconds(stack.parts)[part] - earlier[part]
            for stack, earlier in zip(stacks, before, strict=True)
        )
        for part in PARTS
    }
    turns = len(stacks) * shape.streams * shape.turns
    return {part: 2 * turns / cpu_s for part, cpu_s in spent.items()}


async def main() -> None:
    """Measure and print."""
    rounds: dict[str, list[tuple[float, float]]] = {part: [] for part in PARTS}
    print(f"{'turns a CPU second':<26} {'':<28} {'one':>9} {'two':>9} {'ratio':>6}  {'goal':>7}")
    async with (
        PacedModel(TOKENS, inf) as model,
        open_stack(model) as first,
        open_stack(model) as second,
        open_stack(model, 2) as pair,
    ):
        for number in range(ROUNDS + 1):
            apart = await turns_per_second([first, second], APART, model)
            together = await turns_per_second([pair], TOGETHER, model)
            if number == 0:
                continue  # it warmed all of them up
            for part in PARTS:
                rounds[part].append((apart[part] / 2, together[part]))
                print(Row(f"round {number}", part, *rounds[part][-1]), flush=True)
    for part, figures in rounds.items():
        median = sorted(figures, key=lambda each: each[1] / each[0])[ROUNDS // 2]
        print(Row("median", part, *median, TWO_FOR_ONE, operator.ge))


if __name__ == "__main__":
    asyncio.run(main())
