"""Idempotency and fencing of writes: responses under idempotency keys, attempts of runs."""

import datetime as dt

import msgspec
from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.storage.records import AttemptRecord, ResponseRecord


class ResponseKey(msgspec.Struct, frozen=True):
    """An idempotency key with its scope."""

    user_id: str
    method: str
    route: str
    key: str


class StoredResponse(msgspec.Struct, frozen=True):
    """The response to the first request with a key, and that request's fingerprint."""

    fingerprint: str
    status: int
    body: bytes


class ResponseRepository:
    """Responses stored under idempotency keys, in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(self, key: ResponseKey) -> StoredResponse | None:
        """Lock a key, waiting for other requests with it; return its response if there is one.

        The lock is held until the transaction ends. So a repeat that waited either finds the
        committed response or, after a rollback, becomes the first request itself.
        """
        name = f"{key.user_id}\n{key.method}\n{key.route}\n{key.key}"
        await self._session.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0)))
        )
        statement = select(
            ResponseRecord.fingerprint, ResponseRecord.status, ResponseRecord.body
        ).filter_by(user_id=key.user_id, method=key.method, route=key.route, key=key.key)
        row = (await self._session.execute(statement)).one_or_none()
        return StoredResponse(*row) if row else None

    async def store(self, key: ResponseKey, response: StoredResponse, *, now: dt.datetime) -> None:
        """Store a response, for repeats after the commit."""
        values = {**msgspec.structs.asdict(key), **msgspec.structs.asdict(response)}
        await self._session.execute(insert(ResponseRecord).values(created_at=now, **values))


class AttemptRepository:
    """The highest attempt of each of a user's runs, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def advance(self, run_id: str, attempt: int, *, now: dt.datetime) -> int:
        """Record an attempt; return the highest one seen, including this one.

        The run's row stays locked until the commit, so a concurrent lower attempt waits and then
        sees that it is stale.
        """
        new = upsert(AttemptRecord).values(
            user_id=self._user_id, run_id=run_id, attempt=attempt, seen_at=now
        )
        statement = new.on_conflict_do_update(
            index_elements=[AttemptRecord.user_id, AttemptRecord.run_id],
            set_={
                "attempt": func.greatest(AttemptRecord.attempt, new.excluded.attempt),
                "seen_at": new.excluded.seen_at,
            },
        ).returning(AttemptRecord.attempt)
        return (await self._session.execute(statement)).scalar_one()
