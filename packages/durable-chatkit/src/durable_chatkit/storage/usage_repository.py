"""What model answers used: written with the answer's step, read for budgets and reports."""

from datetime import date, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from todochat.database import Database

MAX_USERS: Final = 50
PURGE_BATCH: Final = 1000

# The caller has inserted the answer's step in this transaction, fenced: each answer counts once.
_ADD: Final = text("""
    WITH added AS (
        INSERT INTO run_usage (run_id, key, user_id, day, model, input_tokens, cached_tokens,
                               output_tokens, cost_micros, is_estimated)
        SELECT run_id, :key, user_id, :day, :model, :input_tokens, :cached_tokens,
               :output_tokens, :cost_micros, :is_estimated
          FROM runs WHERE run_id = :run_id
        RETURNING *)
    INSERT INTO usage_days (day, model, answers, input_tokens, cached_tokens, output_tokens,
                            cost_micros)
    SELECT day, model, 1, input_tokens, cached_tokens, output_tokens, coalesce(cost_micros, 0)
      FROM added
    ON CONFLICT (day, model) DO UPDATE
       SET answers = usage_days.answers + 1,
           input_tokens = usage_days.input_tokens + excluded.input_tokens,
           cached_tokens = usage_days.cached_tokens + excluded.cached_tokens,
           output_tokens = usage_days.output_tokens + excluded.output_tokens,
           cost_micros = usage_days.cost_micros + excluded.cost_micros
""")

_SPENT: Final = text("""
    SELECT own.tokens, own.cost, everyone.tokens, everyone.cost
      FROM (SELECT coalesce(sum(input_tokens + output_tokens), 0) AS tokens,
                   coalesce(sum(cost_micros), 0) AS cost
              FROM run_usage WHERE user_id = :user_id AND day = :day) AS own,
           (SELECT coalesce(sum(input_tokens + output_tokens), 0) AS tokens,
                   coalesce(sum(cost_micros), 0) AS cost
              FROM usage_days WHERE day = :day) AS everyone
""")

_DAYS: Final = text("""
    SELECT day, model, answers, input_tokens, cached_tokens, output_tokens, cost_micros
      FROM usage_days WHERE day >= :since ORDER BY day DESC, model
""")
_DAYS_OF_USER: Final = text("""
    SELECT day, model, count(*), sum(input_tokens), sum(cached_tokens), sum(output_tokens),
           coalesce(sum(cost_micros), 0)
      FROM run_usage WHERE user_id = :user_id AND day >= :since
     GROUP BY day, model ORDER BY day DESC, model
""")
_USERS: Final = text("""
    SELECT user_id, count(*), sum(input_tokens), sum(cached_tokens), sum(output_tokens),
           coalesce(sum(cost_micros), 0)
      FROM run_usage WHERE day >= :since AND user_id = coalesce(:user_id, user_id)
     GROUP BY user_id ORDER BY sum(input_tokens + output_tokens) DESC, user_id LIMIT :limit
""")

_PURGE: Final = text("""
    DELETE FROM run_usage WHERE (run_id, key) IN (
        SELECT run_id, key FROM run_usage WHERE day < :before LIMIT :batch)
    RETURNING 1
""")


class AnswerUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What one finished model answer used.

    Args:
        input_tokens: the cached ones among them.
        cost_micros: in millionths of the currency; None if the model has no price.
        is_estimated: the server didn't say; counted by characters.
    """

    day: date
    model: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_micros: int | None = None
    is_estimated: bool = False


class Spent(msgspec.Struct, frozen=True):
    """What a user and all users have spent on a day: tokens in and out, millionths of money."""

    user_tokens: int
    user_cost_micros: int
    total_tokens: int
    total_cost_micros: int


class DayUsage(msgspec.Struct, frozen=True):
    """A day's use of one model."""

    day: date
    model: str
    answers: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_micros: int


class UserUsage(msgspec.Struct, frozen=True):
    """A user's use of all models in a report's days."""

    user_id: str
    answers: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_micros: int


async def add_usage(session: AsyncSession, run_id: str, key: str, usage: AnswerUsage) -> None:
    """Write what an answer used, beside the step that the session has just inserted."""
    values = {"run_id": run_id, "key": key, **msgspec.structs.asdict(usage)}
    await session.execute(_ADD, values)


async def read_spent(session: AsyncSession, user_id: str, day: date) -> Spent:
    """Return what has been spent on a day."""
    row = (await session.execute(_SPENT, {"user_id": user_id, "day": day})).one()
    return Spent(*(int(value) for value in row))


class UsageRepository:
    """Usage of all users, for workers and operators.

    Args:
        db: bound to the role `chat_jobs`.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def spent(self, user_id: str, day: date) -> Spent:
        """Return what has been spent on a day."""
        async with self._db.transaction(None) as session:
            return await read_spent(session, user_id, day)

    async def days(self, since: date, user_id: str | None = None) -> list[DayUsage]:
        """Return use by day and model, the newest first; of one user, or of all."""
        statement = _DAYS if user_id is None else _DAYS_OF_USER
        values: dict[str, Any] = {"since": since}
        if user_id is not None:
            values["user_id"] = user_id
        async with self._db.transaction(None) as session:
            rows = await session.execute(statement, values)
            return [DayUsage(row[0], row[1], *(int(value) for value in row[2:])) for row in rows]

    async def users(self, since: date, user_id: str | None = None) -> list[UserUsage]:
        """Return the MAX_USERS users who used most, or one."""
        values = {"since": since, "user_id": user_id, "limit": MAX_USERS}
        async with self._db.transaction(None) as session:
            rows = await session.execute(_USERS, values)
            return [UserUsage(row[0], *(int(value) for value in row[1:])) for row in rows]

    async def purge(self, today: date, keep_days: int) -> int:
        """Delete a batch of what is older than `keep_days`; returns how many rows went."""
        values = {"before": today - timedelta(days=keep_days), "batch": PURGE_BATCH}
        async with self._db.transaction(None) as session:
            return len((await session.execute(_PURGE, values)).all())
