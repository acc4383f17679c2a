"""The bus's limits and times. Tests shorten them; services use the defaults."""

import msgspec

_KIB = 1024
_MIB = 1024 * _KIB


class BusLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Every bound of the bus in one place.

    Attributes:
        max_frames: frames a run may say, `max_bytes` the bytes of them. The next one is refused.
        closing_frames: frames on top of that, for telling the user why the run ends
            (`closing_bytes` likewise); they open with the first refusal.
        live_ttl_s: expiry of a run's keys, refreshed by every append; `ended_ttl_s` after its end.
        seq_jump: how far `seq` jumps after a lost log, at least. More than a run can have said since its
            `seq_high` was last saved.
        batch_bytes: most frame bytes in one call to Redis (a larger frame goes alone).
        max_unsent_frames: frames of one run that wait for Redis before its producer does.
        retry_s: how long an append or a claim is tried again while Redis can't be reached.
        full_s: how long an append or a claim is tried again while Redis is out of memory.
        call_timeout_s: longest wait for an answer of Redis.
        viewer_queue_bytes: what waits for one viewer (`viewer_queue_messages` likewise) before it
            counts as fallen behind and reads the log instead.
        chunk_bytes: most bytes handed to a viewer at once (a larger frame goes alone).
        idle_s: a viewer that got nothing for so long gets `Idle`, and its log is looked at.
        attach_timeout_s: how long a new viewer waits for Redis before it is told to come back.
        outage_s: how long a viewer that was attached waits for Redis to return.
        lost_log_s: how long it waits for a worker to claim its run anew after the keys vanished.
    """

    max_frames: int = 20_000
    max_bytes: int = 8 * _MIB
    closing_frames: int = 100
    closing_bytes: int = 64 * _KIB
    live_ttl_s: int = 2 * 3600
    ended_ttl_s: int = 30 * 60
    seq_jump: int = 10_000
    batch_bytes: int = 64 * _KIB
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
