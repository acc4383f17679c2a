"""Values as several formats write them: dates, durations, colors, rich text."""

import datetime as dt
import re
import zoneinfo
from html.parser import HTMLParser
from typing import Final

from tasks_service.domain.due import DEFAULT_TIMEZONE
from tasks_service.domain.limits import MAX_DUE_YEAR, MAX_DURATION_MINUTES, MIN_DUE_YEAR
from todochat.contracts.tasks import Color, Due

_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_OFFSET: Final = re.compile(r"([+-]\d{2})(\d{2})$")
_DURATION: Final = re.compile(
    r"(?:TRIGGER:)?(?P<sign>[+-]?)P(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9})S)?)?"
)
_HEX_COLOR: Final = re.compile(r"#?([0-9a-fA-F]{6})")
_PALETTE: Final[dict[Color, tuple[int, int, int]]] = {
    "gray": (0x80, 0x80, 0x80),
    "red": (0xDB, 0x40, 0x35),
    "orange": (0xFF, 0x99, 0x33),
    "yellow": (0xFA, 0xD0, 0x00),
    "green": (0x29, 0x94, 0x38),
    "teal": (0x15, 0x8F, 0xAD),
    "blue": (0x40, 0x73, 0xFF),
    "purple": (0x88, 0x4D, 0xFF),
    "pink": (0xE0, 0x51, 0x94),
    "brown": (0x8B, 0x5A, 0x2B),
}
_BREAKING_TAGS: Final = frozenset(
    {"p", "br", "li", "ul", "ol", "div", "h1", "h2", "h3", "h4", "tr"}
)


def read_due(text: str, timezone: str, *, zone_name: str | None = None) -> Due | None:
    """Read an ISO 8601 day, or a time; one without an offset is local.

    Args:
        timezone: the user's.
        zone_name: that of the row; an unknown one is ignored.

    Raises:
        ValueError: it is neither.
    """
    text = text.strip()
    if not text:
        return None
    name = zone_name if zone_name and is_timezone(zone_name) else timezone
    if matched := _DATE.fullmatch(text):
        return Due(date=dt.date(*map(int, matched.groups())), timezone=name)
    at = read_instant(text, name)
    return None if at is None else Due(at=at, timezone=name)


def read_instant(text: str, timezone: str = DEFAULT_TIMEZONE) -> dt.datetime | None:
    """Read an ISO 8601 time, in UTC; None if it's empty, or the year 1 that stands for no time.

    Raises:
        ValueError: it is malformed, or out of range.
    """
    text = text.strip()
    if not text or text.startswith("0001-"):
        return None
    at = dt.datetime.fromisoformat(_OFFSET.sub(r"\1:\2", text))
    if at.tzinfo is None:
        at = at.replace(tzinfo=zoneinfo.ZoneInfo(timezone))
    if not MIN_DUE_YEAR <= at.year <= MAX_DUE_YEAR:
        msg = f"must be in the years {MIN_DUE_YEAR} to {MAX_DUE_YEAR}"
        raise ValueError(msg)
    return at.astimezone(dt.UTC)


def is_timezone(name: str) -> bool:
    """Return whether there is an IANA time zone of this name."""
    return name in zoneinfo.available_timezones()


def on_day(due: Due) -> Due:
    """Return the day of an instant, in its time zone."""
    if due.at is None:
        return due
    zone = zoneinfo.ZoneInfo(due.timezone or DEFAULT_TIMEZONE)
    return Due(date=due.at.astimezone(zone).date(), timezone=due.timezone)


def read_duration(text: str) -> int | None:
    """Read an ISO 8601 duration in minutes; None if it isn't one, or is longer than a year."""
    matched = _DURATION.fullmatch(text.strip())
    if matched is None:
        return None
    parts = {name: int(value or 0) for name, value in matched.groupdict().items() if name != "sign"}
    minutes = int(dt.timedelta(**parts).total_seconds() // 60)
    if minutes > MAX_DURATION_MINUTES:
        return None
    return -minutes if matched["sign"] == "-" else minutes


def nearest_color(text: str) -> Color | None:
    """Return the list color that is nearest to a hexadecimal one."""
    matched = _HEX_COLOR.fullmatch(text)
    if matched is None:
        return None
    wanted = bytes.fromhex(matched[1])

    def distance(color: Color) -> int:
        return sum((a - b) ** 2 for a, b in zip(_PALETTE[color], wanted, strict=True))

    return min(_PALETTE, key=distance)


class _PlainText(HTMLParser):
    """Collects the text of HTML; list items get a dash."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKING_TAGS:
            self.parts.append("\n- " if tag == "li" else "\n")
        self.parts += [f"{value} " for name, value in attrs if tag == "a" and name == "href"]

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain_text(text: str) -> str:
    """Return the text of HTML that starts with a tag, as editors write it; other text unchanged."""
    if not re.match(r"\s*<[a-zA-Z]", text):
        return text
    parser = _PlainText()
    parser.feed(text)
    parser.close()
    return re.sub(
        r"\n{3,}|(?<=\n- )\n", lambda m: "\n\n" if len(m[0]) > 1 else "", "".join(parser.parts)
    ).strip()
