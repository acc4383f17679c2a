"""Queries of one-time sign-in links."""

from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.user import User
from auth_session.storage.records import (
    PasswordRecord,
    RefreshTokenRecord,
    SessionRecord,
    SignInLinkRecord,
    UserRecord,
)


class SignInLinkRepository:
    """Sign-in links, within one transaction."""

    def __init__(self, transaction: AsyncSession) -> None:
        self._transaction = transaction

    async def replace_link(
        self,
        sid: str,
        token_hash: bytes,
        *,
        refresh_token_hash: bytes,
        now: datetime,
        expires_at: datetime,
    ) -> bool:
        """Store a session's link, replacing an earlier one; False without its refresh token."""
        session_id = await self._transaction.scalar(
            select(RefreshTokenRecord.session_id).where(
                RefreshTokenRecord.token_hash == refresh_token_hash,
                RefreshTokenRecord.session_id == sid,
                RefreshTokenRecord.rotated_at.is_(None),
                RefreshTokenRecord.expires_at > now,
            )
        )
        if session_id is None:
            return False
        values = {"token_hash": token_hash, "created_at": now, "expires_at": expires_at}
        await self._transaction.execute(
            insert_or(SignInLinkRecord)
            .values(session_id=sid, **values)
            .on_conflict_do_update(index_elements=["session_id"], set_=values)
        )
        return True

    async def redeem_link(self, token_hash: bytes, now: datetime) -> User | None:
        """Delete a link and return its user; None if the link or its session is no longer valid.

        The account stays locked until the transaction ends. So a transaction that ends all of its
        sessions either waits and then also ends the one opened with the link, or came first and
        has ended the session of the link. Locks in the order password, account, session, link.
        """
        user_id = await self._transaction.scalar(
            select(SessionRecord.user_id)
            .join(SignInLinkRecord, SignInLinkRecord.session_id == SessionRecord.id)
            .where(SignInLinkRecord.token_hash == token_hash)
        )
        if user_id is None:
            return None
        user = await lock_account(self._transaction, user_id)
        open_session = (
            select(SessionRecord.id)
            .join(SignInLinkRecord, SignInLinkRecord.session_id == SessionRecord.id)
            .where(
                SignInLinkRecord.token_hash == token_hash,
                SignInLinkRecord.expires_at > now,
                SessionRecord.revoked_at.is_(None),
                SessionRecord.expires_at > now,
                ~exists().where(
                    PasswordRecord.user_id == user_id,
                    PasswordRecord.changed_at > SignInLinkRecord.created_at,
                ),
            )
            .with_for_update(of=SessionRecord)
        )
        if user is None or await self._transaction.scalar(open_session) is None:
            return None
        deleted = await self._transaction.scalar(
            delete(SignInLinkRecord)
            .where(SignInLinkRecord.token_hash == token_hash)
            .returning(SignInLinkRecord.session_id)
        )
        return None if deleted is None else user


async def lock_account(transaction: AsyncSession, user_id: str) -> User | None:
    """Lock an account and its password, if any, and return the account."""
    await transaction.execute(
        select(PasswordRecord.user_id)
        .where(PasswordRecord.user_id == user_id)
        .with_for_update(key_share=True)
    )
    record = await transaction.scalar(
        select(UserRecord).where(UserRecord.id == user_id).with_for_update(key_share=True)
    )
    return None if record is None else record.to_domain()
