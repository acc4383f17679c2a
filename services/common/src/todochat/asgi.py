"""What ASGI has no word for."""

from litestar.types import Receive


def abort_connection(receive: Receive) -> None:
    """Cut the connection of a request whose client takes nothing.

    A response that just ends leaves its socket open until the client has read what is buffered,
    so one that never reads would keep it for ever. uvicorn's `receive` is a method of the object
    that holds the transport; under another server the socket stays until that server closes it.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
