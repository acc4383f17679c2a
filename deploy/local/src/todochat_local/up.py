"""The launcher's program, `python -m todochat_local.up OPTIONS [FD]`, started by `todochat up`.

It runs as long as the stack, so it doesn't load the command line: typer, and pydantic that typer
loads, would take 7 MB. A detached launcher writes to logs/launcher.log, and through the pipe FD to
the caller until the stack is ready or has failed.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from todochat_local.child import LOG_MAX_BYTES
from todochat_local.data_dir import DataDir, DataDirError
from todochat_local.default_plan import build_plan
from todochat_local.detach import READY
from todochat_local.launcher import Launcher
from todochat_local.plan import UpOptions
from todochat_local.terminal import Terminal

LOG_NAME: Final = "launcher"
COLOR: Final = re.compile("\x1b\\[[0-9;]*m")


def launch(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the launcher in the foreground, or detached if there is a descriptor; return the exit code."""
    options = UpOptions.decode(arguments[0], environ)
    if len(arguments) == 1:
        return run_in_foreground(options)
    return run_detached(options, caller_fd=int(arguments[1]))


def run_in_foreground(options: UpOptions) -> int:
    """Run the launcher until Ctrl-C and print progress and logs; return the exit code."""
    terminal = Terminal(sys.stdout.fileno())
    launcher = Launcher(
        options,
        build_plan,
        write=terminal.write,
        color=sys.stdout.isatty() and "NO_COLOR" not in options.environ,
        show_logs=True,
    )
    try:
        return launcher.run()
    finally:
        terminal.close()


def run_detached(options: UpOptions, caller_fd: int) -> int:
    """Run the launcher until `todochat down`."""
    data = DataDir(options.data_dir)
    try:
        data.prepare()
    except DataDirError as error:
        os.write(caller_fd, f"{error}\n".encode())
        return 1
    output = DetachedOutput(data, caller_fd)
    launcher = Launcher(
        options,
        build_plan,
        write=output.write,
        color=sys.stdout.isatty() and "NO_COLOR" not in options.environ,
        show_logs=False,
        on_ready=output.release_caller,
    )
    output.redirect_streams()
    try:
        return launcher.run()
    except Exception as error:
        output.write(f"failed: {error!r}, see `{LOG_NAME}.log`")
        raise


class DetachedOutput:
    """The output of a launcher without a terminal: a log file, and the caller's pipe at first."""

    def __init__(self, data: DataDir, caller_fd: int) -> None:
        path = data.log_path(LOG_NAME)
        if path.exists() and path.stat().st_size > LOG_MAX_BYTES:
            path.unlink()
        self._log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._caller = caller_fd

    def redirect_streams(self) -> None:
        """Redirect the standard streams: input from /dev/null, output and errors to the log."""
        null = os.open(os.devnull, os.O_RDWR)
        for fd, target in ((0, null), (1, self._log), (2, self._log)):
            os.dup2(target, fd)

    def write(self, line: str) -> None:
        """Write a line without colors to the log, and to the caller."""
        os.write(self._log, COLOR.sub("", f"{line}\n").encode(errors="replace"))
        self._write_to_caller(f"{line}\n".encode(errors="replace"))

    def release_caller(self) -> None:
        """Tell the caller that the stack is ready, and close its pipe."""
        self._write_to_caller(READY)
        os.close(self._caller)
        self._caller = -1

    def _write_to_caller(self, data: bytes) -> None:
        if self._caller < 0:
            return
        try:
            os.write(self._caller, data)
        except BrokenPipeError:
            self._caller = -1  # the caller was interrupted; the stack starts anyway


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1:], dict(os.environ)))  # noqa: TID251 - the only place that reads it
