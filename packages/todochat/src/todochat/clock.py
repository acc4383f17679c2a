"""Time: aware UTC inside, RFC 3339 with `Z` on the wire."""

from collections.abc import Callable
from datetime import UTC, datetime

# Returns the present time; tests pass their own.
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def to_wire(moment: datetime) -> str:
    """Format an aware time as RFC 3339 in UTC, for example `2026-11-24T17:00:00Z`.

    Raises:
        ValueError: `moment` has no time zone, so the instant it means is unknown.
    """
    if moment.tzinfo is None:
        msg = "a time on the wire needs a time zone"
        raise ValueError(msg)
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
