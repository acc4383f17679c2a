"""The export of everything stored about a user's account."""

from datetime import datetime

import msgspec

from auth_session.domain.access_token import AccessToken


class ExportedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The account; of the password, only the time of its last change."""

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
    """A session."""

    id: str
    created_at: datetime
    last_used_at: datetime | None
    user_agent: str | None
    expires_at: datetime
    revoked_at: datetime | None
    revoke_reason: str | None


class AccountExport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything this service stores about a user."""

    account: ExportedAccount
    sessions: list[ExportedSession]
    access_tokens: list[AccessToken]
