"""Measures the cost of tracing a streamed turn: without it, with one turn in ten, and with all.

Run: `PYTHONPATH=tests python tests/bench/bench_tracing.py` (about 2 minutes; part of `make bench`).

One stack after the other, the same scripted model, client and turns. CPU is that of the stack's
processes; the collector, which receives and parses the spans, runs in this process and is not
counted. A ratio is that of a traced stack to the untraced one of the same run.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from bench.cpu import cpu_seconds
from bench.stack_doors import open_stack
from bench.turn_load import Shape, drive
from load.paced_model import PacedModel
from todochat.testing.otlp import SpanCollector

TOKENS: Final = 200
RATE: Final = 30.0
WARM_UP: Final = Shape("warm-up", streams=10, turns=3)
PACED: Final = Shape("50 at 30 tokens/s", streams=50, turns=3, rate=RATE, stagger_s=TOKENS / RATE)
SAMPLED: Final = {
    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": "0.1",
}


async def cpu_ms_a_turn(model: PacedModel, variables: Mapping[str, str]) -> float:
    """CPU of a whole turn, of all parts, in ms."""
    async with open_stack(model, 1, **variables) as stack:
        model.rate = WARM_UP.rate
        await drive(stack.doors, WARM_UP, model.text)
        model.rate = PACED.rate
        before = sum(cpu_seconds(stack.parts).values())
        seen = await drive(stack.doors, PACED, model.text)
        return (sum(cpu_seconds(stack.parts).values()) - before) * 1000 / len(seen.turn_times)


async def main() -> None:
    """Measure and print."""
    with SpanCollector() as collector:
        traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        async with PacedModel(TOKENS, RATE) as model:
            plain = await cpu_ms_a_turn(model, {})
            sampled = await cpu_ms_a_turn(model, {**traced, **SAMPLED})
            few = len(collector.spans)
            every = await cpu_ms_a_turn(model, traced)
            many = len(collector.spans) - few
    turns = WARM_UP.streams * WARM_UP.turns + PACED.streams * PACED.turns
    print(f"{'untraced':<16} {plain:6.1f} CPU-ms a turn")
    print(f"{'one in ten':<16} {sampled:6.1f}   {sampled / plain:4.2f} x   {few} spans")
    print(f"{'every turn':<16} {every:6.1f}   {every / plain:4.2f} x   {many} spans")
    print(f"{turns} turns each, {TOKENS} tokens a turn, {PACED.name}; signing up is traced, too")


if __name__ == "__main__":
    asyncio.run(main())
