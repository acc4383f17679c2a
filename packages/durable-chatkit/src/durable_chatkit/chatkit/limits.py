"""Bounds of what a request may hold; beyond them it is answered 422. The body has 256 KiB."""

from typing import Final

from chatkit.types import (
    ItemsFeedbackReq,
    NonStreamingReq,
    StreamingReq,
    StructuredInputSubmission,
    ThreadsAddStructuredInputReq,
    ThreadsAddUserMessageReq,
    ThreadsCreateReq,
    ThreadsUpdateReq,
    UserMessageInput,
    UserMessageTextContent,
)

from todochat.errors import FieldError, InvalidInputError

MAX_MESSAGE_CHARS: Final = 32_000  # a long e-mail thread; what a model sees of it is bounded too
MAX_CONTENT_PARTS: Final = 100
MAX_ATTACHMENTS: Final = 10
MAX_ANSWERS: Final = 100  # of one structured input
MAX_TITLE_CHARS: Final = 200
MAX_FEEDBACK_ITEMS: Final = 100


def check_streaming_limits(request: StreamingReq) -> None:
    """Check a request that is to be accepted.

    Raises:
        InvalidInputError: something is too long, or the message says nothing.
    """
    match request:
        case ThreadsCreateReq() | ThreadsAddUserMessageReq():
            _check_message(request.params.input)
        case ThreadsAddStructuredInputReq():
            _check_answers(request.params.input)
        case _:
            pass


def check_non_streaming_limits(request: NonStreamingReq) -> None:
    """Check a request that is answered at once.

    Raises:
        InvalidInputError: something is too long or empty.
    """
    match request:
        case ThreadsUpdateReq():
            length = len(request.params.title)
            _check(
                1 <= length <= MAX_TITLE_CHARS,
                "title",
                f"must have 1 to {MAX_TITLE_CHARS} characters",
            )
        case ItemsFeedbackReq():
            count = len(request.params.item_ids)
            _check(
                1 <= count <= MAX_FEEDBACK_ITEMS,
                "item_ids",
                f"must be 1 to {MAX_FEEDBACK_ITEMS} ids",
            )
        case _:
            pass


def _check_answers(submission: StructuredInputSubmission) -> None:
    answers = list(submission.answers.values())
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


def _check_message(message: UserMessageInput) -> None:
    texts = [part.text for part in message.content]
    typed = [part.text for part in message.content if isinstance(part, UserMessageTextContent)]
    tags = len(texts) - len(typed)
    says_something = bool("".join(typed).strip()) or tags > 0 or bool(message.attachments)
    length = sum(map(len, texts)) + len(message.quoted_text or "")
    _check(says_something, "input/content", "must not be empty")
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


def _check(holds: bool, field: str, detail: str) -> None:
    if not holds:
        errors = [FieldError(f"/params/{field}", detail)]
        msg = f"{field} {detail}."
        raise InvalidInputError(msg, errors=errors)
