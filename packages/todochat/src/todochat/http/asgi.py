"""Connection operations that ASGI doesn't offer."""

import asyncio

from litestar.types import Receive


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def find_transport(receive: Receive) -> asyncio.Transport | None:
    """Return the connection of a request.

    uvicorn's `receive` is a method of the object that owns the transport; under another server
    the result is None.
    """
    transport: asyncio.Transport | None = getattr(
        getattr(receive, "__self__", None), "transport", None
    )
    return transport


def abort_connection(receive: Receive) -> None:
    """Abort the connection of a request whose client has stalled.

    A response that only ends leaves its socket open until the client has read the buffered bytes,
    so a client that never reads would keep it open forever. Without a transport the socket stays
    open until the server closes it.
    """
    transport = find_transport(receive)
    if transport is not None:
        transport.abort()
