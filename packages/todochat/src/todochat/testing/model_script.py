"""Parts of the script of `ScriptedModelServer`."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

GATE_TIMEOUT_S: Final = 30.0  # a forgotten gate fails its test instead of hanging the suite

Wire = Literal["responses", "chat_completions"]


class Gate:
    """A point in a response where the model waits until the test opens it.

    Args:
        timeout_s: longest wait.
    """

    def __init__(self, timeout_s: float = GATE_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._reached = asyncio.Event()
        self._opened = asyncio.Event()

    def open(self) -> None:
        """Let the response continue, now or when it arrives here."""
        self._opened.set()

    async def wait_reached(self, timeout_s: float = GATE_TIMEOUT_S) -> None:
        """Wait until the response has reached this gate."""
        async with asyncio.timeout(timeout_s):
            await self._reached.wait()

    async def pass_through(self) -> None:
        """Mark the gate as reached and wait for `open`; the server calls it."""
        self._reached.set()
        async with asyncio.timeout(self._timeout_s):
            await self._opened.wait()


class Say:
    """One message: its text chunks, one delta each, with optional gates between them.

    Args:
        citations: annotations of the text, sent after it; Chat Completions has only url citations.
    """

    def __init__(self, *chunks: str | Gate, citations: Sequence[Mapping[str, Any]] = ()) -> None:
        self.chunks = chunks
        self.citations = citations

    @property
    def text(self) -> str:
        """The whole message."""
        return "".join(chunk for chunk in self.chunks if isinstance(chunk, str))


@dataclass(frozen=True)
class Call:
    """One function call; `arguments` as text are sent unchanged, so they may be malformed."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    call_id: str | None = None  # None: one that never repeats


class Think:
    """One thought: its chunks, one delta each, with optional gates between them.

    Args:
        field: the field of a delta in Chat Completions. With `reasoning`, the Responses API sends
            text in place of a summary.
    """

    def __init__(
        self,
        *chunks: str | Gate,
        field: Literal["reasoning_content", "reasoning"] = "reasoning_content",
    ) -> None:
        self.chunks = chunks
        self.field = field


@dataclass(frozen=True)
class Refuse:
    """A refusal, in one piece."""

    text: str


@dataclass(frozen=True)
class HostedCall:
    """A call that the model server executes; `item` is its final state (Responses API only).

    Args:
        gate: passed while the call is in progress.
    """

    item: Mapping[str, Any]
    gate: Gate | None = None


@dataclass(frozen=True)
class Draw:
    """A generated image with its previews, all in base64 (Responses API only)."""

    image: str
    previews: Sequence[str | Gate] = ()


@dataclass(frozen=True)
class Raw:
    """Bytes written into the stream unchanged: malformed events."""

    data: bytes


@dataclass(frozen=True)
class ErrorFrame:
    """An error event in the middle of a stream, which then ends."""

    message: str = "The server had an error while processing your request."


@dataclass(frozen=True)
class Disconnect:
    """The connection is aborted in the middle of a stream."""


Part = Say | Call | Think | Refuse | HostedCall | Draw | Gate | Raw | ErrorFrame | Disconnect


@dataclass(frozen=True)
class ScriptedResponse:
    """Response to one request: the parts in order, or with `status` >= 400 an HTTP error."""

    parts: tuple[Part, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ModelRequest:
    """One request the model received, and its outcome."""

    wire: Wire
    body: dict[str, Any]
    headers: Mapping[str, str]
    finished: bool = False  # the whole response was written
    closed_by_client: bool = False  # the client disconnected before the end

    @property
    def history(self) -> list[dict[str, Any]]:
        """The conversation as it was sent: `input` or `messages`."""
        items: list[dict[str, Any]] = self.body["input" if self.wire == "responses" else "messages"]
        return items
