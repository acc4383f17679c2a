"""Idempotency and fencing of writes: responses under idempotency keys, attempts of runs."""

import datetime as dt
from typing import Final

import msgspec
from sqlalchemy import text

from todochat.database.sql_transaction import SqlTransaction

_LOCK_KEY: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_FIND_RESPONSE: Final = text("""
    SELECT fingerprint, status, body, change_request_id FROM idempotency_keys
     WHERE user_id = :user_id AND method = :method AND route = :route AND key = :key
""")
_STORE_RESPONSE: Final = text("""
    INSERT INTO idempotency_keys
           (user_id, method, route, key, fingerprint, status, body, change_request_id, created_at)
    VALUES (:user_id, :method, :route, :key, :fingerprint, :status, :body, :change_request_id, :now)
""")
_ADVANCE_ATTEMPT: Final = text("""
    INSERT INTO run_attempts (user_id, run_id, attempt, seen_at)
    VALUES (:user_id, :run_id, :attempt, :now)
    ON CONFLICT (user_id, run_id) DO UPDATE
       SET attempt = greatest(run_attempts.attempt, excluded.attempt), seen_at = excluded.seen_at
    RETURNING attempt
""")


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
    change_request_id: str | None


class ResponseRepository:
    """Responses stored under idempotency keys, in one transaction."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    async def claim(self, key: ResponseKey) -> StoredResponse | None:
        """Lock a key, waiting for other requests with it; return its response if there is one.

        The lock is held until the transaction ends. So a repeat that waited either finds the
        committed response or, after a rollback, becomes the first request itself.
        """
        name = f"{key.user_id}\n{key.method}\n{key.route}\n{key.key}"
        await self._transaction.execute(_LOCK_KEY, {"name": name})
        rows = await self._transaction.execute(_FIND_RESPONSE, msgspec.structs.asdict(key))
        row = rows.first()
        return StoredResponse(*row) if row else None

    async def store(self, key: ResponseKey, response: StoredResponse, *, now: dt.datetime) -> None:
        """Store a response, for repeats after the commit."""
        values = {**msgspec.structs.asdict(key), **msgspec.structs.asdict(response)}
        await self._transaction.execute(_STORE_RESPONSE, {**values, "now": now})


class AttemptRepository:
    """The highest attempt of each of a user's runs, in one transaction."""

    def __init__(self, transaction: SqlTransaction, user_id: str) -> None:
        self._transaction = transaction
        self._user_id = user_id

    async def advance(self, run_id: str, attempt: int, *, now: dt.datetime) -> int:
        """Record an attempt; return the highest one seen, including this one.

        The run's row stays locked until the commit, so a concurrent lower attempt waits and then
        sees that it is stale.
        """
        values = {"user_id": self._user_id, "run_id": run_id, "attempt": attempt, "now": now}
        highest: int = (await self._transaction.execute(_ADVANCE_ATTEMPT, values)).scalar_one()
        return highest
