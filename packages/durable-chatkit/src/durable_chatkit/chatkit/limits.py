"""Limits on the values in a request; a request beyond them gets 422. Bodies may have 256 KiB."""

from typing import Final

from chatkit.types import (
    ItemsFeedbackReq,
    NonStreamingReq,
    StreamingReq,
    ThreadsAddStructuredInputReq,
    ThreadsAddUserMessageReq,
    ThreadsCreateReq,
    ThreadsUpdateReq,
    UserMessageTextContent,
)

from todochat.errors import FieldError, InvalidInputError
from todochat.visible_text import is_visible

MAX_MESSAGE_CHARS: Final = 32_000  # a long e-mail thread; the history has its own limit
MAX_CONTENT_PARTS: Final = 100
MAX_ATTACHMENTS: Final = 10
MAX_ANSWERS: Final = 100  # of one structured input
MAX_TITLE_CHARS: Final = 200
MAX_FEEDBACK_ITEMS: Final = 100


def check_streaming_limits(request: StreamingReq) -> None:
    """Check the values of a streaming request.

    Raises:
        InvalidInputError: a value is too long, or the message shows nothing.
    """
    match request:
        case ThreadsCreateReq() | ThreadsAddUserMessageReq():
            message = request.params.input
            texts = [part.text for part in message.content]
            typed = [p.text for p in message.content if isinstance(p, UserMessageTextContent)]
            has_tags = len(typed) < len(texts)
            has_content = is_visible("".join(typed)) or has_tags or bool(message.attachments)
            length = sum(map(len, texts)) + len(message.quoted_text or "")
            _check(has_content, "input/content", "must not be empty")
            _check(
                length <= MAX_MESSAGE_CHARS,
                "input/content",
                f"must have at most {MAX_MESSAGE_CHARS} characters",
            )
            _check(
                len(texts) <= MAX_CONTENT_PARTS,
                "input/content",
                f"must have at most {MAX_CONTENT_PARTS} parts",
            )
            _check(
                len(message.attachments) <= MAX_ATTACHMENTS,
                "input/attachments",
                f"must be at most {MAX_ATTACHMENTS}",
            )
        case ThreadsAddStructuredInputReq():
            answers = list(request.params.input.answers.values())
            values = [value for answer in answers for value in answer.values]
            _check(
                len(answers) <= MAX_ANSWERS and len(values) <= MAX_ANSWERS,
                "input/answers",
                f"must be at most {MAX_ANSWERS}",
            )
            _check(
                sum(map(len, values)) <= MAX_MESSAGE_CHARS,
                "input/answers",
                f"must have at most {MAX_MESSAGE_CHARS} characters",
            )
        case _:
            pass


def check_non_streaming_limits(request: NonStreamingReq) -> None:
    """Check the values of a request with a JSON response.

    Raises:
        InvalidInputError: a value is too long or empty.
    """
    match request:
        case ThreadsUpdateReq():
            _check(
                1 <= len(request.params.title) <= MAX_TITLE_CHARS,
                "title",
                f"must have 1 to {MAX_TITLE_CHARS} characters",
            )
        case ItemsFeedbackReq():
            _check(
                1 <= len(request.params.item_ids) <= MAX_FEEDBACK_ITEMS,
                "item_ids",
                f"must be 1 to {MAX_FEEDBACK_ITEMS} ids",
            )
        case _:
            pass


def _check(holds: bool, field: str, detail: str) -> None:
    if not holds:
        errors = [FieldError(f"/params/{field}", detail)]
        msg = f"{field} {detail}."
        raise InvalidInputError(msg, errors=errors)
