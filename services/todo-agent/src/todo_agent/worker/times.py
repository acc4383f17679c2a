"""How long things take in a worker; tests shorten them."""

import msgspec


class WorkerTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds.

    Args:
        lease_s: how long a claim holds without being renewed.
        renew_s: between two renewals of all leases.
        try_s: what one renewal may take.
        stop_s: a worker that could not renew for so long stops its runs' tools, before another
            worker can have them.
        poll_s: between two looks for runs that nobody was woken for.
        settle_s: what a run gets to stop once it is cancelled or lost.
        housekeeping_s: between two purges.
    """

    lease_s: float = 6.0
    renew_s: float = 2.0
    try_s: float = 1.5
    stop_s: float = 4.0
    poll_s: float = 1.0
    settle_s: float = 5.0
    housekeeping_s: float = 300.0


DEFAULT_TIMES = WorkerTimes()
