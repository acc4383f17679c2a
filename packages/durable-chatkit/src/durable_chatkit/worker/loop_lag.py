"""The lag of the worker's event loop: the measure of how many runs it can drive.

A number of runs would not do: a run of a slow model costs a sixth of one of a fast model, and one
that waits for a tool costs nothing.
"""

import asyncio
from typing import Final

SAMPLE_S: Final = 0.02

MAX_LAG_S: Final = 0.05
"""Beyond this lag a worker claims nothing more.

A few times what the start of a run takes without a pause, so that starting runs don't hold each
other up; less than the gap between two deltas that a reader notices, and far less than the timeout
of a lease's renewal (1.5 s).
"""


async def measure_lag_s() -> float:
    """Return by how much the event loop delays a timer; takes 20 ms, or longer if it is late."""
    loop = asyncio.get_running_loop()
    due = loop.time() + SAMPLE_S
    await asyncio.sleep(SAMPLE_S)
    return max(0.0, loop.time() - due)
