"""Tables of accounts that are being erased."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from auth_session.storage.base import Base


class ErasureRecord(Base):
    """An account that is gone here and is still to be erased elsewhere: the outbox of that.

    The row goes when everybody has said that nothing is left; until then nobody can have an
    account with this id.
    """

    __tablename__ = "erasures"
    __table_args__ = (Index("ix_erasures_next_attempt_at", "next_attempt_at"),)

    user_id: Mapped[str] = mapped_column(primary_key=True)
    requested_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]


class ErasedSidRecord(Base):
    """A session or access token of an erased account whose tokens may not have expired yet.

    Nothing in it says whose it was. Without it a Redis that lost its data would revive them.
    """

    __tablename__ = "erased_sids"
    __table_args__ = (Index("ix_erased_sids_tokens_until", "tokens_until"),)

    sid: Mapped[str] = mapped_column(primary_key=True)
    tokens_until: Mapped[datetime]
