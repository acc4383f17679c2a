"""Queries on the outbox of fired reminders, and on the key that signs Web Push messages."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.delivery import LEASE, Channel
from tasks_service.storage.reminder_repository import ScheduledReminder

_PLAN: Final = text("""
    INSERT INTO reminder_deliveries
           (user_id, reminder_id, task_id, fires_at, channel, target, next_at)
    SELECT :user_id, fired.id, fired.task_id, fired.fires_at, target.channel, target.id, :now
      FROM jsonb_to_recordset(CAST(:fired AS jsonb))
           AS fired (id text, task_id text, fires_at timestamptz)
     CROSS JOIN (
           SELECT 'push' AS channel, id FROM push_devices WHERE user_id = :user_id
            UNION ALL
           SELECT 'email', '' FROM reminder_emails
            WHERE user_id = :user_id AND is_on AND :has_email
     ) AS target
    ON CONFLICT DO NOTHING
""")
# The ones that are due longest; of one user only some, so that nobody's backlog delays the others.
_CLAIM: Final = text("""
    UPDATE reminder_deliveries AS claimed
       SET attempts = attempts + 1, next_at = :now + :lease
      FROM (SELECT user_id, id FROM reminder_deliveries
             WHERE (user_id, id) IN (
                   SELECT user_id, id
                     FROM (SELECT user_id, id, next_at,
                                  row_number() OVER (PARTITION BY user_id ORDER BY next_at, id)
                             FROM (SELECT user_id, id, next_at FROM reminder_deliveries
                                    WHERE channel = :channel AND next_at <= :now
                                      AND user_id <> ALL (:busy)
                                    ORDER BY next_at LIMIT 1000) AS oldest
                          ) AS due (user_id, id, next_at, place)
                    WHERE place <= :per_user ORDER BY next_at LIMIT :limit)
               AND next_at <= :now
               FOR UPDATE SKIP LOCKED) AS due
     WHERE (claimed.user_id, claimed.id) = (due.user_id, due.id)
 RETURNING claimed.user_id, claimed.id, reminder_id, task_id, fires_at, channel, target, attempts
""")
# Only by the process that has the lease: its `attempts` is the current one.
_HELD: Final = "user_id = :user_id AND id = :id AND attempts = :attempts"
_DELETE: Final = text(f"DELETE FROM reminder_deliveries WHERE {_HELD}")  # noqa: S608 - constant
_POSTPONE: Final = text(f"UPDATE reminder_deliveries SET next_at = :next_at WHERE {_HELD}")  # noqa: S608
_ADD_KEY: Final = text(
    "INSERT INTO web_push_keys (id, private_key) VALUES (1, :key) ON CONFLICT DO NOTHING"
)
_FIND_KEY: Final = text("SELECT private_key FROM web_push_keys WHERE id = 1")


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed row of the outbox; `attempts` counts this attempt, too."""

    user_id: str
    id: int
    reminder_id: str
    task_id: str
    fires_at: dt.datetime
    channel: Channel
    target: str
    attempts: int


async def plan_deliveries(
    session: AsyncSession,
    user_id: str,
    fired: Sequence[ScheduledReminder],
    now: dt.datetime,
    *,
    has_email: bool,
) -> None:
    """Add a row for each reminder that fired and each device or address of its user.

    Args:
        has_email: whether this installation sends e-mail.
    """
    values = {
        "user_id": user_id,
        "fired": msgspec.json.encode(fired).decode(),
        "now": now,
        "has_email": has_email,
    }
    await session.execute(_PLAN, values)


class DeliveryRepository:
    """The outbox of all users, in one transaction of `tasks_jobs`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(
        self,
        channel: Channel,
        now: dt.datetime,
        *,
        limit: int,
        per_user: int,
        busy_users: Collection[str],
    ) -> list[Delivery]:
        """Take a lease on due deliveries of a channel, except those of busy users."""
        values = {
            "channel": channel,
            "now": now,
            "lease": LEASE,
            "limit": limit,
            "per_user": per_user,
            "busy": list(busy_users),
        }
        rows = (await self._session.execute(_CLAIM, values)).mappings()
        return [msgspec.convert(dict(row), Delivery) for row in rows]

    async def finish(self, delivery: Delivery) -> None:
        """Delete a delivery that succeeded, or never will; a no-op without its lease."""
        await self._session.execute(_DELETE, self._held(delivery))

    async def postpone(self, delivery: Delivery, next_at: dt.datetime) -> None:
        """Repeat a delivery later; a no-op without its lease."""
        await self._session.execute(_POSTPONE, {**self._held(delivery), "next_at": next_at})

    def _held(self, delivery: Delivery) -> dict[str, object]:
        return {
            "user_id": delivery.user_id,
            "id": delivery.id,
            "attempts": delivery.attempts,
        }


async def get_or_add_push_key(session: AsyncSession, new_key: str) -> str:
    """Return the stored private key, which is `new_key` if there was none; for `tasks_jobs`.

    Of several processes that start at once, one stores its key, and all return that one.
    """
    await session.execute(_ADD_KEY, {"key": new_key})
    return str((await session.execute(_FIND_KEY)).scalar_one())
