"""How failed sign-ins slow down further ones, per account and address.

Ten failures within 15 minutes are free. From then on each further failure doubles the wait until
the next try, from 30 s up to 15 minutes; a quiet quarter of an hour or the right password forgets
it all. Other addresses are never affected, so nobody can lock another person out.
"""

import ipaddress
from datetime import datetime, timedelta

import msgspec

from auth_session.domain.limits import (
    FIRST_SIGN_IN_DELAY,
    MAX_FAILED_SIGN_INS,
    MAX_SIGN_IN_DELAY,
    SIGN_IN_WINDOW,
)

# What one household or host gets; a machine in it can take any address of its own.
_IPV6_SITE_BITS = 64


class FailureCount(msgspec.Struct, frozen=True, kw_only=True):
    """The failures of one account from one address since `window_began_at`."""

    failures: int
    window_began_at: datetime
    blocked_until: datetime | None

    def wait_s(self, now: datetime) -> float:
        """Return the seconds until a sign-in may be tried, 0 if it may be now."""
        if self.blocked_until is None:
            return 0
        return max(0.0, (self.blocked_until - now).total_seconds())


def after_failure(before: FailureCount | None, now: datetime) -> FailureCount:
    """Return the count after one more failure."""
    if before is None or _is_over(before, now):
        return FailureCount(failures=1, window_began_at=now, blocked_until=None)
    failures = before.failures + 1
    return FailureCount(
        failures=failures,
        window_began_at=before.window_began_at,
        blocked_until=None if failures < MAX_FAILED_SIGN_INS else now + _delay(failures),
    )


def _is_over(count: FailureCount, now: datetime) -> bool:
    return now >= (count.blocked_until or count.window_began_at) + SIGN_IN_WINDOW


def _delay(failures: int) -> timedelta:
    # The exponent is bounded before the multiplication: a patient attacker must not overflow it.
    doublings = min(failures - MAX_FAILED_SIGN_INS, 10)
    return min(FIRST_SIGN_IN_DELAY * (1 << doublings), MAX_SIGN_IN_DELAY)


def address_group(client_host: str) -> str:
    """Return what failures are counted under: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        address = ipaddress.ip_address(client_host)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _IPV6_SITE_BITS), strict=False))
