"""Queries of accounts that are erased."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.erasure import Erasure
from auth_session.domain.session import RevokedSid
from auth_session.storage.access_token_record import AccessTokenRecord
from auth_session.storage.erasure_record import ErasedSidRecord, ErasureRecord
from auth_session.storage.session_record import SessionRecord
from auth_session.storage.sign_in_repository import forget_failures
from auth_session.storage.user_record import InvitationRecord, UserRecord


class ErasureRepository:
    """Accounts that go, and the outbox of what others still have of them, in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def erase_account(
        self, user_id: str, *, now: datetime, known_until: datetime
    ) -> list[RevokedSid] | None:
        """Delete an account with all that belongs to it, and note that others are to do so, too.

        Args:
            known_until: how long it has to be told at least that its access tokens are void.

        Returns:
            The sids that are void from now on; None if there is no such account.
        """
        # Who signs in at the same moment waits for this row, and then finds it gone.
        account = select(UserRecord.id).where(UserRecord.id == user_id).with_for_update()
        if await self._session.scalar(account) is None:
            return None
        sids = await self._end_sids(user_id, known_until)
        await self._session.execute(delete(UserRecord).where(UserRecord.id == user_id))
        outbox = insert_or(ErasureRecord).values(
            user_id=user_id, requested_at=now, attempts=0, next_attempt_at=now
        )
        await self._session.execute(outbox.on_conflict_do_nothing())
        return sids

    async def forget_address(self, user_id: str) -> None:
        """Delete failed sign-ins and invitations, which are stored under the e-mail address."""
        email_key = await self._session.scalar(
            select(UserRecord.email_key).where(UserRecord.id == user_id)
        )
        of_address = [InvitationRecord.used_by == user_id]
        if email_key is not None:
            of_address.append(InvitationRecord.email_key == email_key)
            account_key = hashlib.sha256(email_key.encode()).digest()
            await forget_failures(self._session, account_key)
        await self._session.execute(delete(InvitationRecord).where(or_(*of_address)))

    async def backlog(self) -> tuple[int, datetime | None]:
        """Return how many erasures are to be done, and when the oldest was asked for."""
        statement = select(func.count(), func.min(ErasureRecord.requested_at))
        count, oldest = (await self._session.execute(statement)).one()
        return count, oldest

    async def claim(self, now: datetime, lease_until: datetime) -> Erasure | None:
        """Take one erasure whose time has come; until `lease_until` nobody else gets it."""
        due = (
            select(ErasureRecord.user_id)
            .where(ErasureRecord.next_attempt_at <= now)
            .order_by(ErasureRecord.next_attempt_at)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        claimed = await self._session.scalar(
            update(ErasureRecord)
            .where(ErasureRecord.user_id == due)
            .values(attempts=ErasureRecord.attempts + 1, next_attempt_at=lease_until)
            .returning(ErasureRecord)
        )
        return None if claimed is None else _to_domain(claimed)

    async def note_published(self, user_id: str, now: datetime) -> None:
        """Note that Redis has the sids of the account."""
        await self._session.execute(
            update(ErasureRecord)
            .where(ErasureRecord.user_id == user_id)
            .values(published_at=func.coalesce(ErasureRecord.published_at, now))
        )

    async def put_off(self, user_id: str, until: datetime) -> None:
        """Try again at `until`."""
        await self._session.execute(
            update(ErasureRecord)
            .where(ErasureRecord.user_id == user_id)
            .values(next_attempt_at=until)
        )

    async def finish(self, user_id: str) -> None:
        """Forget the erasure: nobody has anything of the person any more."""
        await self._session.execute(delete(ErasureRecord).where(ErasureRecord.user_id == user_id))

    async def _end_sids(self, user_id: str, known_until: datetime) -> list[RevokedSid]:
        # Deleting returns the rows as they are after whoever held them: no token is overlooked
        # that was issued at the same moment.
        sessions = await self._session.execute(
            delete(SessionRecord)
            .where(SessionRecord.user_id == user_id)
            .returning(SessionRecord.id, SessionRecord.tokens_until)
        )
        tokens = await self._session.execute(
            delete(AccessTokenRecord)
            .where(AccessTokenRecord.user_id == user_id)
            .returning(
                AccessTokenRecord.id, func.greatest(AccessTokenRecord.tokens_until, known_until)
            )
        )
        sids = [RevokedSid(sid=sid, tokens_until=until) for sid, until in [*sessions, *tokens]]
        await self._keep(sids)
        return sids

    async def _keep(self, sids: Sequence[RevokedSid]) -> None:
        if sids:
            rows = [{"sid": each.sid, "tokens_until": each.tokens_until} for each in sids]
            await self._session.execute(insert(ErasedSidRecord), rows)


def _to_domain(record: ErasureRecord) -> Erasure:
    return Erasure(
        user_id=record.user_id,
        requested_at=record.requested_at,
        published_at=record.published_at,
        attempts=record.attempts,
    )
