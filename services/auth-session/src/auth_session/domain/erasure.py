"""The erasure of an account: gone here at once, in the other services as soon as they answer."""

from datetime import datetime

import msgspec

from auth_session.domain.limits import (
    ERASURE_SETTLES,
    FIRST_ERASURE_DELAY,
    MAX_ERASURE_DELAY,
)


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure that is not finished.

    Attributes:
        published_at: when the other services could learn that the person's tokens are void.
        attempts: how often they were asked to erase the person.
    """

    user_id: str
    requested_at: datetime
    published_at: datetime | None
    attempts: int

    def is_last_word(self, began_at: datetime) -> bool:
        """Whether "nothing is left", asked from then on, stays true.

        Before that a token that another service hasn't heard of, or a request it was working on,
        may have written something anew.
        """
        return self.published_at is not None and began_at >= self.published_at + ERASURE_SETTLES

    def next_attempt_at(self, now: datetime, *, is_erased: bool) -> datetime:
        """Return when to ask again; later and later while somebody doesn't do it."""
        if is_erased:
            return (self.published_at or now) + ERASURE_SETTLES
        # The exponent is bounded before the multiplication, so that it can't overflow.
        delay = FIRST_ERASURE_DELAY * (1 << min(self.attempts - 1, 20))
        return now + min(delay, MAX_ERASURE_DELAY)
