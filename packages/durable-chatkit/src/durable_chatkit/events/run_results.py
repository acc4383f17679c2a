"""Waiting for the end of a run, for requests that are answered with JSON."""

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
    """How a run ended; the message is what the person would have read in its stream."""

    status: EndStatus
    message: str | None = None


class RunResults:
    """Watches runs as viewers do."""

    def __init__(self, hub: RunHub) -> None:
        self._hub = hub

    async def wait_for_result(self, run_id: str) -> RunResult:
        """Return how the run ended.

        Raises:
            ActionPendingError: it hasn't within WAIT_S, or Redis can't tell.
        """
        try:
            async with asyncio.timeout(WAIT_S):
                return await self._watch(run_id)
        except (TimeoutError, BusUnavailableError, RunLogExpiredError) as error:
            msg = "The action was taken in and isn't done yet."
            raise ActionPendingError(msg, retry_after_s=RETRY_S) from error

    async def _watch(self, run_id: str) -> RunResult:
        message: str | None = None
        async with aclosing(self._hub.watch(run_id, active=True)) as events:
            async for event in events:
                if isinstance(event, Frames):
                    message = _last_error(event.data) or message
                elif isinstance(event, Ended):
                    return RunResult(event.status, message)
        msg = "a watch ended without an end marker"
        raise RuntimeError(msg)


def _last_error(data: bytes) -> str | None:
    events = [msgspec.json.decode(frame.data) for frame in parse_frames(data) if frame.data]
    errors = [event.get("message") for event in events if event["type"] == "error"]
    return errors[-1] if errors else None
