"""Queries of erased accounts."""

from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.erasure import Erasure
from auth_session.domain.session import RevokedSid
from auth_session.domain.sign_in_throttle import account_key
from auth_session.storage.records import (
    AccessTokenRecord,
    ErasedSidRecord,
    ErasureRecord,
    InvitationRecord,
    SessionRecord,
    UserRecord,
)
from auth_session.storage.sign_in_failure_repository import delete_failures


class AccountErasureRepository:
    """Deletion of accounts, and the outbox of erasures in other services, in one transaction."""

    def __init__(self, transaction: AsyncSession) -> None:
        self._transaction = transaction

    async def delete_account(
        self, user_id: str, *, now: datetime, keep_until: datetime
    ) -> list[RevokedSid] | None:
        """Delete an account with its data, and add its erasure in other services to the outbox.

        Args:
            keep_until: the earliest end of the publication that its access tokens are revoked.

        Returns:
            The sids that are revoked from now on; None if there is no such account.
        """
        # A concurrent sign-in waits for this row and then finds it deleted.
        account = select(UserRecord.id).where(UserRecord.id == user_id).with_for_update()
        if await self._transaction.scalar(account) is None:
            return None
        sids = await self._delete_sids(user_id, keep_until)
        await self._transaction.execute(delete(UserRecord).where(UserRecord.id == user_id))
        outbox = insert_or(ErasureRecord).values(
            user_id=user_id, requested_at=now, attempts=0, next_attempt_at=now
        )
        await self._transaction.execute(outbox.on_conflict_do_nothing())
        return sids

    async def delete_address_data(self, user_id: str) -> None:
        """Delete failed sign-ins and invitations, which belong to the e-mail address."""
        email_key = await self._transaction.scalar(
            select(UserRecord.email_key).where(UserRecord.id == user_id)
        )
        invitations = [InvitationRecord.used_by == user_id]
        if email_key is not None:
            invitations.append(InvitationRecord.email_key == email_key)
            await delete_failures(self._transaction, account_key(email_key))
        await self._transaction.execute(delete(InvitationRecord).where(or_(*invitations)))

    async def measure_backlog(self) -> tuple[int, datetime | None]:
        """Return the number of pending erasures, and the request time of the oldest."""
        statement = select(func.count(), func.min(ErasureRecord.requested_at))
        count, oldest = (await self._transaction.execute(statement)).one()
        return count, oldest

    async def claim_due_erasure(self, now: datetime, lease_until: datetime) -> Erasure | None:
        """Claim one due erasure; no other process gets it until `lease_until`."""
        due = (
            select(ErasureRecord.user_id)
            .where(ErasureRecord.next_attempt_at <= now)
            .order_by(ErasureRecord.next_attempt_at)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        claimed = await self._transaction.scalar(
            update(ErasureRecord)
            .where(ErasureRecord.user_id == due)
            .values(attempts=ErasureRecord.attempts + 1, next_attempt_at=lease_until)
            .returning(ErasureRecord)
        )
        if claimed is None:
            return None
        return Erasure(
            user_id=claimed.user_id,
            requested_at=claimed.requested_at,
            published_at=claimed.published_at,
            attempts=claimed.attempts,
        )

    async def mark_published(self, user_id: str, now: datetime) -> None:
        """Store that Redis has the sids of the account."""
        await self._transaction.execute(
            update(ErasureRecord)
            .where(ErasureRecord.user_id == user_id)
            .values(published_at=func.coalesce(ErasureRecord.published_at, now))
        )

    async def reschedule(self, user_id: str, until: datetime) -> None:
        """Set the time of the next attempt."""
        await self._transaction.execute(
            update(ErasureRecord)
            .where(ErasureRecord.user_id == user_id)
            .values(next_attempt_at=until)
        )

    async def finish_erasure(self, user_id: str) -> None:
        """Delete the erasure: no service has data of the user any more."""
        await self._transaction.execute(
            delete(ErasureRecord).where(ErasureRecord.user_id == user_id)
        )

    async def _delete_sids(self, user_id: str, keep_until: datetime) -> list[RevokedSid]:
        # DELETE waits for locked rows and returns their latest version, so tokens that are issued
        # at the same time are included.
        sessions = await self._transaction.execute(
            delete(SessionRecord)
            .where(SessionRecord.user_id == user_id)
            .returning(SessionRecord.id, SessionRecord.tokens_until)
        )
        tokens = await self._transaction.execute(
            delete(AccessTokenRecord)
            .where(AccessTokenRecord.user_id == user_id)
            .returning(
                AccessTokenRecord.id, func.greatest(AccessTokenRecord.tokens_until, keep_until)
            )
        )
        sids = [RevokedSid(sid=sid, tokens_until=until) for sid, until in [*sessions, *tokens]]
        if sids:
            rows = [{"sid": each.sid, "tokens_until": each.tokens_until} for each in sids]
            await self._transaction.execute(insert(ErasedSidRecord), rows)
        return sids
