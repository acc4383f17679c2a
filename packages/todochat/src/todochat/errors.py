"""Errors that a caller may see, free of any framework.

    ServiceError
    ├── BadRequestError        400  bad-request
    ├── UnauthorizedError      401  unauthorized
    ├── ForbiddenError         403  forbidden
    ├── NotFoundError          404  not-found
    ├── RequestTimeoutError    408  request-timeout
    ├── ConflictError          409  conflict
    ├── GoneError              410  gone
    ├── PreconditionFailedError 412 precondition-failed
    ├── PayloadTooLargeError   413  payload-too-large
    ├── InvalidInputError      422  invalid-input
    ├── TooManyRequestsError   429  too-many-requests
    ├── HeadersTooLargeError   431  headers-too-large
    └── UnavailableError       503  unavailable

A service subclasses the matching one with its own `code`. `todochat.http.problems` turns
an error into `application/problem+json` (RFC 9457).
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One invalid field; `pointer` is a JSON pointer (RFC 6901) or a parameter's name."""

    pointer: str
    detail: str


class ServiceError(Exception):
    """A failure with a stable code and a text that the caller may see.

    Args:
        detail: this occurrence, for a human; never internals.
        headers: response headers that belong to the failure.
        extensions: further members of the problem document.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(
        self, detail: str, *, headers: Mapping[str, str] | None = None, **extensions: Any
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers: dict[str, str] = dict(headers or {})
        self.extensions = extensions


class BadRequestError(ServiceError):
    """The request can't be understood."""

    status, code, title = 400, "bad-request", "The request can't be understood"


class UnauthorizedError(ServiceError):
    """The request has no valid token."""

    status, code, title = 401, "unauthorized", "Sign in to continue"

    def __init__(self, detail: str = "A valid token is required.", **extensions: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **extensions)


class ForbiddenError(ServiceError):
    """The token is valid, but doesn't allow this request."""

    status, code, title = 403, "forbidden", "Not allowed"


class NotFoundError(ServiceError):
    """The resource doesn't exist, or belongs to another user."""

    status, code, title = 404, "not-found", "Not found"


class RequestTimeoutError(ServiceError):
    """The client didn't send its request in time; the connection is closed."""

    status, code, title = 408, "request-timeout", "The request didn't arrive in time"

    def __init__(self, detail: str, **extensions: Any) -> None:
        super().__init__(detail, headers={"Connection": "close"}, **extensions)


class ConflictError(ServiceError):
    """The request conflicts with the current state."""

    status, code, title = 409, "conflict", "Conflict"


class GoneError(ServiceError):
    """The resource existed once and is permanently gone."""

    status, code, title = 410, "gone", "Gone"


class PreconditionFailedError(ServiceError):
    """The resource isn't in the state that the caller expects."""

    status, code, title = 412, "precondition-failed", "Changed in the meantime"


class PayloadTooLargeError(ServiceError):
    """The body exceeds the route's limit."""

    status, code, title = 413, "payload-too-large", "Too large"


class InvalidInputError(ServiceError):
    """The request is well formed, but its values are not acceptable."""

    status, code, title = 422, "invalid-input", "Invalid input"

    def __init__(self, detail: str, *, errors: Sequence[FieldError] = (), **ext: Any) -> None:
        super().__init__(detail, errors=list(errors), **ext)


class _RetryLaterError(ServiceError):
    def __init__(self, detail: str, *, retry_after_s: float = 1, **extensions: Any) -> None:
        seconds = max(1, -int(-retry_after_s // 1))
        super().__init__(detail, headers={"Retry-After": str(seconds)}, **extensions)
        self.retry_after_s = retry_after_s


class TooManyRequestsError(_RetryLaterError):
    """The caller exceeded a limit; it may retry after `retry_after_s`."""

    status, code, title = 429, "too-many-requests", "Too many requests"


class HeadersTooLargeError(ServiceError):
    """The headers that the service would have to process exceed its limit."""

    status, code, title = 431, "headers-too-large", "Headers too large"


class UnavailableError(_RetryLaterError):
    """A dependency is down or overloaded; a retry may succeed."""

    status, code, title = 503, "unavailable", "Try again in a moment"
