"""Many streams at reading pace for minutes: `python tests/load/soak.py`.

`STREAMS` (200) conversations at `RATE` (30) tokens a second and `TOKENS` (900) a turn run for
`SECONDS` (300) through the whole stack, all on this machine: edge, gateway, api, worker, stores,
the
scripted model and the viewers. Each viewer checks that every frame comes once, in order, and that
nothing is missing. The ideal duration of a turn is the model's alone.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import httpx

from load.footprint import Footprint, measure_footprint
from load.paced_model import PacedModel
from load.viewers import Viewer, Watched
from todochat.testing import free_port
from todochat.testing.person import Person

TODOCHAT: Final = str(Path(sys.executable).with_name("todochat"))
STREAMS_A_PERSON: Final = 4  # a user may have 5 runs at once
RAMP_SHARE: Final = 0.1  # of the time, over which they start one after another


@dataclass(frozen=True)
class Shape:
    """The load on the stack."""

    streams: int = 200
    rate: float = 30.0
    tokens: int = 900
    seconds: float = 300.0
    workers: int = 2


@dataclass(frozen=True)
class Soak:
    """The result. `half` is after half of the time, `idle` after every conversation had ended."""

    watched: Watched
    before: Footprint
    half: Footprint
    late: Footprint
    idle: Footprint


async def soak(shape: Shape) -> Soak:
    """Run it on a separate stack."""
    async with PacedModel(shape.tokens, shape.rate) as model, _stack(shape, model) as state:
        secrets = await _people(state["edge"], shape.streams // STREAMS_A_PERSON)
        watched = Watched()
        before = await measure_footprint(state)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            loop = asyncio.get_running_loop()
            until = loop.time() + shape.seconds
            async with asyncio.TaskGroup() as group:
                for number in range(shape.streams):
                    user_id, client_secret = secrets[number % len(secrets)]
                    url = f"{state['edge']}/api/{user_id}/chat"
                    viewer = Viewer(session, url, client_secret, watched)
                    group.create_task(viewer.talk(model.text, until))
                    await asyncio.sleep(shape.seconds * RAMP_SHARE / shape.streams)
                await asyncio.sleep(until - shape.seconds / 2 - loop.time())
                half = await measure_footprint(state)
                await asyncio.sleep(until - loop.time())
                late = await measure_footprint(state)
        return Soak(watched, before, half, late, await measure_footprint(state))


@asynccontextmanager
async def _stack(shape: Shape, model: PacedModel) -> AsyncIterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="todochat-soak-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101 - PostgreSQL may run as another user
        data_dir = Path(folder) / "data"
        environment = {
            **os.environ,
            "TODOCHAT_SITE": "plain",
            "OPENAI_BASE_URL": model.url,
            "OPENAI_API_KEY": "sk-scripted",
            "TODO_AGENT_MODEL": "scripted",
            "TODO_AGENT_API": "responses",
            "TODO_AGENT_WORKER_CONCURRENCY": str(shape.streams),
            "AUTH_SIGN_UPS_PER_ADDRESS": str(shape.streams),
        }
        common = ["--data-dir", str(data_dir)]
        options = ["--detach", "--port", str(free_port()), "--workers", str(shape.workers)]
        await _todochat(["up", *options, *common], environment)
        try:
            yield json.loads((data_dir / "state.json").read_text())
        finally:
            await _todochat(["down", *common], environment)


async def _todochat(arguments: Sequence[str], environment: dict[str, str]) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [TODOCHAT, *arguments],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)


async def _people(edge: str, count: int) -> list[tuple[str, str]]:
    async with httpx.AsyncClient(base_url=edge, timeout=30) as client:
        people = [await Person.sign_up(client) for _ in range(count)]
        return [(person.user_id, person.client_secret) for person in people]


def report(shape: Shape, result: Soak) -> str:
    """Return the figures as text."""
    watched = result.watched
    ideal = shape.tokens / shape.rate
    lines = [
        (
            f"{shape.streams} streams at {shape.rate:g} tokens/s, {shape.tokens} tokens a turn, "
            f"{shape.seconds:g} s, {shape.workers} worker(s)"
        ),
        (
            f"turns {watched.turns}, failed {len(watched.failures)}, "
            f"taken over {watched.restarted_items}, deltas {len(watched.gaps)}"
        ),
        _times("first delta", watched.first_deltas),
        _times("gap", watched.gaps),
        _times("turn", watched.turn_times) + f"  ideal {ideal:.1f} s",
        (
            f"{'connections':<20} PostgreSQL {_course(result, 'postgres_connections')}, "
            f"Redis {_course(result, 'redis_connections')} (before, half, late, after)"
        ),
    ]
    for name in result.before.resident:
        sizes = [
            measure_footprint.resident[name] >> 20
            for measure_footprint in (result.before, result.half, result.late, result.idle)
        ]
        cpu_s = result.late.cpu_s[name] - result.half.cpu_s[name]
        share = cpu_s / (shape.seconds / 2)
        lines.append(f"{name:<20} resident {sizes} MiB, CPU {share:.0%} of a core")
    return "\n".join([*lines, *sorted(set(watched.failures))[:10]])


def _times(name: str, seconds: Sequence[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    p50, p99, most = cuts[49] * 1000, cuts[98] * 1000, max(seconds) * 1000
    return f"{name:<20} p50 {p50:8.1f} ms  p99 {p99:8.1f} ms  max {most:8.1f} ms"


def _course(result: Soak, name: str) -> list[int]:
    looks = (result.before, result.half, result.late, result.idle)
    return [int(getattr(each, name)) for each in looks]


def main() -> None:
    """Run with the shape of the environment and print the figures."""
    default = Shape()
    shape = Shape(
        streams=int(os.environ.get("STREAMS", default.streams)),
        rate=float(os.environ.get("RATE", default.rate)),
        tokens=int(os.environ.get("TOKENS", default.tokens)),
        seconds=float(os.environ.get("SECONDS", default.seconds)),
        workers=int(os.environ.get("WORKERS", default.workers)),
    )
    print(report(shape, asyncio.run(soak(shape))))


if __name__ == "__main__":
    main()
