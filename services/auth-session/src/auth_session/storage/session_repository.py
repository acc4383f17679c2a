"""Queries of sessions and refresh tokens."""

from datetime import datetime

from sqlalchemy import exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.limits import MAX_SESSIONS_SHOWN
from auth_session.domain.session import RefreshToken, Session, SessionOverview
from auth_session.storage.session_record import RefreshTokenRecord, SessionRecord


class SessionRepository:
    """Sessions and the refresh tokens of each, inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, session: Session, now: datetime, user_agent: str | None) -> None:
        """Store a new session."""
        await self._session.execute(
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

    async def add_once(
        self, session: Session, now: datetime, user_agent: str | None, *, began_at: datetime
    ) -> bool:
        """Store a session whose id is derived from something; False if there is one already.

        Args:
            began_at: when the user signed in, which may have been elsewhere and earlier.
        """
        added = await self._session.scalar(
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
        await self._session.execute(
            insert(RefreshTokenRecord).values(
                token_hash=token_hash, session_id=sid, created_at=now, expires_at=expires_at
            )
        )

    async def lock_by_refresh_token(self, token_hash: bytes) -> tuple[Session, RefreshToken] | None:
        """Return a refresh token and its session, both locked until the transaction ends.

        Locking the session puts everything that happens to one family in a row: two tabs that
        rotate, and a sign-out meanwhile.
        """
        found = await self._session.execute(
            select(SessionRecord, RefreshTokenRecord)
            .join(RefreshTokenRecord, RefreshTokenRecord.session_id == SessionRecord.id)
            .where(RefreshTokenRecord.token_hash == token_hash)
            .with_for_update()
        )
        row = found.one_or_none()
        if row is None:
            return None
        session, token = row
        return session.to_domain(), RefreshToken(
            token_hash=token.token_hash, expires_at=token.expires_at, rotated_at=token.rotated_at
        )

    async def mark_rotated(self, token_hash: bytes, now: datetime) -> None:
        """Note when a refresh token was used first."""
        await self._session.execute(
            update(RefreshTokenRecord)
            .where(RefreshTokenRecord.token_hash == token_hash)
            .values(rotated_at=now)
        )

    async def get(self, sid: str) -> Session | None:
        """Return a session."""
        record = await self._session.get(SessionRecord, sid)
        return None if record is None else record.to_domain()

    async def began_at(self, sid: str) -> datetime | None:
        """Return when somebody signed in to a session."""
        began_at: datetime | None = await self._session.scalar(
            select(SessionRecord.created_at).where(SessionRecord.id == sid)
        )
        return began_at

    async def find_sid(self, token_hash: bytes) -> str | None:
        """Return the session a refresh token belongs to."""
        sid: str | None = await self._session.scalar(
            select(RefreshTokenRecord.session_id).where(RefreshTokenRecord.token_hash == token_hash)
        )
        return sid

    async def extend_tokens(self, sid: str, until: datetime, now: datetime) -> bool:
        """Note that a token valid `until` is being issued; False if the session is not open.

        Whoever revokes the session waits for this row, and then knows of the token.
        """
        extended = await self._session.scalar(
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

    async def revoke(self, sid: str, reason: str, now: datetime) -> Session | None:
        """Close a session for good; one that is closed already keeps its time and reason."""
        record = await self._session.scalar(
            update(SessionRecord)
            .where(SessionRecord.id == sid)
            .values(
                revoked_at=func.coalesce(SessionRecord.revoked_at, now),
                revoke_reason=func.coalesce(SessionRecord.revoke_reason, reason),
            )
            .returning(SessionRecord)
        )
        return None if record is None else record.to_domain()

    async def revoke_all(
        self, user_id: str, reason: str, now: datetime, *, keep: str | None = None
    ) -> list[Session]:
        """Close a person's open sessions, all but `keep`, and return them as they are now."""
        records = await self._session.scalars(
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

    async def open_of(self, user_id: str, now: datetime) -> list[SessionOverview]:
        """Return a person's usable sessions: a token of each lives, or can still be had."""
        refreshable = exists().where(
            RefreshTokenRecord.session_id == SessionRecord.id,
            RefreshTokenRecord.rotated_at.is_(None),
            RefreshTokenRecord.expires_at > now,
        )
        last_used_at = func.coalesce(SessionRecord.last_used_at, SessionRecord.created_at)
        rows = await self._session.execute(
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
