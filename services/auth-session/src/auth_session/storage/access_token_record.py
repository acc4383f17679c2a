"""Table of personal access tokens."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from auth_session.domain.access_token import AccessToken, Scope
from auth_session.storage.base import Base


class AccessTokenRecord(Base):
    """A personal access token, as SHA-256 of its random characters; the token is stored nowhere."""

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
        """Return the token without its storage."""
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
