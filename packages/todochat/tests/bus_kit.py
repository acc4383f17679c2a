"""Both ends of the bus, and viewers that record events."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

from redis.asyncio import Redis

from todochat.bus import (
    BusLimits,
    ClaimedRun,
    Ended,
    Frames,
    Idle,
    RunHub,
    RunPublisher,
    Snapshot,
    WatchEvent,
)
from todochat.bus.frames import parse_frames

SHORT = BusLimits(
    retry_s=20.0, call_timeout_s=3.0, idle_s=0.2, attach_timeout_s=10.0, outage_s=20.0
)


class RecordingViewer:
    """Records the events of one watch; `seqs` in order of arrival."""

    def __init__(self, hub: RunHub, run_id: str, after: int, active: bool) -> None:
        self.events: list[WatchEvent] = []
        self.seqs: list[int] = []
        self.texts: list[bytes | None] = []
        self.jumps: list[int] = []
        self.ended: str | None = None
        self.task = asyncio.create_task(self._run(hub, run_id, after, active))

    async def _run(self, hub: RunHub, run_id: str, after: int, active: bool) -> None:
        async with aclosing(hub.watch(run_id, after, active=active)) as events:
            async for event in events:
                self._record(event)

    def _record(self, event: WatchEvent) -> None:
        match event:
            case Frames(data, last_seq):
                frames = parse_frames(data)
                assert frames[-1].seq == last_seq
                self.seqs += [frame.seq for frame in frames]
                self.texts += [frame.data for frame in frames]
            case Snapshot(data):
                (frame,) = parse_frames(data)
                assert frame.snapshot
                self.seqs.append(frame.seq)
                self.jumps.append(frame.seq)
            case Ended(status, data):
                (frame,) = parse_frames(data)
                assert frame.end == status
                self.ended = status
            case Idle():
                pass
        self.events.append(event)

    async def wait_ended(self) -> None:
        await asyncio.wait_for(self.task, 20)


class Bus:
    """Both ends of the bus, with shorthand for tests."""

    def __init__(self, redis: Redis, limits: BusLimits) -> None:
        self.redis = redis
        self.limits = limits
        self.publisher = RunPublisher(redis, limits)
        self.hub = RunHub(redis, limits)
        self.viewers: list[RecordingViewer] = []

    async def start(self) -> None:
        await self.publisher.start()
        await self.hub.start()

    async def aclose(self) -> None:
        for viewer in self.viewers:
            viewer.task.cancel()
        await asyncio.gather(*(viewer.task for viewer in self.viewers), return_exceptions=True)
        await self.publisher.aclose()
        await self.hub.aclose()

    async def claim(self, run_id: str = "run_1", attempt: int = 1, seq_high: int = 0) -> ClaimedRun:
        return await self.publisher.claim(
            run_id, attempt, user_id="usr_1", thread_id="thr_1", seq_high=seq_high
        )

    async def cut(self, kind: str) -> None:
        """Close every connection of a kind (`normal`, `pubsub`) except the test's own."""
        await self.redis.client_kill_filter(_type=kind, skipme=True)

    async def meta(self, run_id: str = "run_1") -> dict[str, str]:
        fields: Any = await self.redis.hgetall(f"chat:{{{run_id}}}:meta")
        return {name.decode(): value.decode() for name, value in fields.items()}

    async def log(self, run_id: str = "run_1") -> list[bytes]:
        entries: Any = await self.redis.xrange(f"chat:{{{run_id}}}:log")
        return [fields[b"f"] for _, fields in entries]

    def view(
        self, run_id: str = "run_1", after: int = 0, *, active: bool = False
    ) -> RecordingViewer:
        viewer = RecordingViewer(self.hub, run_id, after, active)
        self.viewers.append(viewer)
        return viewer


MakeBus = Callable[..., Awaitable[Bus]]
