"""What makes a write happen once: answers kept under idempotency keys, and the attempt fence."""

import datetime as dt

import msgspec
from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.storage.records import AnswerRecord, AttemptRecord


class AnswerKey(msgspec.Struct, frozen=True):
    """The scope of an idempotency key, and the key."""

    user_id: str
    method: str
    route: str
    key: str


class KeptAnswer(msgspec.Struct, frozen=True):
    """The answer of the first request, and the fingerprint of that request."""

    fingerprint: str
    status: int
    body: bytes


class AnswerRepository:
    """Answers under idempotency keys, in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(self, key: AnswerKey) -> KeptAnswer | None:
        """Wait until nobody else works under this key; return the answer if there is one.

        The lock is held until the transaction ends, so a repeat that waited sees either the
        committed answer or, after a rollback, that there is none and it is the first itself.
        """
        name = f"{key.user_id}\n{key.method}\n{key.route}\n{key.key}"
        await self._session.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0)))
        )
        statement = select(
            AnswerRecord.fingerprint, AnswerRecord.status, AnswerRecord.body
        ).filter_by(user_id=key.user_id, method=key.method, route=key.route, key=key.key)
        row = (await self._session.execute(statement)).one_or_none()
        return KeptAnswer(*row) if row else None

    async def keep(self, key: AnswerKey, answer: KeptAnswer, *, now: dt.datetime) -> None:
        """Keep the answer; it can be replayed from the commit on."""
        values = {**msgspec.structs.asdict(key), **msgspec.structs.asdict(answer)}
        await self._session.execute(insert(AnswerRecord).values(created_at=now, **values))


class AttemptRepository:
    """The highest attempt of each of one person's runs, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def advance(self, run_id: str, attempt: int, *, now: dt.datetime) -> int:
        """Note an attempt and return the highest one seen, this one included.

        Holds the run's row until commit: a lower attempt that comes meanwhile waits, then finds
        out that it is too late.
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
