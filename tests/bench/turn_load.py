"""Runs turns against a ChatKit server and checks each frame; the same client for all servers."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

import aiohttp
import msgspec

from load.viewers import DELTA
from todochat.testing.person import message

TURN_TIMEOUT_S: Final = 120.0


@dataclass(frozen=True)
class Shape:
    """The load: users, turns and token rate.

    Attributes:
        turns: of each stream, one after another.
        tokens: of each answer.
        rate: the model's tokens a second; infinite for as fast as it can.
        stagger_s: the time over which the streams start, one after another.
        calls_tool: the model calls a tool before it answers.
    """

    name: str
    streams: int
    turns: int
    tokens: int = 200
    rate: float = inf
    stagger_s: float = 0.0
    calls_tool: bool = False


@dataclass(frozen=True)
class Door:
    """The URL and credentials for a stream's requests."""

    url: str
    headers: dict[str, str]


@dataclass
class Seen:
    """The observations of one run's clients; times in seconds."""

    first_deltas: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    turn_times: list[float] = field(default_factory=list)
    elapsed: float = 0.0

    @property
    def deltas(self) -> int:
        """The number of deltas."""
        return len(self.gaps) + len(self.first_deltas)


def percentile(values: Sequence[float], share: int) -> float:
    """Return the `share`-th percentile."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


async def drive(doors: Sequence[Door], shape: Shape, expected: str) -> Seen:
    """Run the shape's turns; each must stream exactly `expected`, in order, and store it.

    Raises:
        ValueError: a turn did not.
    """
    seen = Seen()
    connector = aiohttp.TCPConnector(limit=0)
    began = time.perf_counter()
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for number in range(shape.streams):
            door = doors[number % len(doors)]
            group.create_task(_talk(session, door, shape.turns, expected, seen))
            await asyncio.sleep(shape.stagger_s / shape.streams)
    seen.elapsed = time.perf_counter() - began
    return seen


async def _talk(
    session: aiohttp.ClientSession, door: Door, turns: int, expected: str, seen: Seen
) -> None:
    for _ in range(turns):
        async with asyncio.timeout(TURN_TIMEOUT_S):
            await _turn(session, door, expected, seen)


async def _turn(session: aiohttp.ClientSession, door: Door, expected: str, seen: Seen) -> None:
    began = time.perf_counter()
    deltas: list[str] = []
    last = began
    buffer, stored = b"", ""
    # A new thread each time, so that the model's input is as long in each turn.
    async with session.post(
        door.url, json=message("tell me", None), headers=door.headers
    ) as answer:
        if answer.status != 200:
            msg = f"{answer.status}: {await answer.text()}"
            raise ValueError(msg)
        async for chunk in answer.content.iter_any():
            now = time.perf_counter()
            *frames, buffer = (buffer + chunk).split(b"\n\n")
            for frame in frames:
                event = _event(frame)
                update = event.get("update") or {}
                if update.get("type") == DELTA:
                    (seen.gaps if deltas else seen.first_deltas).append(
                        now - (last if deltas else began)
                    )
                    last = now
                    deltas.append(update["delta"])
                elif event.get("type") == "thread.item.done":
                    stored = _text(event["item"]) or stored
    if not "".join(deltas) == stored == expected:
        msg = f"streamed {len(''.join(deltas))}, stored {len(stored)} of {len(expected)} characters"
        raise ValueError(msg)
    seen.turn_times.append(time.perf_counter() - began)


def _event(frame: bytes) -> dict[str, Any]:
    _, found, data = frame.rpartition(b"data: ")
    event: dict[str, Any] = msgspec.json.decode(data) if found else {}
    return event


def _text(item: dict[str, Any]) -> str:
    if item["type"] != "assistant_message":
        return ""
    return "".join(part["text"] for part in item["content"])
