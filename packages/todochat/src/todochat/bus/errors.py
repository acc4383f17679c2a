"""Errors of the run bus.

    BaseException
    └── RunLostError            a newer claim holds the run: stop, write nothing more
        └── RunUnclaimedError   Redis lost the claim or the log: claim again, then resume
    ServiceError
    ├── RunLogFullError         413  run-log-full      the run exceeded its log limit
    ├── RunLogExpiredError      410  run-log-expired   nothing is left to replay
    └── BusUnavailableError     503  bus-unavailable   Redis is unreachable
        └── BusFullError        503  bus-full          Redis is out of memory

The first two are BaseExceptions on purpose: openai-chatkit turns every Exception into an error
event, and a worker that lost its run must not write even that.
"""

from todochat.errors import GoneError, PayloadTooLargeError, UnavailableError


class RunLostError(BaseException):
    """Another claim holds the run. The worker must stop the run and write nothing more."""


class RunUnclaimedError(RunLostError):
    """Redis lost the run's claim or the end of its log, but no other worker claimed the run.

    The lease in PostgreSQL may still be valid. A worker that knows it is stops the agent, calls
    `RunPublisher.claim` with the same attempt and drives the run again as after a takeover: the new
    log begins with `: snapshot`. A worker may also treat it as `RunLostError`; another one then
    resumes the run after the lease has expired.
    """


class RunLogFullError(PayloadTooLargeError):
    """The run exceeded the size limit of its log; it ends with a visible error."""

    code, title = "run-log-full", "The response is too long"


class RunLogExpiredError(GoneError):
    """The run's log has expired, so it can't be replayed; the thread's items have its content.

    `thread_id` is in the extensions, or None if the meta has expired, too.
    """

    code, title = "run-log-expired", "This response can no longer be replayed"

    def __init__(self, run_id: str, thread_id: str | None = None) -> None:
        super().__init__("The run's events are no longer kept.", run_id=run_id, thread_id=thread_id)


class BusUnavailableError(UnavailableError):
    """Redis is unreachable or refuses commands."""

    code, title = "bus-unavailable", "Try again in a moment"


class BusFullError(BusUnavailableError):
    """Redis is out of memory (`maxmemory`) and refuses writes."""

    code, title = "bus-full", "The server is out of memory for responses"
