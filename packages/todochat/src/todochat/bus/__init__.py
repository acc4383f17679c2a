"""The run bus carries the frames of a run from its worker to its viewers.

    worker   RunPublisher.claim -> RunWriter.append ... end
               one flush task, one script call per run and batch:
               fence (attempt, claim, next seq), XADD to the log, PUBLISH
    Redis    chat:{RUN}:log   chat:{RUN}:live   chat:{RUN}:meta
    gateway  RunHub.watch: subscribe, wait for the confirmation, read the log, go live

Invariants, even if a process is killed or Redis is flushed:

* A published frame is in the log, and only the newest claim writes.
* `seq` counts 1, 2, 3 ... and jumps only at a `: snapshot`, after a loss; it never goes back.
* Each viewer gets each frame after its cursor once, in order, then the end marker.

`keys` documents the data in Redis, `limits` the bounds, `errors` the failures.
"""

from todochat.bus.errors import (
    BusFullError,
    BusUnavailableError,
    RunLogExpiredError,
    RunLogFullError,
    RunLostError,
    RunUnclaimedError,
)
from todochat.bus.frames import EndStatus, Frame
from todochat.bus.hub import RunHub
from todochat.bus.limits import BusLimits
from todochat.bus.publisher import RunPublisher
from todochat.bus.run_log import RunMeta
from todochat.bus.signals import WorkerChannels, poke, register, wake
from todochat.bus.watch import Ended, Frames, Idle, Snapshot, WatchEvent
from todochat.bus.writer import ClaimedRun, RunWriter

__all__ = [
    "BusFullError",
    "BusLimits",
    "BusUnavailableError",
    "ClaimedRun",
    "EndStatus",
    "Ended",
    "Frame",
    "Frames",
    "Idle",
    "RunHub",
    "RunLogExpiredError",
    "RunLogFullError",
    "RunLostError",
    "RunMeta",
    "RunPublisher",
    "RunUnclaimedError",
    "RunWriter",
    "Snapshot",
    "WatchEvent",
    "WorkerChannels",
    "poke",
    "register",
    "wake",
]
