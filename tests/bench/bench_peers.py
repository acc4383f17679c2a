"""Measures the cost of a streamed turn beside the official one-process pattern, in one run.

Run: `PYTHONPATH=tests python tests/bench/bench_peers.py` (about 4 minutes; part of `make bench`).

The same scripted model, client and turns run against three installations, one after the other: the
official pattern (FastAPI, ChatKitServer, memory store), this stack with one worker and gateway,
and this stack with two of each. Every stream is checked to be complete, in order and stored. CPU is
user and system time of each part's processes; a ratio is ours by the peer's. Times share the two
or more cores of this machine with model and client, so trust ratios, not figures.

Then the gateway beside a bare ASGI app that writes frames of that size at that pace.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Final

import aiohttp
import httpx

from bench.cpu import Parts, cpu_seconds, one_process, resident_bytes
from bench.stack_doors import open_stack
from bench.turn_load import Door, Seen, Shape, drive, percentile
from load.paced_model import PacedModel
from todochat.testing import free_port, wait_until

TOKENS: Final = 200
RATE: Final = 30.0
WARM_UP: Final = Shape("warm-up", streams=10, turns=3, rate=inf, stagger_s=0)
PACED: Final = Shape("50 at 30 tokens/s", streams=50, turns=3, rate=RATE, stagger_s=TOKENS / RATE)
SHAPES: Final = (
    Shape("1, unlimited", streams=1, turns=20, rate=inf, stagger_s=0),
    PACED,
    Shape("50, unlimited", streams=50, turns=3, rate=inf, stagger_s=0),
    Shape("200 at 30 tokens/s", streams=200, turns=1, rate=RATE, stagger_s=TOKENS / RATE),
)
STREAMING: Final = ("chat-gateway", "todo-agent-worker", "valkey")
PEERS: Final = Path(__file__).parent / "peers"
START_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True)
class Result:
    """One shape against one installation."""

    seen: Seen
    cpu_s: dict[str, float]
    resident: dict[str, int]

    def cpu_ms_a_1000(self, parts: Sequence[str] = ()) -> float:
        """CPU-ms of 1,000 tokens, of some parts or of all; one delta may hold several tokens."""
        spent = sum(self.cpu_s[part] for part in parts or self.cpu_s)
        return spent * 1e6 / (len(self.seen.turn_times) * TOKENS)


Results = dict[str, Result]


async def measure(parts: Parts, doors: Sequence[Door], model: PacedModel) -> Results:
    """Run all shapes against a warmed-up installation."""
    model.rate = WARM_UP.rate
    await drive(doors, WARM_UP, model.text)
    results = {}
    for shape in SHAPES:
        model.rate = shape.rate
        before = cpu_seconds(parts)
        seen = await drive(doors, shape, model.text)
        spent = {name: cpu - before[name] for name, cpu in cpu_seconds(parts).items()}
        results[shape.name] = Result(seen, spent, resident_bytes(parts))
    return results


@contextmanager
def _server(app: str, port: int, *options: str, **environment: str) -> Iterator[int]:
    command = [sys.executable, "-m", "uvicorn", app, "--app-dir", str(PEERS), "--port", str(port)]
    quiet = ["--no-access-log", "--log-level", "error", "--loop", "uvloop", "--http", "httptools"]
    env = {**os.environ, **environment}
    with subprocess.Popen([*command, *quiet, *options], env=env) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


async def _wait_answers(url: str) -> None:
    async with httpx.AsyncClient() as client:

        async def answers() -> bool:
            try:
                return (await client.get(url)).status_code < 500
            except httpx.TransportError:
                return False

        await wait_until(answers, START_TIMEOUT_S, interval_s=0.1)


async def measure_official(model: PacedModel) -> Results:
    """Measure the peer."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = "official_chatkit:create_app"
    with _server(app, port, "--factory", PEER_MODEL_URL=model.url) as pid:
        await _wait_answers(url)
        doors = [Door(f"{url}/chatkit", {})]
        return await measure(one_process("official pattern", pid), doors, model)


async def measure_stack(model: PacedModel, copies: int) -> Results:
    """Measure this stack, with `copies` workers and gateways."""
    async with open_stack(model, copies) as (parts, doors):
        return await measure(parts, doors, model)


