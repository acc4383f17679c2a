"""Rules for delivering fired reminders: what is sent, and when a failed delivery is repeated."""

import datetime as dt
import hashlib
import random
from typing import Final, Literal

import msgspec

from tasks_service.domain.web_push import encode_base64url
from todochat.contracts.tasks import Due, Task

Channel = Literal["push", "email"]

# Longer than the timeout of any attempt, so that two processes never deliver the same row.
LEASE: Final = dt.timedelta(seconds=40)
ATTEMPT_TIMEOUT_S: Final = 25.0
MAX_ATTEMPTS: Final = 10
FIRST_DELAY: Final = dt.timedelta(seconds=10)
MAX_DELAY: Final = dt.timedelta(hours=1)
MAX_PUSH_TITLE_CHARS: Final = 200


class TargetGoneError(Exception):
    """The device doesn't exist any more, so nothing must be sent to it again."""


class DeliveryRefusedError(Exception):
    """The message will never be accepted."""


class DeliveryFailedError(Exception):
    """The message may be accepted later.

    Args:
        retry_after: the delay that the recipient asks for.
    """

    def __init__(self, reason: str, retry_after: dt.timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class FiredReminder(msgspec.Struct, frozen=True, kw_only=True):
    """A reminder to deliver, with its task's state at the time of the delivery."""

    id: str
    fires_at: dt.datetime
    is_late: bool
    task: Task


class PushMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The message to a device; the site's service worker shows it."""

    reminder_id: str
    user_id: str
    task_id: str
    title: str
    at: dt.datetime
    due: Due | None = None
    late: bool = False


def push_payload(user_id: str, reminder: FiredReminder) -> bytes:
    """Encode a reminder for a device: at most 2 KB."""
    title = reminder.task.title
    if len(title) > MAX_PUSH_TITLE_CHARS:
        title = title[: MAX_PUSH_TITLE_CHARS - 1] + "…"
    return msgspec.json.encode(
        PushMessage(
            reminder_id=reminder.id,
            user_id=user_id,
            task_id=reminder.task.id,
            title=title,
            at=reminder.fires_at,
            due=reminder.task.due,
            late=reminder.is_late,
        )
    )


def push_topic(reminder_id: str) -> str:
    """Return the topic of a reminder's messages: 32 characters, which don't disclose its ID."""
    return encode_base64url(hashlib.sha256(reminder_id.encode()).digest()[:24])


def retry_delay(attempts: int, retry_after: dt.timedelta | None) -> dt.timedelta:
    """Return the pause after the failed attempt with this number, with up to 20 % of jitter.

    10 s, 30 s, 90 s ... up to an hour; more if the recipient asks for it.
    """
    delay = min(FIRST_DELAY * int(3 ** min(attempts - 1, 10)), MAX_DELAY)
    return max(delay * random.uniform(1, 1.2), retry_after or dt.timedelta(0))  # noqa: S311 - jitter
