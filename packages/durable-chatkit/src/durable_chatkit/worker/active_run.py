"""A run in this process, as others may act on it: cancel it, or take it away."""

import asyncio
from typing import Any, Protocol

from durable_chatkit.agent.failures import Failure
from durable_chatkit.agent.run_scope import RunScope
from durable_chatkit.storage.run import CancelReason, RunRecord
from durable_chatkit.storage.run_repository import LogPosition
from todochat.bus import RunWriter


class Stoppable(Protocol):
    """What answers the run: the SDK's result, or an action's handler."""

    @property
    def run_loop_task(self) -> asyncio.Task[Any] | None:
        """The task in which it works."""

    def cancel(self) -> None:
        """Stop it."""


class ActiveRun:
    """The switchboard of one claimed run.

    Stopping is always the same: nothing new may begin, the SDK's result is cancelled, which closes
    the model's stream and cancels running tools, and whoever consumes the stream goes on to its
    end. Cancelling the consumer instead would leave the model running.

    Attributes:
        cancelled: somebody wants it to stop; it ends as such.
        failure: it has to end as failed.
        released: why this process must not say or store anything more of it, None if it may.
        stalled: the event loop stood still while this process drove it, perhaps because of it.
        ended: its outcome is stored.
    """

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        self.cancelled = record.cancel_requested_at is not None
        self.cancel_reason: CancelReason | str | None = record.cancel_reason
        self.failure: Failure | None = None
        self.released: str | None = None
        self.stalled = False
        self.ended = False
        self._writer: RunWriter | None = None
        self._scope: RunScope | None = None
        self._result: Stoppable | None = None

    @property
    def stopping(self) -> bool:
        """Whether the agent is not to go on, for whatever reason."""
        return self.cancelled or self.released is not None or self.failure is not None

    @property
    def sent_seq(self) -> int:
        """The last `seq` known to be in the run's log."""
        return self.record.seq_high if self._writer is None else self._writer.sent_seq

    @property
    def seq(self) -> int:
        """The last `seq` given to a frame, in the log or not."""
        return self.record.seq_high if self._writer is None else self._writer.seq

    @property
    def log_position(self) -> LogPosition:
        """What a renewal of the lease saves of the log."""
        size_bytes = None if self._writer is None else self._writer.size_bytes
        return LogPosition(self.sent_seq, size_bytes)

    def attach_writer(self, writer: RunWriter) -> None:
        """Name the claimed log."""
        self._writer = writer

    def attach_scope(self, scope: RunScope) -> None:
        """Name the attempt's state, a new one each time the run is driven."""
        self._scope = scope
        self._result = None
        scope.is_stopping = self.stopping

    def attach_result(self, result: Stoppable) -> None:
        """Name what answers, which is cancelled when the run stops."""
        self._result = result
        if self.stopping:
            result.cancel()

    def cancel(self, reason: str | None) -> None:
        """Stop it because somebody asked for that."""
        if not self.ended and not self.cancelled:
            self.cancelled = True
            self.cancel_reason = reason
            self.halt()

    def fail(self, failure: Failure) -> None:
        """Stop it with an error for the person."""
        if self.failure is None:
            self.failure = failure
            self.halt()

    def release(self, reason: str) -> None:
        """Stop it without a word: it is lost, or left to another worker."""
        if not self.ended and self.released is None:
            self.released = reason
            self.halt()

    def halt(self) -> None:
        """Stop the agent."""
        if self._scope is not None:
            self._scope.is_stopping = True
        if self._result is not None:
            self._result.cancel()

    async def settle(self, timeout_s: float) -> None:
        """Wait until nothing of the agent runs any more."""
        task = self._result.run_loop_task if self._result is not None else None
        if task is not None:
            await asyncio.wait([task], timeout=timeout_s)
