r"""Frames: the exact bytes of one SSE event in a run's log.

    id: 7\ndata: {"type":"..."}\n\n     an event
    id: 8\n: snapshot\n\n               seq jumped here: reload the thread's items
    id: 9\n: end completed\n\n          the end marker; comments only, so no event for a browser

JSON text never holds a raw line break, so `\n\nid: ` begins a frame wherever it occurs.
"""

import re
from typing import Final, Literal, cast, get_args

import msgspec

EndStatus = Literal["completed", "failed", "cancelled"]
END_STATUSES: Final[frozenset[str]] = frozenset(get_args(EndStatus))

_ID: Final = b"id: "
_NEXT_ID: Final = b"\n\nid: "
_DATA: Final = b"data: "
_END: Final = b": end "
_SNAPSHOT: Final = b": snapshot"
_ID_LINES: Final = re.compile(rb"^id: [0-9]+\n", re.MULTILINE)


class Frame(msgspec.Struct, frozen=True):
    """One parsed frame: `data` of an event, or `end`, or `snapshot`."""

    seq: int
    data: bytes | None = None
    end: EndStatus | None = None
    snapshot: bool = False


class LogEntry(msgspec.Struct, frozen=True):
    """One log entry or live message: whole frames with consecutive `seq`.

    A marker (snapshot, end) is always a separate entry.
    """

    first: int
    last: int
    data: bytes
    marker: Frame | None = None


def encode_frame(seq: int, data: bytes) -> bytes:
    """Make an event's frame.

    Raises:
        ValueError: `data` has a line break, which would split the event.
    """
    if b"\n" in data or b"\r" in data:
        msg = "an event's JSON must be one line"
        raise ValueError(msg)
    return b"id: %d\ndata: %b\n\n" % (seq, data)


def encode_end(seq: int, status: EndStatus) -> bytes:
    """Encode the end marker."""
    return b"id: %d\n: end %b\n\n" % (seq, status.encode())


def encode_snapshot(seq: int) -> bytes:
    """Encode the marker of a jump of `seq`."""
    return b"id: %d\n: snapshot\n\n" % seq


def parse_frames(raw: bytes) -> list[Frame]:
    """Parse complete frames.

    Raises:
        ValueError: `raw` has an incomplete or malformed frame.
    """
    if not raw:
        return []
    if not raw.endswith(b"\n\n"):
        msg = "the last frame is incomplete"
        raise ValueError(msg)
    return [_parse_frame(chunk) for chunk in raw[:-2].split(b"\n\n")]


def parse_entry(raw: bytes) -> LogEntry:
    """Read the sequence numbers of an entry without parsing its events.

    Raises:
        ValueError: `raw` is not an entry.
    """
    line_end = raw.index(b"\n")
    first = int(raw[len(_ID) : line_end])
    if raw.startswith(b":", line_end + 1):
        return LogEntry(first, first, raw, _parse_frame(raw[:-2]))
    last_frame = raw.rfind(_NEXT_ID)
    if last_frame < 0:
        return LogEntry(first, first, raw)
    start = last_frame + len(_NEXT_ID)
    return LogEntry(first, int(raw[start : raw.index(b"\n", start)]), raw)


def cut_entry(entry: LogEntry, after: int) -> LogEntry:
    """Drop an entry's frames up to `after`, where `first <= after < last`."""
    start = entry.data.index(b"\n\nid: %d\n" % (after + 1)) + 2
    return LogEntry(after + 1, entry.last, entry.data[start:])


def strip_ids(raw: bytes) -> bytes:
    """Remove the `id:` lines, for clients that didn't request them."""
    return _ID_LINES.sub(b"", raw)


def _parse_frame(chunk: bytes) -> Frame:
    id_line, separator, rest = chunk.partition(b"\n")
    if not separator or not id_line.startswith(_ID):
        msg = f"not a frame: {chunk[:80]!r}"
        raise ValueError(msg)
    seq = int(id_line[len(_ID) :])
    if rest.startswith(_DATA):
        return Frame(seq, data=rest[len(_DATA) :])
    if rest == _SNAPSHOT:
        return Frame(seq, snapshot=True)
    status = rest.removeprefix(_END).decode("ascii", "replace")
    if not rest.startswith(_END) or status not in END_STATUSES:
        msg = f"not a frame: {chunk[:80]!r}"
        raise ValueError(msg)
    return Frame(seq, end=cast("EndStatus", status))
