"""Throttling of sign-ins after failures, per account and address.

Ten failures within 15 minutes have no effect. After that each failure doubles the wait until the
next attempt, from 30 s up to 15 minutes; 15 minutes without an attempt or the correct password
reset the count. Other addresses are never affected, so a user can't lock another user out.
"""

import hashlib
import ipaddress
from datetime import datetime

import msgspec

from auth_session.domain.limits import (
    FIRST_SIGN_IN_DELAY,
    MAX_FAILED_SIGN_INS,
    MAX_SIGN_IN_DELAY,
    SIGN_IN_WINDOW,
)

# The network of one household or host, whose machines can use any address in it.
_IPV6_SITE_BITS = 64


class FailureCount(msgspec.Struct, frozen=True, kw_only=True):
    """The failures of one account from one address since `window_began_at`."""

    failures: int
    window_began_at: datetime
    blocked_until: datetime | None

    def wait_s(self, now: datetime) -> float:
        """Return the seconds until the next attempt is allowed, 0 if it is allowed now."""
        if self.blocked_until is None:
            return 0
        return max(0.0, (self.blocked_until - now).total_seconds())


def add_failure(before: FailureCount | None, now: datetime) -> FailureCount:
    """Return the count after one more failure."""
    if before is None or now >= (before.blocked_until or before.window_began_at) + SIGN_IN_WINDOW:
        return FailureCount(failures=1, window_began_at=now, blocked_until=None)
    failures = before.failures + 1
    blocked_until = None
    if failures >= MAX_FAILED_SIGN_INS:
        # Bound the exponent first: a patient attacker must not overflow the multiplication.
        doublings = min(failures - MAX_FAILED_SIGN_INS, 10)
        blocked_until = now + min(FIRST_SIGN_IN_DELAY * (1 << doublings), MAX_SIGN_IN_DELAY)
    return FailureCount(
        failures=failures,
        window_began_at=before.window_began_at,
        blocked_until=blocked_until,
    )


def account_key(email_key: str) -> bytes:
    """Return the hash under which failures of an account are counted, known or not."""
    return hashlib.sha256(email_key.encode()).digest()


def address_group(client_host: str) -> str:
    """Return the key that limits count an address under: itself, or its IPv6 /64 network."""
    try:
        address = ipaddress.ip_address(client_host)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _IPV6_SITE_BITS), strict=False))
