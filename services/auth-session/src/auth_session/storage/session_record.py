"""Tables of sessions, their refresh tokens, and failed sign-ins."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from auth_session.domain.session import RefreshToken, Session
from auth_session.storage.base import Base


class SessionRecord(Base):
    """One sign-in on one device; `id` is the `sid` of its tokens."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_user_id", "user_id"),
        Index("ix_sessions_expires_at", "expires_at"),
        # What is republished to Redis every 30 s: few rows of a large table.
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

    def to_domain(self) -> Session:
        """Return the session without its storage."""
        return Session(
            sid=self.id,
            user_id=self.user_id,
            expires_at=self.expires_at,
            tokens_until=self.tokens_until,
            revoked_at=self.revoked_at,
        )


class RefreshTokenRecord(Base):
    """A refresh token, as SHA-256 of 256 secret bits: nothing that could be guessed or shown."""

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
        """Return the refresh token without its storage."""
        return RefreshToken(
            token_hash=self.token_hash, expires_at=self.expires_at, rotated_at=self.rotated_at
        )


class SignInFailureRecord(Base):
    """Failed sign-ins to one account from one address; the account is a hash of what was typed."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index("ix_sign_in_failures_last_failed_at", "last_failed_at"),)

    account_key: Mapped[bytes] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    window_began_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]
    last_failed_at: Mapped[datetime]
