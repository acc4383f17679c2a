"""What ASGI has no word for."""

import asyncio

from litestar.types import Receive


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def find_transport(receive: Receive) -> asyncio.Transport | None:
    """Return the connection of a request.

    uvicorn's `receive` is a method of the object that holds the transport; under another server
    it isn't found.
    """
    transport: asyncio.Transport | None = getattr(
        getattr(receive, "__self__", None), "transport", None
    )
    return transport


def abort_connection(receive: Receive) -> None:
    """Cut the connection of a request whose client takes nothing.

    A response that just ends leaves its socket open until the client has read what is buffered,
    so one that never reads would keep it for ever. Where the transport isn't found the socket
    stays until the server closes it.
    """
    transport = find_transport(receive)
    if transport is not None:
        transport.abort()
