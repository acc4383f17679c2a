"""A limit on the CPU time of parsing one message; patterns and loops check the time left.

Only the thread's CPU time counts, so the result doesn't depend on the machine's load.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import thread_time
from typing import Final

_END: Final[ContextVar[float | None]] = ContextVar("time_limit", default=None)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Make `time_left` raise TimeoutError after `seconds` of CPU time in this context."""
    token = _END.set(thread_time() + seconds)
    try:
        yield
    finally:
        _END.reset(token)


def time_left() -> float | None:
    """Return the number of seconds left; None without a limit.

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
