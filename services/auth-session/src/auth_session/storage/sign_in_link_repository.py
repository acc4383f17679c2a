"""Queries of one-time sign-in links."""

from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.user import User
from auth_session.storage.session_record import RefreshTokenRecord, SessionRecord
from auth_session.storage.sign_in_link_record import SignInLinkRecord
from auth_session.storage.user_record import PasswordRecord, UserRecord


class SignInLinkRepository:
    """Sign-in links, inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def put(
        self,
        sid: str,
        token_hash: bytes,
        *,
        refresh_token_hash: bytes,
        now: datetime,
        expires_at: datetime,
    ) -> bool:
        """Store a session's link in place of the one before; False without its refresh token."""
        held = await self._session.scalar(
            select(RefreshTokenRecord.session_id).where(
                RefreshTokenRecord.token_hash == refresh_token_hash,
                RefreshTokenRecord.session_id == sid,
                RefreshTokenRecord.rotated_at.is_(None),
                RefreshTokenRecord.expires_at > now,
            )
        )
        if held is None:
            return False
        values = {"token_hash": token_hash, "created_at": now, "expires_at": expires_at}
        await self._session.execute(
            insert_or(SignInLinkRecord)
            .values(session_id=sid, **values)
            .on_conflict_do_update(index_elements=["session_id"], set_=values)
        )
        return True

    async def redeem(self, token_hash: bytes, now: datetime) -> User | None:
        """Use a link up and return whose it is; None if it or its session is not good any more.

        The account stays locked until the transaction ends: whoever ends all of its sessions
        waits for that and then also ends the one that is about to be opened, or came first and has
        ended the session of the link. Locked in the order password, account, session, link.
        """
        user_id = await self._session.scalar(
            select(SessionRecord.user_id)
            .join(SignInLinkRecord, SignInLinkRecord.session_id == SessionRecord.id)
            .where(SignInLinkRecord.token_hash == token_hash)
        )
        if user_id is None:
            return None
        user = await lock_account(self._session, user_id)
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
        if user is None or await self._session.scalar(open_session) is None:
            return None
        used = await self._session.scalar(
            delete(SignInLinkRecord)
            .where(SignInLinkRecord.token_hash == token_hash)
            .returning(SignInLinkRecord.session_id)
        )
        return None if used is None else user


async def lock_account(transaction: AsyncSession, user_id: str) -> User | None:
    """Lock an account and its password, if it has one, and return the account."""
    await transaction.execute(
        select(PasswordRecord.user_id)
        .where(PasswordRecord.user_id == user_id)
        .with_for_update(key_share=True)
    )
    record = await transaction.scalar(
        select(UserRecord).where(UserRecord.id == user_id).with_for_update(key_share=True)
    )
    return None if record is None else record.to_domain()
