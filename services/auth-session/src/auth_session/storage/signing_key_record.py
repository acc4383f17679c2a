"""Table of the keys that sign tokens."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from auth_session.storage.base import Base


class SigningKeyRecord(Base):
    """An Ed25519 key; the private half is encrypted under a secret the database doesn't have."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        CheckConstraint("state IN ('next', 'current', 'retired')", name="state"),
        # At most one key signs and at most one waits, whatever processes start at once.
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
