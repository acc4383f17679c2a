"""Usage of model calls: written with the journal step of the call, read for budgets and reports."""

from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import text

from todochat.database import Database
from todochat.database.sql_transaction import SqlExecutor

MAX_USERS: Final = 50

# Parts of the statement in `run_states` that inserts the call's step, fenced: each call counts once.
ADD_USAGE_SQL: Final = """
    used AS (
        INSERT INTO run_usage (run_id, key, user_id, day, model, input_tokens, cached_tokens,
                               output_tokens, cost_micros, is_estimated)
        SELECT run_id, :key, user_id, :day, :model, :input_tokens, :cached_tokens,
               :output_tokens, :cost_micros, :is_estimated
          FROM fence
        RETURNING *),
    totals AS (
        INSERT INTO usage_days (day, model, answers, input_tokens, cached_tokens, output_tokens,
                                cost_micros)
        SELECT day, model, 1, input_tokens, cached_tokens, output_tokens, coalesce(cost_micros, 0)
          FROM used
        ON CONFLICT (day, model) DO UPDATE
           SET answers = usage_days.answers + 1,
               input_tokens = usage_days.input_tokens + excluded.input_tokens,
               cached_tokens = usage_days.cached_tokens + excluded.cached_tokens,
               output_tokens = usage_days.output_tokens + excluded.output_tokens,
               cost_micros = usage_days.cost_micros + excluded.cost_micros)
"""

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


class AnswerUsage(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of one finished model call.

    Args:
        input_tokens: cached ones included.
        cost_micros: in millionths of the currency; None if the model has no price.
        is_estimated: the server reported none; estimated from the number of characters.
    """

    day: date
    model: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_micros: int | None = None
    is_estimated: bool = False


class Spent(msgspec.Struct, frozen=True):
    """The usage of a user and of all users on a day: tokens in and out, cost in millionths."""

    user_tokens: int
    user_cost_micros: int
    total_tokens: int
    total_cost_micros: int


class DayUsage(msgspec.Struct, frozen=True):
    """A day's usage of one model."""

    day: date
    model: str
    answers: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_micros: int


class UserUsage(msgspec.Struct, frozen=True):
    """A user's usage of all models in the period of a report."""

    user_id: str
    answers: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_micros: int


async def read_spent(session: SqlExecutor, user_id: str, day: date) -> Spent:
    """Return the usage of a user and of all users on a day."""
    row = (await session.execute(_SPENT, {"user_id": user_id, "day": day})).one()
    return Spent(*(int(value) for value in row))


class UsageRepository:
    """Usage of all users, for workers and operators.

    Args:
        db: bound to the role `chat_jobs`.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read_spent(self, user_id: str, day: date) -> Spent:
        """Return the usage of a user and of all users on a day."""
        async with self._db.sql_transaction(None) as session:
            return await read_spent(session, user_id, day)

    async def list_days(self, since: date, user_id: str | None = None) -> list[DayUsage]:
        """Return the usage of one user or of all by day and model, newest first."""
        statement = _DAYS if user_id is None else _DAYS_OF_USER
        values: dict[str, Any] = {"since": since}
        if user_id is not None:
            values["user_id"] = user_id
        rows = await self._db.execute(statement, values)
        return [DayUsage(row[0], row[1], *(int(value) for value in row[2:])) for row in rows]

    async def list_users(self, since: date, user_id: str | None = None) -> list[UserUsage]:
        """Return the MAX_USERS users with the highest usage, or one user."""
        values = {"since": since, "user_id": user_id, "limit": MAX_USERS}
        rows = await self._db.execute(_USERS, values)
        return [UserUsage(row[0], *(int(value) for value in row[1:])) for row in rows]
