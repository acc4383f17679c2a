"""`todochat up` in a terminal: progress, then everybody's logs."""

import sys

from todochat_local.default_plan import build_plan
from todochat_local.launcher import Launcher
from todochat_local.options import UpOptions
from todochat_local.terminal import Terminal


def run_in_foreground(options: UpOptions) -> int:
    """Run until Ctrl-C; return the exit code."""
    terminal = Terminal(sys.stdout.fileno())
    launcher = Launcher(
        options,
        build_plan,
        write=terminal.write,
        colour=sys.stdout.isatty() and "NO_COLOR" not in options.environ,
        show_logs=True,
    )
    try:
        return launcher.run()
    finally:
        terminal.close()
