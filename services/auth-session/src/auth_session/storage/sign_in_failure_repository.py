"""Queries of failed sign-ins."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.sign_in_throttle import FailureCount
from auth_session.storage.records import SignInFailureRecord


class SignInFailureRepository:
    """Failed sign-ins to one account from one address, within one transaction."""

    def __init__(self, transaction: AsyncSession, account_key: bytes, address: str) -> None:
        self._transaction = transaction
        self._account_key = account_key
        self._address = address
        self._matches = (
            SignInFailureRecord.account_key == account_key,
            SignInFailureRecord.address == address,
        )

    async def get_count(self) -> FailureCount | None:
        """Return the count, None if there were no failures."""
        record = await self._transaction.scalar(select(SignInFailureRecord).where(*self._matches))
        return None if record is None else _to_domain(record)

    async def lock_count(self, now: datetime) -> FailureCount:
        """Return the count, locked until the transaction ends."""
        # One statement inserts or locks: between two, another sign-in's success could delete the row.
        statement = insert(SignInFailureRecord).values(
            account_key=self._account_key,
            address=self._address,
            failures=0,
            window_began_at=now,
            last_failed_at=now,
        )
        locked = await self._transaction.scalars(
            statement.on_conflict_do_update(
                index_elements=["account_key", "address"],
                set_={"address": statement.excluded.address},
            ).returning(SignInFailureRecord)
        )
        return _to_domain(locked.one())

    async def store_count(self, count: FailureCount, now: datetime) -> None:
        """Store a count that is locked."""
        await self._transaction.execute(
            update(SignInFailureRecord)
            .where(*self._matches)
            .values(
                failures=count.failures,
                window_began_at=count.window_began_at,
                blocked_until=count.blocked_until,
                last_failed_at=now,
            )
        )

    async def delete_count(self) -> None:
        """Delete the count."""
        await self._transaction.execute(delete(SignInFailureRecord).where(*self._matches))


async def delete_failures(transaction: AsyncSession, account_key: bytes) -> None:
    """Delete the counts of an account for all addresses."""
    await transaction.execute(
        delete(SignInFailureRecord).where(SignInFailureRecord.account_key == account_key)
    )


def _to_domain(record: SignInFailureRecord) -> FailureCount:
    return FailureCount(
        failures=record.failures,
        window_began_at=record.window_began_at,
        blocked_until=record.blocked_until,
    )
