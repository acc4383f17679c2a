"""The frames of a stream: events with an ID, and the server's comments."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class StreamFrame:
    """One frame; `event` is None for a comment."""

    raw: bytes
    id: int | None = None
    event: dict[str, Any] | None = None
    comments: list[str] = field(default_factory=list)

    @property
    def end(self) -> str:
        """`completed`, `failed` or `cancelled` in the last frame of a run, else empty."""
        ends = (text.removeprefix("end ") for text in self.comments if text.startswith("end "))
        return next(ends, "")

    @classmethod
    def parse(cls, raw: bytes) -> "StreamFrame":
        """Parse the lines of one frame, without the blank line after it."""
        frame = cls(raw + b"\n\n")
        data = []
        for line in raw.decode(errors="replace").split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "id" and value.isdigit():
                frame.id = int(value)
            elif name == "data":
                data.append(value)
            elif not name:
                frame.comments.append(value)
        if data:
            frame.event = json.loads("\n".join(data))
        return frame


def iter_frames(chunks: Iterable[bytes]) -> Iterator[StreamFrame]:
    """Yield the complete frames of a stream; drop a truncated one at its end.

    Not httpx-sse: it drops comments, and the end marker of a run is a comment.
    """
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n\n")
        yield from (StreamFrame.parse(raw) for raw in whole if raw)
