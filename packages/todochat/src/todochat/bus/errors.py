"""What can go wrong on the bus.

    BaseException
    └── RunLostError            a newer claim holds the run: stop, say nothing more
        └── RunUnclaimedError   Redis forgot the claim or the log: claim again, then go on
    ServiceError
    ├── RunLogFullError         413  run-log-full      the run said more than it may
    ├── RunLogExpiredError      410  run-log-expired   nothing is left to replay
    └── BusUnavailableError     503  bus-unavailable   Redis can't be reached
        └── BusFullError        503  bus-full          Redis is out of memory

The first two are BaseExceptions on purpose: openai-chatkit turns every Exception into an error
event, and a worker that lost its run must not say even that.
"""

from todochat.errors import GoneError, PayloadTooLargeError, UnavailableError


class RunLostError(BaseException):
    """Another claim holds the run. Whoever gets this stops the run's work and writes nothing."""


class RunUnclaimedError(RunLostError):
    """Redis lost the run's claim or the end of its log, but nobody else took the run.

    The run may still be held in PostgreSQL. A worker that is sure of its lease stops the agent,
    calls `RunPublisher.claim` with the same attempt and drives the run again as on a takeover:
    the new log begins with `: snapshot`. A worker that treats it as `RunLostError` is right too,
    the run then goes on after its lease has ended.
    """


class RunLogFullError(PayloadTooLargeError):
    """The run said more than a log holds; it ends with a visible error."""

    code, title = "run-log-full", "The answer is too long"


class RunLogExpiredError(GoneError):
    """The run's log is gone, so it can't be replayed; the thread's items tell what was said.

    `thread_id` is in the extensions, or None if the keys that knew it are gone too.
    """

    code, title = "run-log-expired", "This answer can't be replayed any more"

    def __init__(self, run_id: str, thread_id: str | None = None) -> None:
        super().__init__("The run's events are no longer kept.", run_id=run_id, thread_id=thread_id)


class BusUnavailableError(UnavailableError):
    """Redis can't be reached, or refuses to work."""

    code, title = "bus-unavailable", "Try again in a moment"


class BusFullError(BusUnavailableError):
    """Redis is out of memory (`maxmemory`) and refuses writes."""

    code, title = "bus-full", "The server is out of memory for answers"
