"""Erasing an account: immediately in this service, with retries in the other services."""

from datetime import datetime

import msgspec

from auth_session.domain.limits import (
    ERASURE_SETTLE_TIME,
    FIRST_ERASURE_DELAY,
    MAX_ERASURE_DELAY,
)


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """An unfinished erasure.

    Attributes:
        published_at: when Redis received the user's revoked tokens; None before that.
        attempts: how many times the other services were requested to erase the user.
    """

    user_id: str
    requested_at: datetime
    published_at: datetime | None
    attempts: int

    def is_final_from(self, began_at: datetime) -> bool:
        """Return whether a round that began then finishes the erasure if nothing is left.

        In an earlier round, a token whose revocation hadn't reached another service, or a request
        in progress there, may write new data afterwards.
        """
        return self.published_at is not None and began_at >= self.published_at + ERASURE_SETTLE_TIME

    def next_attempt_at(self, now: datetime, *, is_erased: bool) -> datetime:
        """Return the time of the next attempt; failed ones back off exponentially."""
        if is_erased:
            return (self.published_at or now) + ERASURE_SETTLE_TIME
        # Bound the exponent first, so that the multiplication can't overflow.
        delay = FIRST_ERASURE_DELAY * (1 << min(self.attempts - 1, 20))
        return now + min(delay, MAX_ERASURE_DELAY)
