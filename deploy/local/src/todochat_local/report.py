"""What the launcher says: progress while it starts, a line when something ends."""

from collections.abc import Callable, Sequence
from typing import Final

from todochat_local.hint import hint_for
from todochat_local.layout import DataDir
from todochat_local.log_line import LineFormat
from todochat_local.plan import StartError
from todochat_local.spelling import typed

GREEN: Final = 32
YELLOW: Final = 33
RED: Final = 31
GREY: Final = 90
NAME_WIDTH: Final = 20
SHORT: Final = 3
LONG: Final = 25
WIDTH: Final = 300


class Report:
    """Tells a person, line by line.

    Args:
        write: takes one line.
    """

    def __init__(self, write: Callable[[str], None], style: LineFormat) -> None:
        self._write = write
        self._style = style

    def info(self, text: str) -> None:
        """Say something."""
        self._write(text)

    def ready(self, name: str, detail: str, seconds: float) -> None:
        """Say that a unit or step is ready."""
        mark = self._style.paint("ready", GREEN)
        took = self._style.paint(f"{seconds:5.1f} s", GREY)
        self._write(f"  {mark} {took}  {name:<{NAME_WIDTH}} {detail}".rstrip())

    def all_ready(self, edge: str, seconds: float, data: DataDir) -> None:
        """Say where everything is, and what to type next."""
        self._write(f"\nready after {seconds:.1f} s: {edge}")
        self._write(f'  to talk to it:  {typed("chat", data)} "add buy milk tomorrow at 5pm"')
        self._write(f"  to stop it:     {typed('down', data)}")

    def ended(self, name: str, status: str, backoff_s: float) -> None:
        """Say that a unit ended unasked and will be started again."""
        text = f"{name} ended ({status}); starting it again in {backoff_s:g} s"
        self._write(self._style.paint(text, YELLOW))

    def stalled(self, name: str, problem: str, failures: int) -> None:
        """Say that a unit runs but isn't alive, and is stopped to be started again."""
        text = f"{name} failed {failures} liveness checks in a row ({problem}); restarting it"
        self._write(self._style.paint(text, YELLOW))

    def failed_again(self, error: StartError) -> None:
        """Say that a unit that had been running can't be started again."""
        self._write(self._style.paint(str(error), RED))
        self._show(error.lines, SHORT)

    def failed(self, error: StartError, data: DataDir) -> None:
        """Say why the launch is given up."""
        self._write("")
        self._write(self._style.paint(str(error), RED))
        self._show(error.lines, LONG)
        self._write(f"  log:  {data.log_path(error.name)}")
        self._write(f"  hint: {hint_for([*error.lines, error.reason], data)}")

    def _show(self, lines: Sequence[str], count: int) -> None:
        """Show the end of a log; a traceback is one line of it."""
        shown = [part for line in lines for part in self._style.render(line).split("\n")]
        for part in shown[-count:]:
            self._write(f"    {part[:WIDTH]}")

    def warn(self, text: str) -> None:
        """Say that something is not as it should be."""
        self._write(self._style.paint(text, YELLOW))
