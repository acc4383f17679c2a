"""A claimed run in this process, and the ways to stop it: cancel, fail, release.

Errors that end a worker's part in a run without an outcome:

BaseException
├── RunLostError (todochat.bus)   another attempt has the run
├── RunStoppedError (agent)       the run was cancelled or lost before a call or an item started
└── RunReleasedError              this worker can't continue; another attempt may
"""

import asyncio
from typing import Any, Protocol

from durable_chatkit.agent.failures import Failure
from durable_chatkit.agent.run_scope import RunScope
from durable_chatkit.storage.run import CancelReason, RunRecord
from durable_chatkit.storage.run_repository import LogPosition
from todochat.bus import RunWriter


class RunReleasedError(BaseException):
    """This worker releases the run; the next attempt continues where this one stopped.

    A store or the bus is unreachable, or the worker shuts down; the cause, if any, says which.

    A BaseException: openai-chatkit would report an Exception to the user and end the run.
    """


class Stoppable(Protocol):
    """The producer of a run's events: the SDK's result, or an action's handler."""

    @property
    def run_loop_task(self) -> asyncio.Task[Any] | None:
        """The task in which it runs."""

    def cancel(self) -> None:
        """Stop it."""


class RunHandle:
    """Controls one claimed run.

    Stopping always works the same way: nothing new may start, the producer is cancelled, which closes
    the model's stream and cancels running tools, and the consumer reads the stream to its end.
    Cancelling the consumer instead would leave the model running.

    Attributes:
        cancelled: cancellation was requested; the run ends as cancelled.
        failure: the run must end as failed.
        released: why this process must not publish or store anything more, None if it may.
        stalled: the event loop was blocked while this process drove the run, perhaps by the run.
        ended: the outcome is stored.
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
        """True if the agent must stop, for any reason."""
        return self.cancelled or self.released is not None or self.failure is not None

    @property
    def sent_seq(self) -> int:
        """The last `seq` that is confirmed in the run's log."""
        return self.record.seq_high if self._writer is None else self._writer.sent_seq

    @property
    def seq(self) -> int:
        """The last `seq` assigned to a frame, in the log or not."""
        return self.record.seq_high if self._writer is None else self._writer.seq

    @property
    def log_position(self) -> LogPosition:
        """The position in the log, which each renewal of the lease stores."""
        size_bytes = None if self._writer is None else self._writer.size_bytes
        return LogPosition(self.sent_seq, size_bytes)

    def attach_writer(self, writer: RunWriter) -> None:
        """Set the writer of the claimed log."""
        self._writer = writer

    def attach_scope(self, scope: RunScope) -> None:
        """Set the attempt's state, a new one each time the run is driven."""
        self._scope = scope
        self._result = None
        scope.is_stopping = self.stopping

    def attach_result(self, result: Stoppable) -> None:
        """Set the producer, which is cancelled when the run stops."""
        self._result = result
        if self.stopping:
            result.cancel()

    def cancel(self, reason: str | None) -> None:
        """Stop the run because cancellation was requested."""
        if not self.ended and not self.cancelled:
            self.cancelled = True
            self.cancel_reason = reason
            self.halt()

    def fail(self, failure: Failure) -> None:
        """Stop the run with an error for the user."""
        if self.failure is None:
            self.failure = failure
            self.halt()

    def release(self, reason: str) -> None:
        """Stop the run without publishing anything: it is lost, or left to another worker."""
        if not self.ended and self.released is None:
            self.released = reason
            self.halt()

    def raise_if_released(self) -> None:
        """Raise RunReleasedError if this process must not publish or store anything more."""
        if self.released is not None:
            raise RunReleasedError(self.released)

    def halt(self) -> None:
        """Stop the producer."""
        if self._scope is not None:
            self._scope.stop()
        if self._result is not None:
            self._result.cancel()

    async def settle(self, timeout_s: float) -> None:
        """Wait until the producer's task has ended."""
        task = self._result.run_loop_task if self._result is not None else None
        if task is not None and not task.done():
            await asyncio.wait([task], timeout=timeout_s)
