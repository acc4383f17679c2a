"""`todochat up --detach`: the launcher in the background, the caller waits until it is ready.

The launcher is a fork, since this process has loaded what it needs. Its lines go to
logs/launcher.log, and to the caller through a pipe until all is ready or given up.
"""

import os
import re
import sys
import traceback
from typing import Final, NoReturn

from todochat_local.child import LOG_MAX_BYTES
from todochat_local.default_plan import build_plan
from todochat_local.launcher import Launcher
from todochat_local.layout import DataDir, DataDirError
from todochat_local.options import UpOptions

LOG_NAME: Final = "launcher"
READY: Final = b"\0"
READ_BYTES: Final = 4096
COLOUR: Final = re.compile("\x1b\\[[0-9;]*m")


def run_detached(options: UpOptions) -> int:
    """Start a launcher in a session of its own; return 0 when it is ready, 1 if it gave up."""
    data = DataDir(options.data_dir)
    try:
        data.prepare()
    except DataDirError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        _become_launcher(options, data, writer)
    os.close(writer)
    is_ready = False
    while chunk := os.read(reader, READ_BYTES):
        is_ready = is_ready or READY in chunk
        sys.stdout.write(chunk.replace(READY, b"").decode(errors="replace"))
        sys.stdout.flush()
    return 0 if is_ready else 1


def _become_launcher(options: UpOptions, data: DataDir, report_fd: int) -> NoReturn:
    """In the forked process: leave the terminal and run until `todochat down`."""
    code = 1
    try:
        os.setsid()
        report = _Report(data, report_fd)
        launcher = Launcher(
            options,
            build_plan,
            write=report.write,
            colour=sys.stdout.isatty() and "NO_COLOR" not in options.environ,
            show_logs=False,
            on_ready=report.end,
        )
        report.leave_terminal()
        try:
            code = launcher.run()
        except Exception as error:
            # This process ends without Python's own farewell: what isn't said here is lost.
            os.write(2, traceback.format_exc().encode())
            report.write(f"gave up: {error!r}, see `{LOG_NAME}.log`")
            raise
    finally:
        os._exit(code)


class _Report:
    """Where a launcher without a terminal says things."""

    def __init__(self, data: DataDir, caller_fd: int) -> None:
        path = data.log_path(LOG_NAME)
        if path.exists() and path.stat().st_size > LOG_MAX_BYTES:
            path.unlink()
        self._log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._caller = caller_fd

    def leave_terminal(self) -> None:
        """Point the standard streams away from the terminal; errors go to the log."""
        null = os.open(os.devnull, os.O_RDWR)
        for fd, target in ((0, null), (1, self._log), (2, self._log)):
            os.dup2(target, fd)

    def write(self, line: str) -> None:
        os.write(self._log, COLOUR.sub("", f"{line}\n").encode(errors="replace"))
        self._tell_caller(f"{line}\n".encode(errors="replace"))

    def end(self) -> None:
        """Let the caller go: all is ready."""
        self._tell_caller(READY)
        os.close(self._caller)
        self._caller = -1

    def _tell_caller(self, data: bytes) -> None:
        if self._caller < 0:
            return
        try:
            os.write(self._caller, data)
        except BrokenPipeError:
            self._caller = -1  # it was interrupted; the stack starts nevertheless
