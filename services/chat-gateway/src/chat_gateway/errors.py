"""The gateway's own problems.

    ServiceError (todochat.errors)
    ├── BadRequestError
    │   ├── MalformedBodyError          400  malformed-body
    │   └── BadLastEventIdError         400  bad-last-event-id
    ├── NotFoundError
    │   └── RunNotFoundError            404  run-not-found
    ├── TooManyRequestsError            429  too-many-requests
    │   ├── TooManyTurnsError           429  too-many-turns
    │   └── TooManyOpenStreamsError     429  too-many-streams
    └── UnavailableError
        ├── StoreUnavailableError       503  store-unavailable
        └── AgentFailedError            503  agent-failed

401, 403 and 413 come from `todochat`, 410 `run-log-expired` from `todochat.bus`; refusals of
todo-agent (404, 409, 422, 429 `too-many-runs`, 503) pass through with their own code.
"""

from todochat.errors import (
    BadRequestError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
)


class MalformedBodyError(BadRequestError):
    """The body isn't a JSON object."""

    code, title = "malformed-body", "Malformed body"


class BadLastEventIdError(BadRequestError):
    """`Last-Event-ID` isn't a number."""

    code, title = "bad-last-event-id", "Last-Event-ID must be a number"


class RunNotFoundError(NotFoundError):
    """There is no such run, or it belongs to another user."""

    code, title = "run-not-found", "Run not found"

    def __init__(self) -> None:
        super().__init__("There is no such run.")


class TooManyTurnsError(TooManyRequestsError):
    """The user started too many turns in this minute."""

    code, title = "too-many-turns", "Too many messages"


class TooManyOpenStreamsError(TooManyRequestsError):
    """The user has too many open streams."""

    code, title = "too-many-streams", "Too many open streams"


class StoreUnavailableError(UnavailableError):
    """Redis is unreachable, so nothing can be counted or relayed."""

    code = "store-unavailable"


class AgentFailedError(UnavailableError):
    """todo-agent's response can't be relayed."""

    code = "agent-failed"
