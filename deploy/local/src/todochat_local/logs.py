"""`todochat logs`: prints the log files in the format of `todochat up`."""

import sys
import time
from typing import Final

from todochat_local.data_dir import DataDir
from todochat_local.log_file import LogFollower, read_tail
from todochat_local.log_line import LineFormat

POLL_S: Final = 0.2


def show_logs(data: DataDir, name: str | None, *, follow: bool, lines: int, color: bool) -> int:
    """Print the last lines of one log or of all; return the exit code."""
    names = sorted(path.stem for path in data.logs.glob("*.log")) if data.logs.exists() else []
    chosen = [each for each in names if name in {None, each} or each.startswith(f"{name}-")]
    if not chosen:
        known = ", ".join(names) or "none"
        sys.stderr.write(f"no log {name or ''} in {data.logs}; available: {known}\n")
        return 1
    style = LineFormat(color=color)
    followers = {each: LogFollower(data.log_path(each), from_end=True) for each in chosen}
    for each in chosen:
        for line in read_tail(data.log_path(each), lines) if lines else []:
            sys.stdout.write(style.format(each, line) + "\n")
    try:
        while follow:
            for each, follower in followers.items():
                for line in follower.new_lines():
                    sys.stdout.write(style.format(each, line) + "\n")
            sys.stdout.flush()
            time.sleep(POLL_S)
    except (KeyboardInterrupt, BrokenPipeError):
        return 0
    return 0
