"""What the gateway itself refuses, as problem codes.

    ServiceError (todochat.errors)
    ├── BadRequestError
    │   ├── MalformedBodyError        400  malformed-body
    │   └── BadLastEventIdError       400  bad-last-event-id
    ├── NotFoundError
    │   └── RunNotFoundError          404  run-not-found
    ├── TooManyRequestsError          429  too-many-requests
    │   ├── TooManyTurnsError         429  too-many-turns
    │   └── TooManyStreamsError       429  too-many-streams
    └── UnavailableError
        ├── StoreUnavailableError     503  store-unavailable
        └── AgentFailedError          503  agent-failed

401, 403 and 413 come from `todochat`, 410 `run-log-expired` from `todochat.bus`; what todo-agent
refuses (404, 409, 422, 429 `too-many-runs`, 503) passes through with its own code.
"""

from todochat.errors import (
    BadRequestError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
)


class MalformedBodyError(BadRequestError):
    """The body isn't a JSON object."""

    code, title = "malformed-body", "The body can't be read"


class BadLastEventIdError(BadRequestError):
    """`Last-Event-ID` isn't a number."""

    code, title = "bad-last-event-id", "Last-Event-ID must be a number"


class RunNotFoundError(NotFoundError):
    """There is no such run, or it is somebody else's."""

    code, title = "run-not-found", "No such run"

    def __init__(self) -> None:
        super().__init__("There is no such run.")


class TooManyTurnsError(TooManyRequestsError):
    """The user started too many turns in this minute."""

    code, title = "too-many-turns", "Too many messages"


class TooManyStreamsError(TooManyRequestsError):
    """The user has too many streams open."""

    code, title = "too-many-streams", "Too many open streams"


class StoreUnavailableError(UnavailableError):
    """Redis can't be reached, so nothing can be counted or relayed."""

    code = "store-unavailable"


class AgentFailedError(UnavailableError):
    """todo-agent answered something the gateway can't pass on."""

    code = "agent-failed"
