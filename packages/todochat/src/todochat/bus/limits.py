"""The bus's limits and times. Tests shorten them; services use the defaults."""

import msgspec

_KIB = 1024
_MIB = 1024 * _KIB


class BusLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Every bound of the bus in one place.

    Attributes:
        max_frames: most frames of a run, `max_bytes` most bytes. The next one is rejected.
        closing_frames: extra frames that report why the run ends (`closing_bytes` likewise);
            available after the first rejection.
        live_ttl_s: expiry of a run's keys, refreshed by every append; `ended_ttl_s` after its end.
        seq_jump: how far `seq` jumps after a lost log, at least. More than a run can
            have published since its `seq_high` was last saved.
        batch_bytes: most frame bytes in one call to Redis (a larger frame is sent alone).
        flush_every_s: interval of the flushes of a busy publisher; `flush_burst` of them may follow
            each other without it.
        max_unsent_frames: queued frames of one run above which its producer waits.
        retry_s: how long an append or a claim is retried while Redis is unreachable.
        full_s: how long an append or a claim is retried while Redis is out of memory.
        call_timeout_s: timeout of a call to Redis.
        viewer_queue_bytes: queued bytes (`viewer_queue_messages` likewise) above which a viewer
            counts as behind and reads the log instead.
        chunk_bytes: most bytes yielded to a viewer at once (a larger frame is yielded alone).
        idle_s: after this long without an event a viewer gets `Idle`, and its log is read.
        attach_timeout_s: how long a new viewer waits for Redis before it gets an error.
        outage_s: how long an attached viewer waits for Redis to return.
        lost_log_s: how long it waits for a worker to claim the run again after the keys were lost.
    """

    max_frames: int = 20_000
    max_bytes: int = 8 * _MIB
    closing_frames: int = 100
    closing_bytes: int = 64 * _KIB
    live_ttl_s: int = 2 * 3600
    ended_ttl_s: int = 30 * 60
    seq_jump: int = 10_000
    batch_bytes: int = 64 * _KIB
    flush_every_s: float = 0.005
    flush_burst: int = 10
    max_unsent_frames: int = 1_000
    retry_s: float = 30.0
    full_s: float = 10.0
    call_timeout_s: float = 5.0
    viewer_queue_bytes: int = 256 * _KIB
    viewer_queue_messages: int = 1_000
    chunk_bytes: int = 64 * _KIB
    idle_s: float = 15.0
    attach_timeout_s: float = 5.0
    outage_s: float = 60.0
    lost_log_s: float = 120.0


DEFAULT_LIMITS = BusLimits()
