"""Waits for the end of a run, for requests that get a JSON response."""

import asyncio
from contextlib import aclosing
from typing import Final

import msgspec

from durable_chatkit.errors import ActionPendingError
from todochat.bus import BusUnavailableError, Ended, EndStatus, Frames, RunHub, RunLogExpiredError
from todochat.bus.frames import parse_frames

WAIT_S: Final = 15.0
RETRY_S: Final = 1.0


class RunResult(msgspec.Struct, frozen=True):
    """Outcome of a run; `message` is the last error message in its stream."""

    status: EndStatus
    message: str | None = None


class RunResults:
    """Waits for runs by watching their streams."""

    def __init__(self, hub: RunHub) -> None:
        self._hub = hub

    async def wait_for_result(self, run_id: str) -> RunResult:
        """Return the outcome of a run.

        Raises:
            ActionPendingError: the run did not end within WAIT_S, or Redis is unavailable.
        """
        message: str | None = None
        try:
            async with (
                asyncio.timeout(WAIT_S),
                aclosing(self._hub.watch(run_id, active=True)) as events,
            ):
                async for event in events:
                    if isinstance(event, Frames):
                        message = last_error_message(event.data) or message
                    elif isinstance(event, Ended):
                        return RunResult(event.status, message)
        except (TimeoutError, BusUnavailableError, RunLogExpiredError) as error:
            msg = "The action was accepted and is still in progress."
            raise ActionPendingError(msg, retry_after_s=RETRY_S) from error
        msg = "a watch ended without an end marker"
        raise RuntimeError(msg)


def last_error_message(data: bytes) -> str | None:
    """Return the message of the last `error` event in encoded frames."""
    events = [msgspec.json.decode(frame.data) for frame in parse_frames(data) if frame.data]
    errors = [event.get("message") for event in events if event["type"] == "error"]
    return errors[-1] if errors else None
