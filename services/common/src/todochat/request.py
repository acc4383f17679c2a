"""The request that every handler gets."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any, Final

from litestar import Request
from litestar.exceptions import InternalServerException
from typing_extensions import override

from todochat.errors import BadRequestError, RequestTimeoutError

# Averaged over a body, after BODY_TIMEOUT_S: the slowest mobile networks carry ten times as much.
MIN_BODY_BYTES_PER_S: Final = 512


class ServiceRequest(Request[Any, Any, Any]):
    """A request whose body may be cut short, or may never come.

    Litestar takes a client that leaves in mid-upload for a fault of ours, and waits for one that
    stalls without a limit, as uvicorn does.
    """

    @override
    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body in chunks.

        Raises:
            BadRequestError: the client left before the body's end.
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
            raise BadRequestError("The body is cut short.") from error
