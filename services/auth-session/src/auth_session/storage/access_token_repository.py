"""Queries of personal access tokens."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.access_token import AccessToken
from auth_session.storage.access_token_record import AccessTokenRecord
from auth_session.storage.user_record import UserRecord


class AccessTokenRepository:
    """Personal access tokens, inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, token: AccessToken, token_hash: bytes, *, at_most: int) -> bool:
        """Store a new token; False if the account has as many as it may, or is gone."""
        # The account's row puts its additions in a row, so that two don't both take the last place.
        owner = select(UserRecord.id).where(UserRecord.id == token.user_id).with_for_update()
        if await self._session.scalar(owner) is None:
            return False
        held = select(func.count()).where(*_listed(token.user_id))
        if (await self._session.scalar(held) or 0) >= at_most:
            return False
        await self._session.execute(
            insert(AccessTokenRecord).values(
                id=token.id,
                user_id=token.user_id,
                token_hash=token_hash,
                name=token.name,
                scopes=token.scopes,
                created_at=token.created_at,
                expires_at=token.expires_at,
                tokens_until=token.tokens_until,
            )
        )
        return True

    async def all(self, user_id: str) -> list[AccessToken]:
        """Return an account's tokens that aren't revoked, newest first; expired ones, too."""
        records = await self._session.scalars(
            select(AccessTokenRecord).where(*_listed(user_id)).order_by(AccessTokenRecord.id.desc())
        )
        return [record.to_domain() for record in records]

    async def find_open(self, token_hash: bytes, now: datetime) -> AccessToken | None:
        """Return the token with this hash, if it and its account are good."""
        record = await self._session.scalar(
            select(AccessTokenRecord)
            .join(UserRecord, UserRecord.id == AccessTokenRecord.user_id)
            .where(
                AccessTokenRecord.token_hash == token_hash,
                UserRecord.disabled_at.is_(None),
                *_open(now),
            )
        )
        return None if record is None else record.to_domain()

    async def note_use(self, token_id: str, now: datetime, *, at_most_every: timedelta) -> None:
        """Note that a token was used; a use soon after the one before isn't written."""
        await self._session.execute(
            update(AccessTokenRecord)
            .where(
                AccessTokenRecord.id == token_id,
                or_(
                    AccessTokenRecord.last_used_at.is_(None),
                    AccessTokenRecord.last_used_at <= now - at_most_every,
                ),
            )
            .values(last_used_at=now)
        )

    async def extend_tokens(self, token_id: str, until: datetime, now: datetime) -> bool:
        """Note that a client secret valid `until` is being issued; False if the token is not good.

        Whoever revokes the token waits for this row, and then knows of the secret.
        """
        extended = await self._session.scalar(
            update(AccessTokenRecord)
            .where(AccessTokenRecord.id == token_id, *_open(now))
            .values(tokens_until=func.greatest(AccessTokenRecord.tokens_until, until))
            .returning(AccessTokenRecord.id)
        )
        return extended is not None

    async def revoke(
        self, user_id: str, token_id: str | None, *, now: datetime, known_until: datetime
    ) -> list[AccessToken]:
        """Revoke one of an account's tokens, or all of them for None; returns those it ended.

        Args:
            known_until: how long the revocation has to be told at least.
        """
        which = [] if token_id is None else [AccessTokenRecord.id == token_id]
        records = await self._session.scalars(
            update(AccessTokenRecord)
            .where(*_listed(user_id), *which)
            .values(
                revoked_at=now,
                tokens_until=func.greatest(AccessTokenRecord.tokens_until, known_until),
            )
            .returning(AccessTokenRecord)
        )
        return [record.to_domain() for record in records]


def _listed(user_id: str) -> tuple[ColumnElement[bool], ...]:
    return (AccessTokenRecord.user_id == user_id, AccessTokenRecord.revoked_at.is_(None))


def _open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        AccessTokenRecord.revoked_at.is_(None),
        or_(AccessTokenRecord.expires_at.is_(None), AccessTokenRecord.expires_at > now),
    )
