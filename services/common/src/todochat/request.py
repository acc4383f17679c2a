"""The request that every handler gets."""

from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request
from litestar.datastructures.url import URL
from litestar.exceptions import InternalServerException
from typing_extensions import override

from todochat.errors import BadRequestError


class ServiceRequest(Request[Any, Any, Any]):
    """A request whose faults are the client's, where Litestar answers 500.

    These are a body that is cut short or nested too deeply, and a malformed `Host`.
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
            BadRequestError: it is nested too deeply to be decoded.
        """
        try:
            return await super().json()
        except RecursionError as error:
            raise BadRequestError("The body is nested too deeply.") from error

    @override
    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body in chunks.

        Raises:
            BadRequestError: the client left before the body's end.
            InternalServerException: the body was read before.
        """
        was_read = not self.is_connected
        try:
            async for chunk in super().stream():
                yield chunk
        except InternalServerException as error:
            if was_read:
                raise
            raise BadRequestError("The body is cut short.") from error
