"""The request class of every handler."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any, Final

from litestar import Request
from litestar.datastructures.url import URL
from litestar.exceptions import InternalServerException
from typing_extensions import override

from todochat.errors import BadRequestError, RequestTimeoutError

# Averaged over a body, after BODY_TIMEOUT_S: the slowest mobile networks are ten times as fast.
MIN_BODY_BYTES_PER_S: Final = 512


class ServiceRequest(Request[Any, Any, Any]):
    """Reports client errors for which Litestar returns 500 or waits forever.

    These are a body that is truncated, nested too deeply or never sent, and a malformed `Host`.
    """

    @property
    @override
    def url(self) -> URL:
        """Return the URL of the request.

        Raises:
            BadRequestError: `Host` has no valid port.
        """
        try:
            return super().url
        except ValueError as error:
            raise BadRequestError("The Host header is not valid.") from error

    @override
    async def json(self) -> Any:
        """Return the decoded body.

        Raises:
            BadRequestError: the body is nested too deeply.
        """
        try:
            return await super().json()
        except RecursionError as error:
            raise BadRequestError("The body is nested too deeply.") from error

    @override
    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body in chunks.

        Raises:
            BadRequestError: the client disconnected before the end of the body.
            RequestTimeoutError: the client paused for longer than BODY_TIMEOUT_S, or sends less
                than `MIN_BODY_BYTES_PER_S`.
            InternalServerException: the body was read before.
        """
        was_read = not self.is_connected
        pause_s = self.app.state.settings.body_timeout_s
        due_at = time.monotonic() + pause_s
        chunks = super().stream()
        try:
            while True:
                limit_s = min(pause_s, due_at - time.monotonic())
                async with asyncio.timeout(limit_s):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                due_at += len(chunk) / MIN_BODY_BYTES_PER_S
                yield chunk
        except TimeoutError as error:
            raise RequestTimeoutError("The body didn't arrive in time.") from error
        except InternalServerException as error:
            if was_read:
                raise
            raise BadRequestError("The body is truncated.") from error
