"""Queries of failed sign-ins."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.sign_in_throttle import FailureCount
from auth_session.storage.session_record import SignInFailureRecord


class SignInRepository:
    """Failed sign-ins to one account from one address, inside one transaction."""

    def __init__(self, session: AsyncSession, account_key: bytes, address: str) -> None:
        self._session = session
        self._account_key = account_key
        self._address = address
        self._is_ours = (
            SignInFailureRecord.account_key == account_key,
            SignInFailureRecord.address == address,
        )

    async def get(self) -> FailureCount | None:
        """Return the failures so far, None if there are none."""
        record = await self._session.scalar(select(SignInFailureRecord).where(*self._is_ours))
        return None if record is None else _to_domain(record)

    async def lock(self, now: datetime) -> FailureCount:
        """Return the failures so far, locked until the transaction ends."""
        # One statement that inserts or locks: between two, somebody's success could delete the row.
        statement = insert(SignInFailureRecord).values(
            account_key=self._account_key,
            address=self._address,
            failures=0,
            window_began_at=now,
            last_failed_at=now,
        )
        locked = await self._session.scalars(
            statement.on_conflict_do_update(
                index_elements=["account_key", "address"],
                set_={"address": statement.excluded.address},
            ).returning(SignInFailureRecord)
        )
        return _to_domain(locked.one())

    async def put(self, count: FailureCount, now: datetime) -> None:
        """Store a count that was locked before."""
        await self._session.execute(
            update(SignInFailureRecord)
            .where(*self._is_ours)
            .values(
                failures=count.failures,
                window_began_at=count.window_began_at,
                blocked_until=count.blocked_until,
                last_failed_at=now,
            )
        )

    async def forget(self) -> None:
        """Remove the count."""
        await self._session.execute(delete(SignInFailureRecord).where(*self._is_ours))


async def forget_failures(session: AsyncSession, account_key: bytes) -> None:
    """Remove the counts of an account, from whatever address."""
    await session.execute(
        delete(SignInFailureRecord).where(SignInFailureRecord.account_key == account_key)
    )


def _to_domain(record: SignInFailureRecord) -> FailureCount:
    return FailureCount(
        failures=record.failures,
        window_began_at=record.window_began_at,
        blocked_until=record.blocked_until,
    )
