"""The request that every handler gets."""

from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException
from typing_extensions import override

from todochat.errors import BadRequestError


class ServiceRequest(Request[Any, Any, Any]):
    """A request whose body may be cut short.

    Litestar takes a client that leaves in mid-upload for a fault of ours.
    """

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

    @override
    async def json(self) -> Any:
        """Return the decoded body.

        Raises:
            BadRequestError: its arrays and objects are nested too deeply to decode.
        """
        try:
            return await super().json()
        except RecursionError as error:
            raise BadRequestError("The body is nested too deeply.") from error
