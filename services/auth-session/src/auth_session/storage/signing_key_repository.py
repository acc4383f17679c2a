"""Queries of signing keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.storage.signing_key_record import SigningKeyRecord

# Any number that nobody else uses in this database: "keys" in ASCII.
_LOCK = 0x6B657973


class SigningKeyRepository:
    """Signing keys, inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self) -> None:
        """Keep every other process from making keys until the transaction ends."""
        await self._session.execute(select(func.pg_advisory_xact_lock(_LOCK)))

    async def all(self) -> Sequence[SigningKeyRecord]:
        """Return the keys, oldest first."""
        records = await self._session.scalars(
            select(SigningKeyRecord)
            .order_by(SigningKeyRecord.created_at, SigningKeyRecord.kid)
            .execution_options(populate_existing=True)
        )
        return records.all()

    async def add(
        self, kid: str, state: str, *, private_key: bytes, public_jwk: dict[str, Any], now: datetime
    ) -> None:
        """Store a new key."""
        await self._session.execute(
            insert(SigningKeyRecord).values(
                kid=kid,
                state=state,
                private_key=private_key,
                public_jwk=public_jwk,
                created_at=now,
            )
        )

    async def replace_private_key(self, kid: str, private_key: bytes) -> None:
        """Store a private key that was encrypted anew."""
        await self._session.execute(
            update(SigningKeyRecord)
            .where(SigningKeyRecord.kid == kid)
            .values(private_key=private_key)
        )

    async def set_state(self, kid: str, state: str, *, retired_at: datetime | None = None) -> None:
        """Store a key's new state."""
        await self._session.execute(
            update(SigningKeyRecord)
            .where(SigningKeyRecord.kid == kid)
            .values(state=state, retired_at=retired_at)
        )
