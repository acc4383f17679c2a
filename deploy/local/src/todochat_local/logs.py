"""`todochat logs`: the log files, as the terminal of `up` shows them."""

import sys
import time
from typing import Final

from todochat_local.layout import DataDir
from todochat_local.log_file import LogFollower, read_tail
from todochat_local.log_line import LineFormat

LOOK_S: Final = 0.2


def show_logs(data: DataDir, name: str | None, *, follow: bool, lines: int, colour: bool) -> int:
    """Print the last lines of one log or of all; return the exit code."""
    names = sorted(path.stem for path in data.logs.glob("*.log")) if data.logs.exists() else []
    chosen = [each for each in names if name in {None, each} or each.startswith(f"{name}-")]
    if not chosen:
        known = ", ".join(names) or "none"
        sys.stderr.write(f"no log {name or ''} in {data.logs}; there are: {known}\n")
        return 1
    style = LineFormat(colour=colour)
    followers = {each: LogFollower(data.log_path(each), from_end=True) for each in chosen}
    for each in chosen:
        for line in read_tail(data.log_path(each), lines) if lines else []:
            sys.stdout.write(style.format(each, line) + "\n")
    try:
        while follow:
            _show_new(followers, style)
            time.sleep(LOOK_S)
    except (KeyboardInterrupt, BrokenPipeError):
        return 0
    return 0


def _show_new(followers: dict[str, LogFollower], style: LineFormat) -> None:
    for name, follower in followers.items():
        for line in follower.new_lines():
            sys.stdout.write(style.format(name, line) + "\n")
    sys.stdout.flush()
