"""Spaces a process's flushes out under load, so that each carries the frames of many runs."""


class FlushPacer:
    """Lets `burst` flushes follow each other, then one every `every_s`.

    A pause makes room for `burst` again. So the first frames of a turn don't wait in an idle
    process, and neither do single frames at a reading pace.
    """

    def __init__(self, every_s: float, burst: int) -> None:
        self._every_s = every_s
        self._burst_s = burst * every_s
        self._due_at = 0.0

    def next_delay_s(self, now: float) -> float:
        """Return how long the next flush has to wait, at most `every_s`, and count it."""
        self._due_at = max(self._due_at + self._every_s, now - self._burst_s + self._every_s)
        return min(max(self._due_at - now, 0.0), self._every_s)
