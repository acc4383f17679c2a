"""Measures the cost of a streamed turn beside the official one-process pattern, in one run.

Run: `PYTHONPATH=tests python tests/bench/bench_peers.py` (about 5 minutes; part of `make bench`).

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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiohttp
import httpx

from bench.cpu import Parts, cpu_seconds, one_process, proportional_bytes
from bench.peer_table import (
    CPU,
    FIRST_DELTA,
    LAST_FIRST_DELTA,
    STREAMING_CPU,
    TURN,
    Result,
    Row,
    by_part,
    header,
    rows,
)
from bench.stack_doors import open_stack
from bench.turn_load import Door, Shape, drive
from load.paced_model import PacedModel
from todochat.testing import free_port, wait_until
from todochat.testing.model_script import Call

TOKENS: Final = 200
RATE: Final = 30.0
ANSWER_S: Final = TOKENS / RATE
WARM_UP: Final = Shape("warm-up", streams=10, turns=3)
SHORT: Final = Shape("10, 20 tokens", streams=10, turns=30, tokens=20)
TOOL_CALL: Final = Shape("10, 20 tokens, one tool", 10, turns=12, tokens=20, calls_tool=True)
ALONE: Final = Shape("1, unlimited", streams=1, turns=20)
PACED: Final = Shape("50 at 30 tokens/s", 50, turns=3, rate=RATE, stagger_s=ANSWER_S)
FAST: Final = Shape("20 at 100 tokens/s", 20, turns=5, rate=100.0, stagger_s=2.0)
SATURATED: Final = Shape("50, unlimited", streams=50, turns=3)
AT_ONCE: Final = Shape("200 at once, 2 workers", streams=200, turns=1, rate=RATE)
SHAPES: Final = (SHORT, ALONE, PACED, FAST, SATURATED)
GOALS: Final = {
    SHORT: {CPU: 1.5, TURN: 1.5},
    PACED: {CPU: 1.0, STREAMING_CPU: 0.75, FIRST_DELTA: 1.5, LAST_FIRST_DELTA: 1.5},
    FAST: {CPU: 0.6},
    AT_ONCE: {TURN: 1.0, FIRST_DELTA: 1.5},
}
OVER_BARE_ASGI: Final = 1.5
IDLE_MB: Final = 550
PEERS: Final = Path(__file__).parent / "peers"
START_TIMEOUT_S: Final = 30.0

Results = dict[Shape, Result]


async def measure(
    parts: Parts, doors: Sequence[Door], model: PacedModel, shapes: Sequence[Shape]
) -> Results:
    """Run shapes against an installation, after a warm-up."""
    results = {}
    for shape in (WARM_UP, *shapes):
        model.tokens, model.rate = shape.tokens, shape.rate
        model.call = Call("add_task", {"title": "Buy milk"}) if shape.calls_tool else None
        before = cpu_seconds(parts)
        seen = await drive(doors, shape, model.text)
        spent = {name: cpu - before[name] for name, cpu in cpu_seconds(parts).items()}
        results[shape] = Result(shape, seen, spent)
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


async def measure_official(
    model: PacedModel, shapes: Sequence[Shape], **environment: str
) -> tuple[Results, int]:
    """Measure the peer; return its idle memory in bytes, too."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = "official_chatkit:create_app"
    with _server(app, port, "--factory", PEER_MODEL_URL=model.url, **environment) as pid:
        await _wait_answers(url)
        parts = one_process("official pattern", pid)
        idle = sum(proportional_bytes(parts).values())
        return await measure(parts, [Door(f"{url}/chatkit", {})], model, shapes), idle


async def measure_raw_asgi() -> float:
    """Measure the CPU-ms of a turn of PACED, if its frames are written by a bare ASGI app."""
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
    return spent * 1000 / (PACED.turns * PACED.streams)


async def _read(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(url) as response:
        async for _ in response.content.iter_any():
            pass


def idle_memory(peer: int, ours: dict[str, int]) -> Iterator[str]:
    """Format the memory before the first turn, by part."""
    total = sum(ours.values()) / 2**20
    for part, size in sorted(ours.items(), key=lambda each: -each[1]):
        yield f"{'idle, PSS':<26} {part:<28} {'':9} {size / 2**20:9.1f}"
    verdict = "" if total <= IDLE_MB else " missed"
    yield f"{Row('idle, PSS', 'all, MB', peer / 2**20, total)!s}  <= {IDLE_MB} MB{verdict}"


async def main() -> None:
    """Measure and print."""
    async with PacedModel(TOKENS, RATE) as model:
        peer, peer_idle = await measure_official(model, [*SHAPES, AT_ONCE])
        peer |= (await measure_official(model, [TOOL_CALL], PEER_TOOL="1"))[0]
        async with open_stack(model) as stack:
            ours = await measure(stack.parts, stack.doors, model, [*SHAPES, TOOL_CALL])
        async with open_stack(model, 2) as pair:
            two = await measure(pair.parts, pair.doors, model, [AT_ONCE])
    raw = await measure_raw_asgi()
    gateway = ours[PACED].cpu_ms(["chat-gateway"])
    compared = {
        **{shape: ours[shape] for shape in (SHORT, TOOL_CALL, *SHAPES[1:])},
        AT_ONCE: two[AT_ONCE],
    }
    print(header())
    for shape, mine in compared.items():
        print(*rows(peer[shape], mine, GOALS.get(shape, {})), "", sep="\n")
    print(Row("gateway, bare ASGI app", CPU, raw, gateway, OVER_BARE_ASGI))
    print(*idle_memory(peer_idle, stack.idle_bytes), "", sep="\n")
    print(*by_part(list(compared.values())), sep="\n")


if __name__ == "__main__":
    asyncio.run(main())
