"""Queries of personal access tokens."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.access_token import AccessToken
from auth_session.storage.records import AccessTokenRecord, UserRecord


class AccessTokenRepository:
    """Personal access tokens, within one transaction."""

    def __init__(self, transaction: AsyncSession) -> None:
        self._transaction = transaction

    async def add_token(self, token: AccessToken, token_hash: bytes, *, at_most: int) -> bool:
        """Store a new token; False if the account is at its limit, or deleted."""
        # Locking the account serializes additions, so that two can't both reach the limit.
        owner = select(UserRecord.id).where(UserRecord.id == token.user_id).with_for_update()
        if await self._transaction.scalar(owner) is None:
            return False
        held = select(func.count()).where(*_is_listed(token.user_id))
        if (await self._transaction.scalar(held) or 0) >= at_most:
            return False
        await self._transaction.execute(
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

    async def list_tokens(self, user_id: str) -> list[AccessToken]:
        """Return an account's tokens that aren't revoked, newest first, including expired ones."""
        records = await self._transaction.scalars(
            select(AccessTokenRecord)
            .where(*_is_listed(user_id))
            .order_by(AccessTokenRecord.id.desc())
        )
        return [record.to_domain() for record in records]

    async def find_valid_token(self, token_hash: bytes, now: datetime) -> AccessToken | None:
        """Return the token with this hash, unless it is revoked or expired or its account disabled."""
        record = await self._transaction.scalar(
            select(AccessTokenRecord)
            .join(UserRecord, UserRecord.id == AccessTokenRecord.user_id)
            .where(
                AccessTokenRecord.token_hash == token_hash,
                UserRecord.disabled_at.is_(None),
                *_is_valid(now),
            )
        )
        return None if record is None else record.to_domain()

    async def record_use(self, token_id: str, now: datetime, *, at_most_every: timedelta) -> None:
        """Store the time of a use, unless one was stored within `at_most_every`."""
        await self._transaction.execute(
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
        """Record that a client secret valid `until` is being issued; False if the token is invalid.

        A concurrent revocation waits for this row lock and then covers the secret.
        """
        extended = await self._transaction.scalar(
            update(AccessTokenRecord)
            .where(AccessTokenRecord.id == token_id, *_is_valid(now))
            .values(tokens_until=func.greatest(AccessTokenRecord.tokens_until, until))
            .returning(AccessTokenRecord.id)
        )
        return extended is not None

    async def revoke_tokens(
        self, user_id: str, token_id: str | None, *, now: datetime, keep_until: datetime
    ) -> list[AccessToken]:
        """Revoke one of an account's tokens, or all of them for None; return the revoked ones.

        Args:
            keep_until: the earliest end of the publication of the revocation.
        """
        selected = [] if token_id is None else [AccessTokenRecord.id == token_id]
        records = await self._transaction.scalars(
            update(AccessTokenRecord)
            .where(*_is_listed(user_id), *selected)
            .values(
                revoked_at=now,
                tokens_until=func.greatest(AccessTokenRecord.tokens_until, keep_until),
            )
            .returning(AccessTokenRecord)
        )
        return [record.to_domain() for record in records]


def _is_listed(user_id: str) -> tuple[ColumnElement[bool], ...]:
    return (AccessTokenRecord.user_id == user_id, AccessTokenRecord.revoked_at.is_(None))


def _is_valid(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        AccessTokenRecord.revoked_at.is_(None),
        or_(AccessTokenRecord.expires_at.is_(None), AccessTokenRecord.expires_at > now),
    )
