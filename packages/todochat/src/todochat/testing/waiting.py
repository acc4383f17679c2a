"""Waiting in tests: on a state, never on a time."""

import asyncio
import inspect
import socket
from collections.abc import Callable
from typing import Any


async def wait_until(
    predicate: Callable[[], Any], timeout_s: float = 5.0, *, interval_s: float = 0.01
) -> Any:
    """Return the first truthy result of `predicate`, a function or coroutine function.

    Raises:
        AssertionError: there was none within `timeout_s`.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        result = predicate()
        value = await result if inspect.isawaitable(result) else result
        if value:
            return value
        if asyncio.get_running_loop().time() > deadline:
            msg = f"not true within {timeout_s} s: {inspect.getsource(predicate).strip()}"
            raise AssertionError(msg)
        await asyncio.sleep(interval_s)


def free_port() -> int:
    """Return a currently unused TCP port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
