"""How a log line looks in a terminal: the process in colour, JSON as words."""

import json
from typing import Any, Final

COLOURS: Final = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)
LEVEL_COLOURS: Final = {"warning": 33, "error": 31, "critical": 31, "debug": 90}
HIDDEN: Final = frozenset({"timestamp", "time", "ts", "level", "event", "msg", "logger", "service"})
NAME_WIDTH: Final = 18


class LineFormat:
    """Formats the lines of several processes, each with a colour of its own."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour
        self._colours: dict[str, int] = {}

    def format(self, name: str, line: str) -> str:
        """Return `line` of the log `name` with its prefix."""
        code = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        return f"{self.paint(f'{name:<{NAME_WIDTH}} |', code)} {self.render(line)}"

    def paint(self, text: str, code: int) -> str:
        """Colour `text` if this is a terminal that shows colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def render(self, line: str) -> str:
        """Return a JSON line as words, anything else as it is."""
        fields = _parse(line)
        if fields is None:
            return line
        level = str(fields.get("level", "info"))
        when = str(fields.get("timestamp") or fields.get("time") or "")
        clock = when.partition("T")[2][:8]
        event = fields.get("event") or fields.get("msg") or ""
        rest = " ".join(f"{key}={_short(val)}" for key, val in fields.items() if key not in HIDDEN)
        head = " ".join(part for part in (clock, f"{level:<7}", str(event)) if part)
        code = LEVEL_COLOURS.get(level)
        return f"{self.paint(head, code) if code else head} {self.paint(rest, 90)}".rstrip()


def _parse(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
