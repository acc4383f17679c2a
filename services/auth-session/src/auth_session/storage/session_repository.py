"""Queries of sessions and refresh tokens."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.limits import MAX_SESSIONS_SHOWN
from auth_session.domain.session import RefreshToken, SessionOverview, UserSession
from auth_session.storage.records import RefreshTokenRecord, SessionRecord


class SessionRepository:
    """Sessions and their refresh tokens, within one transaction."""

    def __init__(self, transaction: AsyncSession) -> None:
        self._transaction = transaction

    async def add_session(
        self, session: UserSession, now: datetime, user_agent: str | None
    ) -> None:
        """Store a new session."""
        await self._transaction.execute(
            insert(SessionRecord).values(
                id=session.sid,
                user_id=session.user_id,
                created_at=now,
                expires_at=session.expires_at,
                tokens_until=session.tokens_until,
                last_used_at=now,
                user_agent=user_agent,
            )
        )

    async def add_session_once(
        self, session: UserSession, now: datetime, user_agent: str | None, *, began_at: datetime
    ) -> bool:
        """Store a session with a derived id; False if it exists already.

        Args:
            began_at: when the user signed in, possibly elsewhere and earlier.
        """
        added = await self._transaction.scalar(
            insert_or(SessionRecord)
            .values(
                id=session.sid,
                user_id=session.user_id,
                created_at=began_at,
                expires_at=session.expires_at,
                tokens_until=session.tokens_until,
                last_used_at=now,
                user_agent=user_agent,
            )
            .on_conflict_do_nothing()
            .returning(SessionRecord.id)
        )
        return added is not None

    async def add_refresh_token(
        self, sid: str, token_hash: bytes, *, now: datetime, expires_at: datetime
    ) -> None:
        """Store a refresh token's hash."""
        await self._transaction.execute(
            insert(RefreshTokenRecord).values(
                token_hash=token_hash, session_id=sid, created_at=now, expires_at=expires_at
            )
        )

    async def lock_by_refresh_token(
        self, token_hash: bytes
    ) -> tuple[UserSession, RefreshToken] | None:
        """Return a refresh token and its session, both locked until the transaction ends.

        Locking the session serializes the operations on one token family, such as the refreshes
        of two tabs and a sign-out.
        """
        found = await self._transaction.execute(
            select(SessionRecord, RefreshTokenRecord)
            .join(RefreshTokenRecord, RefreshTokenRecord.session_id == SessionRecord.id)
            .where(RefreshTokenRecord.token_hash == token_hash)
            .with_for_update()
        )
        row = found.one_or_none()
        if row is None:
            return None
        session, token = row
        return session.to_domain(), token.to_domain()

    async def find_refresh_token(self, token_hashes: Sequence[bytes]) -> RefreshToken | None:
        """Return the refresh token with one of these hashes."""
        record = await self._transaction.scalar(
            select(RefreshTokenRecord).where(RefreshTokenRecord.token_hash.in_(token_hashes))
        )
        return None if record is None else record.to_domain()

    async def mark_rotated(self, token_hash: bytes, now: datetime) -> None:
        """Store when a refresh token was first used."""
        await self._transaction.execute(
            update(RefreshTokenRecord)
            .where(RefreshTokenRecord.token_hash == token_hash)
            .values(rotated_at=now)
        )

    async def get_session(self, sid: str) -> UserSession | None:
        """Return a session."""
        record = await self._transaction.get(SessionRecord, sid)
        return None if record is None else record.to_domain()

    async def get_sign_in_time(self, sid: str) -> datetime | None:
        """Return when the user of a session signed in."""
        began_at: datetime | None = await self._transaction.scalar(
            select(SessionRecord.created_at).where(SessionRecord.id == sid)
        )
        return began_at

    async def find_sid(self, token_hash: bytes) -> str | None:
        """Return the session of a refresh token."""
        sid: str | None = await self._transaction.scalar(
            select(RefreshTokenRecord.session_id).where(RefreshTokenRecord.token_hash == token_hash)
        )
        return sid

    async def find_user_id(self, token_hash: bytes, now: datetime) -> str | None:
        """Return the user of a valid refresh token with an open session."""
        user_id: str | None = await self._transaction.scalar(
            select(SessionRecord.user_id)
            .join(RefreshTokenRecord, RefreshTokenRecord.session_id == SessionRecord.id)
            .where(
                RefreshTokenRecord.token_hash == token_hash,
                RefreshTokenRecord.expires_at > now,
                SessionRecord.revoked_at.is_(None),
                SessionRecord.expires_at > now,
            )
        )
        return user_id

    async def extend_tokens(self, sid: str, until: datetime, now: datetime) -> bool:
        """Record that a token valid `until` is being issued; False if the session is not open.

        A concurrent revocation waits for this row lock and then covers the token.
        """
        extended = await self._transaction.scalar(
            update(SessionRecord)
            .where(
                SessionRecord.id == sid,
                SessionRecord.revoked_at.is_(None),
                SessionRecord.expires_at > now,
            )
            .values(tokens_until=func.greatest(SessionRecord.tokens_until, until), last_used_at=now)
            .returning(SessionRecord.id)
        )
        return extended is not None

    async def revoke_session(self, sid: str, reason: str, now: datetime) -> UserSession | None:
        """Revoke a session; one that is revoked already keeps its time and reason."""
        record = await self._transaction.scalar(
            update(SessionRecord)
            .where(SessionRecord.id == sid)
            .values(
                revoked_at=func.coalesce(SessionRecord.revoked_at, now),
                revoke_reason=func.coalesce(SessionRecord.revoke_reason, reason),
            )
            .returning(SessionRecord)
        )
        return None if record is None else record.to_domain()

    async def revoke_sessions(
        self, user_id: str, reason: str, now: datetime, *, keep: str | None = None
    ) -> list[UserSession]:
        """Revoke a user's open sessions except `keep`, and return the revoked ones."""
        records = await self._transaction.scalars(
            update(SessionRecord)
            .where(
                SessionRecord.user_id == user_id,
                SessionRecord.revoked_at.is_(None),
                SessionRecord.id.is_distinct_from(keep),
            )
            .values(revoked_at=now, revoke_reason=reason)
            .returning(SessionRecord)
        )
        return [record.to_domain() for record in records]

    async def list_usable_sessions(self, user_id: str, now: datetime) -> list[SessionOverview]:
        """Return a user's sessions that have a valid token or can be refreshed."""
        refreshable = exists().where(
            RefreshTokenRecord.session_id == SessionRecord.id,
            RefreshTokenRecord.rotated_at.is_(None),
            RefreshTokenRecord.expires_at > now,
        )
        last_used_at = func.coalesce(SessionRecord.last_used_at, SessionRecord.created_at)
        rows = await self._transaction.execute(
            select(
                SessionRecord.id, SessionRecord.created_at, last_used_at, SessionRecord.user_agent
            )
            .where(
                SessionRecord.user_id == user_id,
                SessionRecord.revoked_at.is_(None),
                SessionRecord.expires_at > now,
                or_(SessionRecord.tokens_until > now, refreshable),
            )
            .order_by(last_used_at.desc(), SessionRecord.id)
            .limit(MAX_SESSIONS_SHOWN)
        )
        return [
            SessionOverview(sid=sid, created_at=created_at, last_used_at=used_at, user_agent=agent)
            for sid, created_at, used_at, agent in rows
        ]
