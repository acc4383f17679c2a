"""Tables of database `auth`, with named constraints and times as aware UTC."""

from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from auth_session.domain.access_token import AccessToken, Scope
from auth_session.domain.session import RefreshToken, UserSession
from auth_session.domain.user import LOCAL_ISSUER, User


class Base(DeclarativeBase):
    """Base of all records; its own registry keeps other services' tables out."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        bytes: LargeBinary,
        datetime: DateTime(timezone=True),
    }


class UserRecord(Base):
    """An account; the subject of a local one is its id, because e-mail addresses can change."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        Index(
            "uq_users_local_email_key",
            "email_key",
            unique=True,
            postgresql_where=text(f"issuer = '{LOCAL_ISSUER}'"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str | None]
    email_key: Mapped[str | None]
    name: Mapped[str | None]
    timezone: Mapped[str | None]
    locale: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    def to_domain(self) -> User:
        """Return the account."""
        return User(
            id=self.id,
            issuer=self.issuer,
            subject=self.subject,
            email=self.email,
            name=self.name,
            timezone=self.timezone,
            locale=self.locale,
            created_at=self.created_at,
            disabled_at=self.disabled_at,
        )


class PasswordRecord(Base):
    """A local account's password as an argon2id hash in PHC form, apart from the public fields."""

    __tablename__ = "passwords"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    password_hash: Mapped[str]
    changed_at: Mapped[datetime]


class InvitationRecord(Base):
    """An invitation to sign up once, with any or with one e-mail address."""

    __tablename__ = "invitations"

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    email_key: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class SessionRecord(Base):
    """One sign-in on one device; `id` is the `sid` of its tokens."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_user_id", "user_id"),
        Index("ix_sessions_expires_at", "expires_at"),
        # The rows republished to Redis every 30 s: few rows of a large table.
        Index(
            "ix_sessions_revoked_tokens_until",
            "tokens_until",
            postgresql_where=text("revoked_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tokens_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoke_reason: Mapped[str | None]
    last_used_at: Mapped[datetime | None]
    user_agent: Mapped[str | None]

    def to_domain(self) -> UserSession:
        """Return the session."""
        return UserSession(
            sid=self.id,
            user_id=self.user_id,
            expires_at=self.expires_at,
            tokens_until=self.tokens_until,
            revoked_at=self.revoked_at,
        )


class RefreshTokenRecord(Base):
    """A refresh token as SHA-256 of 256 secret bits, which can't be guessed or used."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        Index("ix_refresh_tokens_session_id", "session_id"),
        Index("ix_refresh_tokens_expires_at", "expires_at"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    rotated_at: Mapped[datetime | None]

    def to_domain(self) -> RefreshToken:
        """Return the refresh token."""
        return RefreshToken(
            token_hash=self.token_hash, expires_at=self.expires_at, rotated_at=self.rotated_at
        )


class SignInFailureRecord(Base):
    """Failed sign-ins to one account from one address; the account key is a hash of the input."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index("ix_sign_in_failures_last_failed_at", "last_failed_at"),)

    account_key: Mapped[bytes] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    window_began_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]
    last_failed_at: Mapped[datetime]


class SignInLinkRecord(Base):
    """The only valid sign-in link of a session, as SHA-256 of its 256 random bits."""

    __tablename__ = "sign_in_links"
    __table_args__ = (Index("uq_sign_in_links_token_hash", "token_hash", unique=True),)

    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True
    )
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SigningKeyRecord(Base):
    """An Ed25519 key; the private key is encrypted under a secret outside the database."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        CheckConstraint("state IN ('next', 'current', 'retired')", name="state"),
        # At most one current and one next key, no matter how many processes start at once.
        Index(
            "uq_signing_keys_live_state",
            "state",
            unique=True,
            postgresql_where=text("state IN ('next', 'current')"),
        ),
    )

    kid: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    private_key: Mapped[bytes]
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class AccessTokenRecord(Base):
    """A personal access token as SHA-256 of its random characters; the token isn't stored."""

    __tablename__ = "access_tokens"
    __table_args__ = (
        Index("uq_access_tokens_token_hash", "token_hash", unique=True),
        Index("ix_access_tokens_user_id", "user_id"),
        Index(
            "ix_access_tokens_revoked_tokens_until",
            "tokens_until",
            postgresql_where=text("revoked_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes]
    name: Mapped[str]
    scopes: Mapped[list[Scope]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    tokens_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    def to_domain(self) -> AccessToken:
        """Return the token."""
        return AccessToken(
            id=self.id,
            user_id=self.user_id,
            name=self.name,
            scopes=list(self.scopes),
            created_at=self.created_at,
            last_used_at=self.last_used_at,
            expires_at=self.expires_at,
            tokens_until=self.tokens_until,
            revoked_at=self.revoked_at,
        )


class ErasureRecord(Base):
    """A deleted account that other services have yet to erase; the table is an outbox.

    The row is deleted when every service has reported that nothing is left. Until then no account
    can have this id.
    """

    __tablename__ = "erasures"
    __table_args__ = (Index("ix_erasures_next_attempt_at", "next_attempt_at"),)

    user_id: Mapped[str] = mapped_column(primary_key=True)
    requested_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]


class ErasedSidRecord(Base):
    """A session or access token of an erased account with tokens that may not have expired.

    The row doesn't identify the user. Without it, a Redis that lost its data would revive the
    tokens.
    """

    __tablename__ = "erased_sids"
    __table_args__ = (Index("ix_erased_sids_tokens_until", "tokens_until"),)

    sid: Mapped[str] = mapped_column(primary_key=True)
    tokens_until: Mapped[datetime]


RECORDS: Final[tuple[type[Base], ...]] = (
    UserRecord,
    PasswordRecord,
    InvitationRecord,
    SessionRecord,
    RefreshTokenRecord,
    SignInFailureRecord,
    SignInLinkRecord,
    SigningKeyRecord,
    AccessTokenRecord,
    ErasureRecord,
    ErasedSidRecord,
)
METADATA: Final[MetaData] = Base.metadata
