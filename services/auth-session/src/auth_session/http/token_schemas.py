"""Request and response bodies of personal access tokens."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from auth_session.domain.access_token import AccessToken, Scope
from auth_session.domain.limits import MAX_PASSWORD_CHARS, MAX_TOKEN_NAME_CHARS


class CreateAccessToken(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A new access token."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=MAX_TOKEN_NAME_CHARS,
            description="Purpose of the token, chosen by the user.",
        ),
    ]
    scopes: Annotated[
        list[Scope],
        Meta(
            min_length=1,
            max_length=10,
            description="The APIs it grants access to: tasks, chat or both.",
        ),
    ]
    expires_at: (
        Annotated[
            str,
            Meta(
                max_length=64,
                examples=["2030-01-01T00:00:00Z"],
                extra_json_schema={"extra": {"format": "date-time"}},
                description=(
                    "With an offset; at most AUTH_SESSION_ACCESS_TOKEN_LIFETIME_S from now "
                    "(366 days by default), which is also the default."
                ),
            ),
        ]
        | None
    ) = None
    password: (
        Annotated[
            str,
            Meta(
                max_length=MAX_PASSWORD_CHARS,
                description=(
                    "The account's password. If the account has none, the user must have signed in "
                    "within the last 15 minutes."
                ),
            ),
        ]
        | None
    ) = None


class AccessTokenView(msgspec.Struct, kw_only=True):
    """An access token."""

    id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    last_used_at: Annotated[
        datetime | None,
        Meta(description="Accurate to the minute; null if the token was never used."),
    ]
    expires_at: Annotated[
        datetime | None,
        Meta(description="null only for tokens created by a previous version."),
    ]
    token: Annotated[
        str | UnsetType, Meta(description="Returned only when the token is created.")
    ] = UNSET

    @classmethod
    def of(cls, token: AccessToken, secret: str | UnsetType = UNSET) -> "AccessTokenView":
        """Return the user's view of a token."""
        return cls(
            id=token.id,
            name=token.name,
            scopes=token.scopes,
            created_at=token.created_at,
            last_used_at=token.last_used_at,
            expires_at=token.expires_at,
            token=secret,
        )


class AccessTokenList(msgspec.Struct):
    """All of a user's access tokens that aren't revoked."""

    items: list[AccessTokenView]
