"""Formats log lines for a terminal: the process in color, JSON as text."""

import json
from typing import Any, Final

COLORS: Final = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)
LEVEL_COLORS: Final = {"warning": 33, "error": 31, "critical": 31, "debug": 90}
HIDDEN: Final = frozenset({"timestamp", "time", "ts", "level", "event", "msg", "logger", "service"})
NAME_WIDTH: Final = 18


class LineFormat:
    """Formats the lines of several processes, each in its own color."""

    def __init__(self, *, color: bool) -> None:
        self._color = color
        self._colors: dict[str, int] = {}

    def format(self, name: str, line: str) -> str:
        """Return `line` of the log `name` with a prefix."""
        code = self._colors.setdefault(name, COLORS[len(self._colors) % len(COLORS)])
        return f"{self.paint(f'{name:<{NAME_WIDTH}} |', code)} {self.render(line)}"

    def paint(self, text: str, code: int) -> str:
        """Return `text` in a color, if colors are enabled."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text

    def render(self, line: str) -> str:
        """Return a JSON line as text, any other line unchanged."""
        fields = parse_object(line)
        if fields is None:
            return line
        level = str(fields.get("level", "info"))
        when = str(fields.get("timestamp") or fields.get("time") or "")
        clock = when.partition("T")[2][:8]
        event = fields.get("event") or fields.get("msg") or ""
        rest = " ".join(
            f"{key}={val if isinstance(val, str) else json.dumps(val)}"
            for key, val in fields.items()
            if key not in HIDDEN
        )
        head = " ".join(part for part in (clock, f"{level:<7}", str(event)) if part)
        code = LEVEL_COLORS.get(level)
        return f"{self.paint(head, code) if code else head} {self.paint(rest, 90)}".rstrip()


def parse_object(line: str) -> dict[str, Any] | None:
    """Return the JSON object of a line; None if the line is something else."""
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None
