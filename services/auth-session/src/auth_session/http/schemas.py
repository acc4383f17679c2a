"""Request and response bodies of accounts; request bodies refuse unknown fields."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from auth_session.domain.limits import (
    MAX_EMAIL_CHARS,
    MAX_INVITATION_CHARS,
    MAX_LOCALE_CHARS,
    MAX_NAME_CHARS,
    MAX_PASSWORD_CHARS,
    MAX_TIMEZONE_CHARS,
    MIN_PASSWORD_CHARS,
)
from auth_session.domain.user import LOCALE_PATTERN, User

Email = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=MAX_EMAIL_CHARS,
        examples=["grace@example.com"],
        extra_json_schema={"extra": {"format": "email"}},
    ),
]
Name = Annotated[str, Meta(max_length=MAX_NAME_CHARS, description="Display name.")]
Timezone = Annotated[
    str,
    Meta(max_length=MAX_TIMEZONE_CHARS, description="IANA name.", examples=["Europe/Berlin"]),
]
Locale = Annotated[
    str,
    Meta(
        pattern=LOCALE_PATTERN,
        max_length=MAX_LOCALE_CHARS,
        description="BCP 47 language tag.",
        examples=["de-AT"],
    ),
]


class SignUp(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A new account."""

    email: Email
    password: Annotated[
        str,
        Meta(
            min_length=MIN_PASSWORD_CHARS,
            max_length=MAX_PASSWORD_CHARS,
            description="Any characters; not a common password, the e-mail address or the name.",
        ),
    ]
    name: Name | None = None
    timezone: Timezone | None = None
    locale: Locale | None = None
    invitation: (
        Annotated[
            str,
            Meta(
                max_length=MAX_INVITATION_CHARS, description="Required if AUTH_SIGN_UP is invite."
            ),
        ]
        | None
    ) = None


class SignIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An account's e-mail address and password."""

    email: Annotated[str, Meta(max_length=MAX_EMAIL_CHARS)]
    password: Annotated[str, Meta(max_length=MAX_PASSWORD_CHARS)]


class ProfileUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Changes to a profile; null removes a value, an omitted field keeps it."""

    name: Name | UnsetType | None = UNSET
    timezone: Timezone | UnsetType | None = UNSET
    locale: Locale | UnsetType | None = UNSET

    def changes(self) -> dict[str, str | None]:
        """Return the fields that were sent."""
        fields = {"name": self.name, "timezone": self.timezone, "locale": self.locale}
        return {name: value for name, value in fields.items() if not isinstance(value, UnsetType)}


class UserView(msgspec.Struct, kw_only=True):
    """An account."""

    id: str
    email: str | None
    name: str | None
    timezone: str | None
    locale: str | None

    @classmethod
    def of(cls, user: User) -> "UserView":
        """Return the user's view of an account."""
        return cls(
            id=user.id,
            email=user.email,
            name=user.name,
            timezone=user.timezone,
            locale=user.locale,
        )


class SignedInView(msgspec.Struct, kw_only=True):
    """A login token; the refresh token is sent as the cookie `todochat_refresh`."""

    access_token: str
    expires_in: Annotated[int, Meta(description="Seconds until the login token expires.")]
    user: UserView
