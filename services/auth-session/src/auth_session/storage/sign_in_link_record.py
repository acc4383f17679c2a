"""Table of one-time sign-in links."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from auth_session.storage.base import Base


class SignInLinkRecord(Base):
    """The one link of a session that may be redeemed, as SHA-256 of its 256 random bits."""

    __tablename__ = "sign_in_links"
    __table_args__ = (Index("uq_sign_in_links_token_hash", "token_hash", unique=True),)

    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True
    )
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
