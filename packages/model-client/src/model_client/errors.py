"""Failures of a model server.

ModelServerError
├── ModelBusyError         429, a quota, an overloaded server
├── ModelUnreachableError  no connection, no answer in time, 408, 409, 5xx
├── ModelRejectedError     another status than 2xx
├── ModelBrokenOffError    the stream ended early, or can't be read
└── ModelReportedError     an error inside of a stream that is none of the above
"""

from collections.abc import Mapping
from typing import Any, Final, Self

from model_client.json_codec import encode_json
from todochat.surrogates import replace_surrogates

MAX_BODY_CHARS: Final = 200

_ERROR_STATUSES: Final = frozenset(map(str, range(400, 600)))
_GATEWAY_STATUSES: Final = frozenset({502, 503, 504})  # a proxy couldn't reach its model

_RETRIED_STATUSES: Final = frozenset({408, 409, 429})
_NO_RETRY: Final = "insufficient_quota"  # won't pass within seconds
_BUSY_WORDS: Final = (
    "insufficient_quota",
    "overloaded",
    "quota",
    "rate limit",
    "rate_limit",
    "request limit",
    "resource_exhausted",
    "slow_down",
    "too many requests",
    "too_many_requests",
)


class ModelServerError(Exception):
    """A model server failed to answer.

    Attributes:
        status: HTTP status of the response; None without one.
        model: the name of the model.
        body: the first 200 characters of what the server sent.
        retry_after_s: the wait that the server asked for.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        model: str = "",
        body: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.model = model
        self.body = body[:MAX_BODY_CHARS]
        self.retry_after_s = retry_after_s

    @property
    def is_passing(self) -> bool:
        """True if the same request may succeed within seconds."""
        if self.status is None:  # no response
            return True
        is_retried = self.status in _RETRIED_STATUSES or self.status >= 500
        return is_retried and _NO_RETRY not in self.body

    def __str__(self) -> str:
        facts = (self.model, self.status and f"status {self.status}", self.body)
        return ": ".join(str(fact) for fact in (self.args[0], *facts) if fact)


class ModelBusyError(ModelServerError):
    """The server limits requests: 429, a quota is used up, or it is overloaded."""


class ModelUnreachableError(ModelServerError):
    """No connection, no first byte in time, or 408, 409 or a 5xx."""


class ModelRejectedError(ModelServerError):
    """The server rejected the request with another status."""


class ModelBrokenOffError(ModelServerError):
    """The stream ended without its end, stalled, was reset, or isn't readable."""

    @classmethod
    def of_body(cls, reason: str, body: bytes, *, model: str = "") -> Self:
        """Return the error for a body, or a part of one, that can't be read."""
        text = body[: 4 * MAX_BODY_CHARS].decode(errors="replace")
        return cls(reason, status=200, model=model, body=text)


class ModelReportedError(ModelServerError):
    """The server reported an error inside of a response with status 200."""


def error_for_status(
    status: int, body: str, *, model: str, retry_after_s: float | None = None
) -> ModelServerError:
    """Return the error of a response with a status other than 2xx."""
    if status == 429 or is_busy(body[:MAX_BODY_CHARS]):
        kind: type[ModelServerError] = ModelBusyError
    elif status in {408, 409} or status >= 500:
        kind = ModelUnreachableError
    else:
        kind = ModelRejectedError
    return kind(
        "the model server refused the request",
        status=status,
        model=model,
        body=body,
        retry_after_s=retry_after_s,
    )


def describe_connection_error(error: Exception) -> str:
    """Return the reason of a ModelServerError for an error of the connection."""
    if isinstance(error, TimeoutError):
        return "the model server didn't answer in time"
    return f"the connection to the model server failed ({type(error).__name__}: {error})"


def find_error(event: str, data: Any) -> Any:
    """Return the error that decoded data of a 200 contains, None if it is none.

    Servers send `{"error": {...}}`, `{"error": "..."}`, `{"object": "error", ...}`, or anything
    with the event name `error`.

    Args:
        event: the name of the server-sent event; "" for other bodies.
    """
    if event == "error":
        nested = data.get("error") if isinstance(data, dict) else None
        return nested or data or "unknown error"
    if isinstance(data, list) and len(data) == 1:
        data = data[0]  # as Gemini sends it
    if not isinstance(data, dict):
        return None
    if data.get("object") == "error" or str(data.get("type")) in {"error", "response.error"}:
        return data.get("error") or data
    return data.get("error") or None


def reported_error(error: Any, *, model: str) -> ModelServerError:
    """Return the exception for an error inside of a response with status 200."""
    body = replace_surrogates(error) if isinstance(error, str) else encode_json(error).decode()
    code = str(error.get("code")) if isinstance(error, Mapping) else ""
    status = int(code) if code in _ERROR_STATUSES else None
    if status == 429 or is_busy(body):
        kind: type[ModelServerError] = ModelBusyError
    elif status in _GATEWAY_STATUSES:
        kind = ModelUnreachableError
    else:
        kind = ModelReportedError
    return kind("the model server reported an error", status=status or 200, model=model, body=body)


def is_busy(text: str) -> bool:
    """Return whether the words of an error mean a limit that passes."""
    lower = text.lower()
    return any(words in lower for words in _BUSY_WORDS)
