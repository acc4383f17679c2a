"""The launcher's output: progress of a start, and a line when a unit ends."""

from collections.abc import Callable, Sequence
from typing import Final

from todochat_local.data_dir import DataDir
from todochat_local.hint import hint_for
from todochat_local.log_line import LineFormat
from todochat_local.plan import StartError
from todochat_local.shell_command import shell_command

GREEN: Final = 32
YELLOW: Final = 33
RED: Final = 31
GREY: Final = 90
NAME_WIDTH: Final = 20
RESTART_LINES: Final = 3
START_LINES: Final = 25
WIDTH: Final = 300


class LaunchReporter:
    """Formats the launcher's events as lines.

    Args:
        write: prints one line.
    """

    def __init__(self, write: Callable[[str], None], style: LineFormat) -> None:
        self._write = write
        self._style = style

    def info(self, text: str) -> None:
        """Print a line."""
        self._write(text)

    def ready(self, name: str, detail: str, seconds: float) -> None:
        """Report that a unit or step is ready."""
        mark = self._style.paint("ready", GREEN)
        took = self._style.paint(f"{seconds:5.1f} s", GREY)
        self._write(f"  {mark} {took}  {name:<{NAME_WIDTH}} {detail}".rstrip())

    def all_ready(self, edge: str, seconds: float, data: DataDir) -> None:
        """Report the address and the next commands."""
        self._write(f"\nready after {seconds:.1f} s: {edge}")
        self._write(f'  to chat:   {shell_command("chat", data)} "add buy milk tomorrow at 5pm"')
        self._write(f"  to stop:   {shell_command('down', data)}")

    def ended(self, name: str, status: str, backoff_s: float) -> None:
        """Report that a unit ended unexpectedly and will be restarted."""
        text = f"{name} ended ({status}); restarting it in {backoff_s:g} s"
        self._write(self._style.paint(text, YELLOW))

    def stalled(self, name: str, problem: str, failures: int) -> None:
        """Report that a unit has stalled and is restarted."""
        text = f"{name} failed {failures} liveness checks in a row ({problem}); restarting it"
        self._write(self._style.paint(text, YELLOW))

    def restart_failed(self, error: StartError) -> None:
        """Report that restarting a unit failed."""
        self._write(self._style.paint(str(error), RED))
        self._show(error.lines, RESTART_LINES)

    def failed(self, error: StartError, data: DataDir) -> None:
        """Report why the launch failed."""
        self._write("")
        self._write(self._style.paint(str(error), RED))
        self._show(error.lines, START_LINES)
        self._write(f"  log:  {data.log_path(error.name)}")
        self._write(f"  hint: {hint_for([*error.lines, error.reason], data)}")

    def _show(self, lines: Sequence[str], count: int) -> None:
        """Print the end of a log; a traceback is one log line."""
        shown = [part for line in lines for part in self._style.render(line).split("\n")]
        for part in shown[-count:]:
            self._write(f"    {part[:WIDTH]}")

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._write(self._style.paint(text, YELLOW))