async def measure_raw_asgi() -> float:
    """Measure the CPU-ms of 1,000 frames written at the pace of PACED."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with _server("raw_asgi:app", port) as pid:
        await _wait_answers(f"{url}/?frames=1&rate={RATE}")
        part = one_process("raw", pid)
        before = cpu_seconds(part)["raw"]
        frames = TOKENS * PACED.turns
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            for _ in range(PACED.streams):
                group.create_task(_read(session, f"{url}/?frames={frames}&rate={RATE}"))
                await asyncio.sleep(PACED.stagger_s / PACED.streams)
        spent = cpu_seconds(part)["raw"] - before
    return spent * 1e6 / (frames * PACED.streams)


async def _read(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(url) as response:
        async for _ in response.content.iter_any():
            pass


def table(peer: Results, ours: Results) -> Iterator[str]:
    """Format one line for each shape and figure: the peer's, ours, and ours by the peer's."""
    yield f"{'':<20} {'':<34} {'peer':>9} {'ours':>9} {'ratio':>6}"
    for shape in SHAPES:
        theirs, mine = peer[shape.name], ours[shape.name]
        for what, figure in figures(shape, theirs, mine):
            left, right = figure
            yield f"{shape.name:<20} {what:<34} {left:9.1f} {right:9.1f} {right / left:6.2f}"


def figures(
    shape: Shape, theirs: Result, mine: Result
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Return the compared figures of one shape."""
    both = (theirs, mine)
    turns = shape.streams * shape.turns
    yield "CPU-ms a 1,000 tokens, all parts", _of(both, lambda r: r.cpu_ms_a_1000())
    yield (
        "  gateway + worker + Valkey",
        (theirs.cpu_ms_a_1000(), mine.cpu_ms_a_1000(STREAMING)),
    )
    yield "CPU-ms a turn, all parts", _of(both, lambda r: sum(r.cpu_s.values()) * 1000 / turns)
    yield "tokens a delta", _of(both, lambda r: turns * TOKENS / r.seen.deltas)
    yield "first delta p50, ms", _of(both, lambda r: percentile(r.seen.first_deltas, 50) * 1000)
    yield "first delta p99, ms", _of(both, lambda r: percentile(r.seen.first_deltas, 99) * 1000)
    yield "gap p99, ms", _of(both, lambda r: percentile(r.seen.gaps, 99) * 1000)
    yield "turn p50, ms", _of(both, lambda r: percentile(r.seen.turn_times, 50) * 1000)
    yield "resident, MiB", _of(both, lambda r: sum(r.resident.values()) / 2**20)


def _of(both: tuple[Result, Result], figure: Callable[[Result], float]) -> tuple[float, float]:
    return figure(both[0]), figure(both[1])


def by_part(ours: Results) -> Iterator[str]:
    """Format our CPU by part."""
    names = list(ours[PACED.name].cpu_s)
    yield f"{'CPU-ms a 1,000 tokens':<24}" + "".join(f"{shape.name:>20}" for shape in SHAPES)
    for name in names:
        costs = [ours[shape.name].cpu_ms_a_1000([name]) for shape in SHAPES]
        yield f"{name:<24}" + "".join(f"{cost:20.1f}" for cost in costs)


def two_for_one(one: Results, two: Results) -> Iterator[str]:
    """Format the throughput of two of a part beside one, if each copy has a core of its own."""
    for part in ("todo-agent-worker", "chat-gateway"):
        single, double = (each[PACED.name].cpu_ms_a_1000([part]) for each in (one, two))
        yield f"{part:<24} two carry {2 * single / double:4.2f} x what one does, by CPU a token"


async def main() -> None:
    """Measure and print."""
    async with PacedModel(TOKENS, RATE) as model:
        peer = await measure_official(model)
        ours = await measure_stack(model, 1)
        two = await measure_stack(model, 2)
    raw = await measure_raw_asgi()
    gateway = ours[PACED.name].cpu_ms_a_1000(["chat-gateway"])
    ideal = TOKENS / RATE * 1000
    lines = [*table(peer, ours), "", *by_part(ours), "", *two_for_one(ours, two)]
    print("\n".join(lines))
    print(f"{'chat-gateway':<24} {gateway / raw:4.2f} x a bare ASGI app ({raw:.1f} CPU-ms a 1,000)")
    print(
        f"a paced turn takes {ideal:.0f} ms at best; each of the model's answers is {TOKENS} tokens"
    )


if __name__ == "__main__":
    asyncio.run(main())
