"""How long things take in a worker; tests shorten them."""

import msgspec

from todochat.telemetry.loop_watch import STALL_S


class WorkerTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds.

    Args:
        lease_s: how long a claim holds without being renewed.
        renew_s: between two renewals of all leases.
        try_s: what one renewal may take.
        stop_s: a worker that could not renew for so long stops its runs' tools, before another
            worker can have them.
        stall_s: a worker that stood still for this long, blocked or frozen, counts as crashed for
            the runs that it drove, even if it hands them over in order. Longer than `renew_s`.
        poll_s: between two looks for runs that nobody was woken for.
        settle_s: what a run gets to stop once it is cancelled or lost.
        housekeeping_s: between two purges.
    """

    lease_s: float = 6.0
    renew_s: float = 2.0
    try_s: float = 1.5
    stop_s: float = 4.0
    stall_s: float = STALL_S
    poll_s: float = 1.0
    settle_s: float = 5.0
    housekeeping_s: float = 300.0


DEFAULT_TIMES = WorkerTimes()
