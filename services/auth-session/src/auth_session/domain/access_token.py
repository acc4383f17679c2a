"""Personal access tokens, which users give to their programs instead of a password."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, get_args

import msgspec

from auth_session.domain.limits import MAX_TOKEN_NAME_CHARS

Scope = Literal["tasks", "chat"]
# Compared before conversion to UTC: a time in the year 9999 with an offset may not exist in UTC.
_TimeWithOffset = Annotated[datetime, msgspec.Meta(tz=True)]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret; its id is also the `sid` of the client secrets made with it.

    Attributes:
        expires_at: None only for a token created by a previous version during an upgrade.
        tokens_until: when the last client secret or cached verification based on it expires.
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
    """Return a token's name without surrounding white space.

    Raises:
        ValueError: the name is blank, too long, or contains control characters.
    """
    name = text.strip()
    if not name or len(name) > MAX_TOKEN_NAME_CHARS:
        msg = f"The name must have 1 to {MAX_TOKEN_NAME_CHARS} characters."
        raise ValueError(msg)
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        msg = "The name must not contain control characters."
        raise ValueError(msg)
    return name


def parse_scopes(scopes: list[Scope]) -> list[Scope]:
    """Return the scopes in canonical order, without duplicates.

    Raises:
        ValueError: the list is empty.
    """
    if not scopes:
        msg = f"Choose at least one of: {', '.join(SCOPES)}."
        raise ValueError(msg)
    return [scope for scope in SCOPES if scope in scopes]


def parse_expiry(text: str | None, now: datetime, lifetime: timedelta) -> datetime:
    """Return when a new token expires, in UTC; the latest possible time for None.

    Args:
        text: an RFC 3339 time with an offset.
        lifetime: the longest allowed lifetime.

    Raises:
        ValueError: the text is not such a time, or it is in the past or too late.
    """
    if text is None:
        return now + lifetime
    try:
        expires_at = msgspec.convert(text, _TimeWithOffset)
    except msgspec.ValidationError:
        msg = "Enter a time with an offset, such as 2030-01-01T00:00:00Z."
        raise ValueError(msg) from None
    if expires_at <= now:
        msg = "A token must expire in the future."
        raise ValueError(msg)
    if expires_at > now + lifetime:
        msg = f"A token must expire within {lifetime.days} days."
        raise ValueError(msg)
    return expires_at.astimezone(UTC)
