"""`todochat down`: stop the launcher and wait until everything has ended."""

import signal
import time
from collections.abc import Callable
from typing import Final

from todochat_local import guard
from todochat_local.layout import DataDir, DataDirError
from todochat_local.lock import Lock, holder

STOP_TIMEOUT_S: Final = 90.0
POLL_S: Final = 0.05


def stop_launcher(data: DataDir, say: Callable[[str], None]) -> int:
    """Stop what runs on this data; return the exit code. Nothing running is fine, too."""
    if not data.exists():
        say(f"nothing runs: there is no {data.path}")
        return 0
    pid = holder(data)
    if pid is None:
        return _clean_up(data, say)
    if pid <= 0:  # to a signal, that is a whole group of processes
        say(f"something is just starting or cleaning up on {data.path}: try again in a moment")
        return 1
    guard.send(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_TIMEOUT_S
    while holder(data) == pid:
        if time.monotonic() > until:
            say(f"process {pid} has not ended within {STOP_TIMEOUT_S:.0f} s")
            return 1
        time.sleep(POLL_S)
    say("stopped")
    return 0


def _clean_up(data: DataDir, say: Callable[[str], None]) -> int:
    """Wait for what a killed launcher left behind, and end it if need be."""
    lock = Lock(data)
    try:
        lock.acquire(say)
    except DataDirError as error:
        say(str(error))
        return 1
    data.state.unlink(missing_ok=True)
    lock.release()
    say("nothing runs")
    return 0
