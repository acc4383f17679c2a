"""Personal access tokens: what a person gives to a program of theirs instead of a password."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, get_args

import msgspec

from auth_session.domain.limits import MAX_TOKEN_NAME_CHARS

Scope = Literal["tasks", "chat"]
# Compared before it is converted to UTC: the year 9999 with an offset has no time in UTC.
_TimeWithOffset = Annotated[datetime, msgspec.Meta(tz=True)]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret; its id is also the `sid` of the client secrets made with it.

    Attributes:
        expires_at: None only for a token that a previous version created during an upgrade.
        tokens_until: when the last client secret, or cached verification, made with it is over.
    """

    id: str
    user_id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    tokens_until: datetime
    revoked_at: datetime | None = None


def parse_token_name(text: str) -> str:
    """Return a token's name without surrounding blanks.

    Raises:
        ValueError: nothing is left of it, it holds control characters, or it is too long.
    """
    name = text.strip()
    if not name or len(name) > MAX_TOKEN_NAME_CHARS:
        msg = f"A name has 1 to {MAX_TOKEN_NAME_CHARS} characters."
        raise ValueError(msg)
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        msg = "A name can't hold control characters."
        raise ValueError(msg)
    return name


def parse_scopes(scopes: list[Scope]) -> list[Scope]:
    """Return scopes in their usual order, each once.

    Raises:
        ValueError: there are none.
    """
    if not scopes:
        msg = f"At least one of: {', '.join(SCOPES)}."
        raise ValueError(msg)
    return [scope for scope in SCOPES if scope in scopes]


def parse_expiry(text: str | None, now: datetime, lifetime: timedelta) -> datetime:
    """Return when a new token expires, in UTC; None stands for the latest possible time.

    Args:
        text: a time with an offset, as RFC 3339 has it.
        lifetime: the longest a token may be valid.

    Raises:
        ValueError: it is no such time, or one that is past or too late.
    """
    if text is None:
        return now + lifetime
    try:
        expires_at = msgspec.convert(text, _TimeWithOffset)
    except msgspec.ValidationError:
        msg = "Not a time with an offset, such as 2030-01-01T00:00:00Z."
        raise ValueError(msg) from None
    if expires_at <= now:
        msg = "A token must expire in the future."
        raise ValueError(msg)
    if expires_at > now + lifetime:
        msg = f"A token must expire within {lifetime.days} days."
        raise ValueError(msg)
    return expires_at.astimezone(UTC)
