"""Personal access tokens: what a person gives to a program of theirs instead of a password."""

import unicodedata
from datetime import datetime
from typing import Final, Literal, get_args

import msgspec

from auth_session.domain.limits import MAX_TOKEN_NAME_CHARS

Scope = Literal["tasks", "chat"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret; its id is also the `sid` of the client secrets made with it.

    Attributes:
        expires_at: None for one that doesn't expire.
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
    if any(unicodedata.category(char) == "Cc" for char in name):
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


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Check when a new token is to expire.

    Raises:
        ValueError: that is not in the future.
    """
    if expires_at is not None and expires_at <= now:
        msg = "A token must expire in the future, or not at all."
        raise ValueError(msg)
