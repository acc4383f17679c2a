"""Random histories: claims, appends, takeovers, losses, viewers, in any order.

Invariants: for every viewer `seq` only grows, and jumps only at a snapshot; no `seq` has two texts;
only the newest claim can append.
"""

import asyncio
import contextlib
from collections.abc import Awaitable
from contextlib import aclosing
from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from todochat.bus import (
    BusLimits,
    Ended,
    Frames,
    RunHub,
    RunLogExpiredError,
    RunLostError,
    RunPublisher,
    RunUnclaimedError,
    RunWriter,
    Snapshot,
    WatchEvent,
)
from todochat.bus.frames import parse_frames
from todochat.bus.redis_client import create_redis

RUN = "run_1"
LIMITS = BusLimits(idle_s=0.02, lost_log_s=30, batch_bytes=200, viewer_queue_bytes=400)


class Watcher:
    """A viewer that reads only on demand."""

    def __init__(self, hub: RunHub, after: int) -> None:
        self.seqs = [after]
        self.texts: dict[int, bytes] = {}
        self.jumps: set[int] = set()
        self.done = False
        self.events = hub.watch(RUN, after, active=True)

    async def take(self, count: int) -> None:
        """Read `count` events, or fewer if the run ends."""
        for _ in range(count):
            if not self.done:
                self.note(await anext(self.events))

    def note(self, event: WatchEvent) -> None:
        if isinstance(event, Ended):
            self.done = True
        elif isinstance(event, Frames | Snapshot):
            for frame in parse_frames(event.data):
                self.seqs.append(frame.seq)
                if frame.snapshot:
                    self.jumps.add(frame.seq)
                else:
                    assert frame.data is not None
                    self.texts[frame.seq] = frame.data


class Histories(RuleBasedStateMachine):
    writers = Bundle("writers")
    watchers = Bundle("watchers")
    redis_url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.attempt = 0
        self.seq_high = 0
        self.holder: RunWriter | None = None
        self.ended = False
        self.said = 0
        self.texts: dict[int, bytes] = {}
        self.all_watchers: list[Watcher] = []
        self.loop.run(self._open())

    async def _open(self) -> None:
        self.redis = create_redis(self.redis_url)
        await self.redis.flushall()
        # Two worker processes and a gateway.
        self.publishers = [RunPublisher(self.redis, LIMITS) for _ in range(2)]
        self.hub = RunHub(self.redis, LIMITS)
        for part in self.parts():
            await part.start()

    def parts(self) -> list[RunPublisher | RunHub]:
        return [*self.publishers, self.hub]

    async def _close(self) -> None:
        for watcher in self.all_watchers:
            await watcher.events.aclose()
        for part in self.parts():
            await part.aclose()
        await self.redis.aclose()

    def _wait(self, call: Awaitable[object]) -> None:
        async def wait() -> None:
            await call

        self.loop.run(wait())

    @rule(target=writers, worker=st.integers(0, 1))
    def take_over(self, worker: int) -> RunWriter:
        self.attempt += 1
        return self._claim(worker)

    @rule(target=writers, worker=st.integers(0, 1))
    def claim_the_same_attempt_again(self, worker: int) -> RunWriter:
        self.attempt = max(self.attempt, 1)
        return self._claim(worker)

    def _claim(self, worker: int) -> RunWriter:
        claimed = self.loop.run(
            self.publishers[worker].claim(
                RUN, self.attempt, user_id="u", thread_id="t", seq_high=self.seq_high
            )
        )
        self.ended = claimed.ended is not None
        for frame in claimed.frames:
            assert self.texts[frame.seq] == frame.data
        self.holder = claimed.writer
        return claimed.writer

    @rule(writer=writers, count=st.integers(1, 12))
    def append(self, writer: RunWriter, count: int) -> None:
        if writer.ended:
            return
        self.loop.run(self._append(writer, count))

    async def _append(self, writer: RunWriter, count: int) -> None:
        given = {}
        try:
            for _ in range(count):
                self.said += 1
                given[await writer.append(b'"%d"' % self.said)] = b'"%d"' % self.said
            await writer.flush()
        except RunUnclaimedError:
            assert self.forgotten
        except RunLostError:
            assert writer is not self.holder
        else:
            assert writer is self.holder
            for seq, text in given.items():
                assert self.texts.setdefault(seq, text) == text

    forgotten = False

    @rule(writer=writers)
    def save_seq_high(self, writer: RunWriter) -> None:
        if writer is self.holder:
            self.seq_high = max(self.seq_high, writer.sent_seq)

    @rule()
    def end(self) -> None:
        if self.holder is not None and not self.ended:
            with contextlib.suppress(RunLostError):
                self.loop.run(self.holder.end("completed"))
                self.ended = True

    @rule()
    def flush_redis(self) -> None:
        self._wait(self.redis.flushall())
        self._saved()

    @rule()
    def lose_the_log(self) -> None:
        self._wait(self.redis.delete(f"chat:{{{RUN}}}:log"))
        self._saved()

    def _saved(self) -> None:
        """Record that the next worker lacks the frames, unless `seq_high` was saved."""
        self.forgotten = True
        if self.holder is not None:
            self.seq_high = max(self.seq_high, self.holder.sent_seq)

    @rule()
    def forget_scripts(self) -> None:
        self._wait(self.redis.script_flush())

    @rule(kind=st.sampled_from(["normal", "pubsub"]))
    def cut_connections(self, kind: str) -> None:
        self._wait(self.redis.client_kill_filter(_type=kind, skipme=True))

    @rule(target=watchers, back=st.integers(0, 5))
    def attach(self, back: int) -> Watcher:
        seen = sorted(self.texts)
        watcher = Watcher(self.hub, seen[-back] if 0 < back <= len(seen) else 0)
        self.all_watchers.append(watcher)
        return watcher

    @rule(watcher=watchers, count=st.integers(1, 4))
    def look(self, watcher: Watcher, count: int) -> None:
        self.loop.run(self._look(watcher, count))

    async def _look(self, watcher: Watcher, count: int) -> None:
        try:
            async with asyncio.timeout(20):
                await watcher.take(count)
        except RunLogExpiredError:
            watcher.done = True

    @rule(watcher=consumes(watchers))
    def leave(self, watcher: Watcher) -> None:
        async def leave() -> None:
            async with aclosing(watcher.events):
                watcher.done = True

        self.loop.run(leave())

    @invariant()
    def seqs_grow_and_jump_only_with_a_snapshot(self) -> None:
        for watcher in self.all_watchers:
            for before, after in pairwise(watcher.seqs):
                assert after == before + 1 or (after in watcher.jumps and after > before)

    @invariant()
    def one_text_a_seq(self) -> None:
        for watcher in self.all_watchers:
            for seq, text in watcher.texts.items():
                assert self.texts[seq] == text

    def teardown(self) -> None:
        self.loop.run(self._close())
        self.loop.close()
        assert self.hub.viewers == 0


def test_viewers_never_see_a_seq_twice_backwards_or_with_two_texts(redis_url: str) -> None:
    Histories.redis_url = redis_url

    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
