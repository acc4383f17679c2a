"""Bounds the time that reading one message may take; patterns and loops ask how much is left.

It is processor time of the thread, so that a busy machine reads a message as a fast one does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import thread_time
from typing import Final

_END: Final[ContextVar[float | None]] = ContextVar("time_limit", default=None)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let `time_left` raise TimeoutError after that many seconds of work in this context."""
    token = _END.set(thread_time() + seconds)
    try:
        yield
    finally:
        _END.reset(token)


def time_left() -> float | None:
    """Return how many seconds are left; None without a limit.

    Raises:
        TimeoutError: no time is left.
    """
    end = _END.get()
    if end is None:
        return None
    left = end - thread_time()
    if left <= 0:
        msg = "The time limit has passed."
        raise TimeoutError(msg)
    return left
