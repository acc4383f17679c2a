"""Tables of accounts: users, their passwords, and invitations to sign up."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from auth_session.domain.user import LOCAL_ISSUER, User
from auth_session.storage.base import Base


class UserRecord(Base):
    """An account. A local one has its own id as subject, for its e-mail address may change."""

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
        """Return the account without its storage."""
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
    """A local account's password: an argon2id hash in PHC form, apart from what is shown."""

    __tablename__ = "passwords"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    password_hash: Mapped[str]
    changed_at: Mapped[datetime]


class InvitationRecord(Base):
    """Leave to sign up once, by whoever knows the code, or only with one e-mail address."""

    __tablename__ = "invitations"

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    email_key: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
