"""Measures the latency of a turn: POST to first frame, to first text delta, to the end.

Measured on a stack of its own with the offline assistant, one turn after another. The peer in the
same run is the cheapest request over the same path (edge, gateway, api, database) with a JSON
response; figures are also given as multiples of it.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil

from todochat.testing import free_port
from todochat.testing.person import Person

TURNS = int(os.environ.get("TURNS", "200"))
PEOPLE = 10  # a user may send 60 messages a minute
TODOCHAT = str(Path(sys.executable).with_name("todochat"))
DELTA = "assistant_message.content_part.text_delta"


def percentile(values: Sequence[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def report(name: str, seconds: Sequence[float], unit: float) -> None:
    p50, p99 = percentile(seconds, 50), percentile(seconds, 99)
    print(f"{name:<24} p50 {p50 * 1000:7.1f} ms  p99 {p99 * 1000:7.1f} ms  {p50 / unit:5.1f} x")


async def one_turn(person: Person, number: int) -> tuple[float, float, float]:
    began = time.perf_counter()
    async with person.say(f"add task number {number}") as stream:
        await anext(aiter(stream))
        first_frame = time.perf_counter() - began
        await stream.until(DELTA)
        first_delta = time.perf_counter() - began
        await stream.rest()
    assert stream.ended == "completed", stream.raw.decode()[-500:]
    return first_frame, first_delta, time.perf_counter() - began


async def plain_request(person: Person) -> float:
    began = time.perf_counter()
    assert (await person.chatkit("threads.list", {"limit": 1})).status_code == 200
    return time.perf_counter() - began


async def measure(edge: str) -> None:
    async with httpx.AsyncClient(base_url=edge, timeout=30) as client:
        people = [await Person.sign_up(client) for _ in range(PEOPLE)]
        for person in people:
            await one_turn(person, 0)
        plain = [await plain_request(people[n % PEOPLE]) for n in range(TURNS)]
        turns = [await one_turn(people[n % PEOPLE], n) for n in range(TURNS)]
    unit = percentile(plain, 50)
    report("JSON request (peer)", plain, unit)
    for name, column in (("first frame", 0), ("first text delta", 1), ("whole turn", 2)):
        report(name, [turn[column] for turn in turns], unit)


def resident(state: dict[str, Any]) -> None:
    total = 0
    for name, service in state["services"].items():
        for pid in service["pids"]:
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            size = sum(member.memory_info().rss for member in family)
            total += size
            print(f"{name:<24} {size / 2**20:7.0f} MiB resident")
    print(f"{'services':<24} {total / 2**20:7.0f} MiB resident")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        data_dir = Path(directory) / "data"
        common = ["--data-dir", str(data_dir)]
        environment = {**os.environ, "TODOCHAT_SITE": "plain"}
        up = [TODOCHAT, "up", "--detach", "--port", str(free_port()), *common]
        subprocess.run(up, check=True, capture_output=True, timeout=120, env=environment)
        try:
            state = json.loads((data_dir / "state.json").read_text())
            asyncio.run(measure(state["edge"]))
            resident(state)
            subprocess.run([TODOCHAT, "down", *common], check=True, capture_output=True)
            began = time.perf_counter()
            subprocess.run(up, check=True, capture_output=True, timeout=120, env=environment)
            print(f"{'warm start to ready':<24} {time.perf_counter() - began:7.1f} s")
        finally:
            subprocess.run([TODOCHAT, "down", *common], check=True, capture_output=True)


if __name__ == "__main__":
    main()
