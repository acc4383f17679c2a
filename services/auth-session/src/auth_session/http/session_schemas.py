"""What travels over the wire about sessions and passwords."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from auth_session.domain.limits import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS
from auth_session.domain.session import SessionOverview

RevokeAccessTokens = Annotated[
    bool, Meta(description="Whether personal access tokens are revoked, too.")
]


class SignOutEverywhere(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What ends with all sessions."""

    revoke_access_tokens: RevokeAccessTokens = True


class PasswordChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The password one has and the one that replaces it."""

    current_password: Annotated[str, Meta(max_length=MAX_PASSWORD_CHARS)]
    new_password: Annotated[
        str,
        Meta(
            min_length=MIN_PASSWORD_CHARS,
            max_length=MAX_PASSWORD_CHARS,
            description="Any characters; not a common one, nor the e-mail address or name.",
        ),
    ]
    revoke_access_tokens: RevokeAccessTokens = True


class SessionView(msgspec.Struct, kw_only=True):
    """One sign-in on one device."""

    id: str
    created_at: datetime
    last_used_at: Annotated[datetime, Meta(description="When a token was last issued for it.")]
    user_agent: Annotated[
        str | None, Meta(description="What the browser that signed in said it is.")
    ]
    current: Annotated[bool, Meta(description="Whether this request belongs to it.")]

    @classmethod
    def of(cls, session: SessionOverview, current_sid: str) -> "SessionView":
        """Return what the person sees of a session."""
        return cls(
            id=session.sid,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            user_agent=session.user_agent,
            current=session.sid == current_sid,
        )


class SessionsView(msgspec.Struct):
    """One's sessions."""

    items: list[SessionView]
