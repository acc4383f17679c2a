"""Limits the concurrent operations of one user."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from todochat.errors import TooManyRequestsError

RETRY_AFTER_S: Final = 5.0


class ConcurrencyLimit:
    """Allows at most `limit` concurrent operations of a subject in this process.

    Args:
        noun: names the operations in the error, in the plural.
    """

    def __init__(self, limit: int, noun: str) -> None:
        self._limit = limit
        self._noun = noun
        self._held = Counter[str]()

    def check(self, subject: str) -> None:
        """Check that the subject may start another operation.

        Raises:
            TooManyRequestsError: the subject has `limit` in progress.
        """
        if self._held[subject] >= self._limit:
            msg = f"You can have at most {self._limit} {self._noun} in progress."
            raise TooManyRequestsError(msg, retry_after_s=RETRY_AFTER_S)

    @contextmanager
    def hold(self, subject: str) -> Iterator[None]:
        """Count an operation while the block runs.

        Raises:
            TooManyRequestsError: see `check`.
        """
        self.check(subject)
        self._held[subject] += 1
        try:
            yield
        finally:
            self._held[subject] -= 1
            if not self._held[subject]:
                del self._held[subject]
