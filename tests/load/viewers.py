"""Users who send messages without a pause, and check every frame of the responses."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import msgspec

from todochat.testing.person import message

DELTA: Final = "assistant_message.content_part.text_delta"
TURN_TIMEOUT_S: Final = 180.0


class _Update(msgspec.Struct):
    type: str = ""
    delta: str = ""


class _Event(msgspec.Struct):
    type: str
    update: _Update | None = None
    item: dict[str, Any] | None = None
    message: str | None = None


_EVENT: Final = msgspec.json.Decoder(_Event)


@dataclass
class Watched:
    """The observations of all viewers; times in seconds.

    Attributes:
        restarted_items: unfinished items that were removed because another worker took the run
        over.
    """

    turns: int = 0
    restarted_items: int = 0
    failures: list[str] = field(default_factory=list)
    first_deltas: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    turn_times: list[float] = field(default_factory=list)


class TurnReader:
    """Reads one turn's stream and checks that each frame comes once, in order, and whole."""

    def __init__(self, began: float, watched: Watched) -> None:
        self._began = began
        self._watched = watched
        self._buffer = b""
        self._seq = 0
        self._said: list[str] = []
        self._last_delta: float | None = None
        self.done_text: str | None = None
        self.ended: str | None = None

    @property
    def text(self) -> str:
        """The deltas, joined."""
        return "".join(self._said)

    def feed(self, chunk: bytes) -> None:
        """Parse bytes as they arrive."""
        *frames, self._buffer = (self._buffer + chunk).split(b"\n\n")
        for frame in frames:
            if frame.startswith(b"id: "):
                self._frame(frame)

    def _frame(self, frame: bytes) -> None:
        head, _, rest = frame.partition(b"\n")
        self._seq += 1
        if int(head[4:]) != self._seq:
            msg = f"frame {head!r} came where {self._seq} was due"
            raise ValueError(msg)
        if rest.startswith(b": end "):
            self.ended = rest[6:].decode()
            return
        event = _EVENT.decode(rest[6:])
        if event.update is not None and event.update.type == DELTA:
            self._delta(event.update.delta)
        elif event.type == "error":
            msg = f"error event: {event.message}"
            raise ValueError(msg)
        elif event.type == "thread.item.done" and event.item is not None:
            self._item_done(event.item)
        elif event.type == "thread.item.removed":
            self._watched.restarted_items += 1
            self._said.clear()

    def _item_done(self, item: dict[str, Any]) -> None:
        if item["type"] == "assistant_message":
            self.done_text = "".join(part["text"] for part in item["content"])

    def _delta(self, text: str) -> None:
        now = time.perf_counter()
        if self._last_delta is None:
            self._watched.first_deltas.append(now - self._began)
        else:
            self._watched.gaps.append(now - self._last_delta)
        self._last_delta = now
        self._said.append(text)


class Viewer:
    """One conversation of one user."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, client_secret: str, watched: Watched
    ) -> None:
        self._session = session
        self._url = url
        self._headers = {"Authorization": f"Bearer {client_secret}", "X-Resumable": "1"}
        self._watched = watched
        self._thread_id: str | None = None

    async def talk(self, expected: str, until: float) -> None:
        """Take turns until the loop's time is `until`; each must stream exactly `expected`."""
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            try:
                async with asyncio.timeout(TURN_TIMEOUT_S):
                    await self._turn(expected)
            except (ValueError, TimeoutError, OSError, aiohttp.ClientError) as error:
                self._watched.failures.append(repr(error))
                return
            self._watched.turns += 1

    async def _turn(self, expected: str) -> None:
        began = time.perf_counter()
        reader = TurnReader(began, self._watched)
        body = message("tell me more", self._thread_id)
        async with self._session.post(self._url, json=body, headers=self._headers) as response:
            if response.status != 200:
                msg = f"{response.status}: {await response.text()}"
                raise ValueError(msg)
            self._thread_id = response.headers["X-Thread-Id"]
            async for chunk in response.content.iter_any():
                reader.feed(chunk)
        if not (reader.ended == "completed" and reader.text == reader.done_text == expected):
            msg = f"ended {reader.ended} with {len(reader.text)} characters of {len(expected)}"
            raise ValueError(msg)
        self._watched.turn_times.append(time.perf_counter() - began)
