"""What a person gets who asks for everything that is kept about their account."""

from datetime import datetime

import msgspec

from auth_session.domain.access_token import AccessToken


class ExportedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The account itself; the password is kept as a hash, of which there is only the time."""

    id: str
    issuer: str
    subject: str
    email: str | None
    name: str | None
    timezone: str | None
    locale: str | None
    created_at: datetime
    updated_at: datetime
    password_changed_at: datetime | None


class ExportedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in."""

    id: str
    created_at: datetime
    last_used_at: datetime | None
    user_agent: str | None
    expires_at: datetime
    revoked_at: datetime | None
    revoke_reason: str | None


class AccountExport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything this service keeps about a person."""

    account: ExportedAccount
    sessions: list[ExportedSession]
    access_tokens: list[AccessToken]
