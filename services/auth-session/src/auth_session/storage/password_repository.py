"""Queries of passwords."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.user import User
from auth_session.storage.records import PasswordRecord, UserRecord


class PasswordRepository:
    """Passwords of local accounts, within one transaction."""

    def __init__(self, transaction: AsyncSession) -> None:
        self._transaction = transaction

    async def find_account(self, user_id: str) -> tuple[User, str] | None:
        """Return an account and its password hash; None if it has no password."""
        found = await self._transaction.execute(
            select(UserRecord, PasswordRecord.password_hash)
            .join(PasswordRecord, PasswordRecord.user_id == UserRecord.id)
            .where(UserRecord.id == user_id)
        )
        row = found.one_or_none()
        return None if row is None else (row[0].to_domain(), row[1])

    async def lock_hash(self, user_id: str) -> str | None:
        """Lock a password and its account; return the hash, or None without a password.

        Until the transaction ends, the password can't change and the account can't be disabled
        or erased. All transactions lock in the order failed sign-ins, password, account, sessions.
        """
        password_hash: str | None = await self._transaction.scalar(
            select(PasswordRecord.password_hash)
            .join(UserRecord, UserRecord.id == PasswordRecord.user_id)
            .where(PasswordRecord.user_id == user_id)
            .with_for_update(key_share=True, of=[PasswordRecord, UserRecord])
        )
        return password_hash

    async def replace_hash(self, user_id: str, old_hash: str, new_hash: str, now: datetime) -> bool:
        """Store a new hash; False if the stored one is no longer `old_hash`."""
        replaced = await self._transaction.scalar(
            update(PasswordRecord)
            .where(PasswordRecord.user_id == user_id, PasswordRecord.password_hash == old_hash)
            .values(password_hash=new_hash, changed_at=now)
            .returning(PasswordRecord.user_id)
        )
        return replaced is not None
