"""The address of a calendar feed, and what it can show."""

import hashlib
import re
import secrets
from typing import Final, Literal

CalendarShow = Literal["all", "events", "todos"]

MEDIA_TYPE: Final = "text/calendar"
_TOKEN_BYTES: Final = 32
_TOKEN: Final = re.compile(r"cal_[A-Za-z0-9_-]{43}")


def new_feed_token() -> str:
    """Create a token of 256 random bits."""
    return f"cal_{secrets.token_urlsafe(_TOKEN_BYTES)}"


def is_feed_token(text: str) -> bool:
    """Return whether a text has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def feed_digest(token: str) -> bytes:
    """Return the digest under which a token is stored."""
    return hashlib.sha256(token.encode()).digest()
