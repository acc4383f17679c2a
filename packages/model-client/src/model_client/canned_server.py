"""A model server without a network, for tests and for warming up a process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from model_client.model_stream import ModelStream
from model_client.transport import ModelRequest

_IDLE_S: Final = 60.0  # never waited for


class CannedServer:
    """Answers each request with the same bytes.

    Args:
        cut_bytes: bytes of each read; None for all at once.

    Attributes:
        requests: path and body of each request.
    """

    base_url = "canned://"

    def __init__(self, body: bytes, cut_bytes: int | None = None) -> None:
        self.requests: list[tuple[str, bytes]] = []
        self._body = body
        self._cut_bytes = cut_bytes or max(len(body), 1)

    @asynccontextmanager
    async def stream(
        self,
        request: ModelRequest,
        *,
        model: str,
        max_retries: int | None = None,  # noqa: ARG002 - the interface
    ) -> AsyncIterator[ModelStream]:
        """Open the answer to a request."""
        self.requests.append((request.path, request.body))
        content = CannedBody(self._body, self._cut_bytes)
        yield ModelStream(content, await content.readany(), model, _IDLE_S)


class CannedBody:
    """A body whose bytes have all arrived; each read returns some of them."""

    def __init__(self, body: bytes, cut_bytes: int) -> None:
        self._body = body
        self._cut_bytes = cut_bytes
        self._position = 0

    async def readany(self) -> bytes:
        """Return the next bytes, b"" at the end."""
        start, self._position = self._position, self._position + self._cut_bytes
        return self._body[start : self._position]

    def collect(self, size: int, until: float = 0.0) -> None:
        """Do nothing: `readany` never waits."""

    def fail(self, error: Exception) -> None:
        """Do nothing: `readany` never waits."""
