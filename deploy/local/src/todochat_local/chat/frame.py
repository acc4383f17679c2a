"""The frames of a stream: events with an id, and the comments by which the server speaks."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Frame:
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


def iter_frames(chunks: Iterable[bytes]) -> Iterator[Frame]:
    """Yield the whole frames of a stream; what a broken connection cut off is dropped.

    Not httpx-sse: it hides comments, and the end of a run is one.
    """
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n\n")
        yield from (_parse(raw) for raw in whole if raw)


def _parse(raw: bytes) -> Frame:
    frame = Frame(raw + b"\n\n")
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
