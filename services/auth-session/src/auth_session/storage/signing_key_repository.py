"""Queries of signing keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.storage.records import SigningKeyRecord

# An arbitrary number, unique in this database: "keys" in ASCII.
_LOCK = 0x6B657973


class SigningKeyRepository:
    """Signing keys, within one transaction."""

    def __init__(self, transaction: AsyncSession) -> None:
        self._transaction = transaction

    async def lock_keys(self) -> None:
        """Keep other processes from creating or changing keys until the transaction ends."""
        await self._transaction.execute(select(func.pg_advisory_xact_lock(_LOCK)))

    async def list_keys(self) -> Sequence[SigningKeyRecord]:
        """Return the keys, oldest first."""
        records = await self._transaction.scalars(
            select(SigningKeyRecord)
            .order_by(SigningKeyRecord.created_at, SigningKeyRecord.kid)
            .execution_options(populate_existing=True)
        )
        return records.all()

    async def add_key(
        self, kid: str, state: str, *, private_key: bytes, public_jwk: dict[str, Any], now: datetime
    ) -> None:
        """Store a new key."""
        await self._transaction.execute(
            insert(SigningKeyRecord).values(
                kid=kid,
                state=state,
                private_key=private_key,
                public_jwk=public_jwk,
                created_at=now,
            )
        )

    async def replace_private_key(self, kid: str, private_key: bytes) -> None:
        """Store a private key that was re-encrypted."""
        await self._transaction.execute(
            update(SigningKeyRecord)
            .where(SigningKeyRecord.kid == kid)
            .values(private_key=private_key)
        )

    async def set_state(self, kid: str, state: str, *, retired_at: datetime | None = None) -> None:
        """Store a key's new state."""
        await self._transaction.execute(
            update(SigningKeyRecord)
            .where(SigningKeyRecord.kid == kid)
            .values(state=state, retired_at=retired_at)
        )
