"""Fires due reminders, each exactly once, and snoozes them."""

import datetime as dt
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
import structlog
from msgspec import Meta

from tasks_service.domain.change import FeedReminder
from tasks_service.domain.reminder import LATE_AFTER
from tasks_service.errors import ReminderNotFoundError
from tasks_service.metrics import REMINDERS_FIRED
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.user_work import UserWork
from tasks_service.storage.delivery_repository import plan_deliveries
from tasks_service.storage.reminder_repository import (
    ReminderRepository,
    ScheduledReminder,
    find_users_with_due_reminders,
)
from tasks_service.storage.task_repository import to_task
from tasks_service.storage.transaction import open_transaction
from todochat.clock import Clock, utc_now
from todochat.database import Database
from todochat.errors import ServiceError

MAX_USERS: Final = 100  # of one round
MAX_PER_USER: Final = 100  # in one transaction; the rest follows in the next round
MAX_LISTED: Final = 200

log = structlog.get_logger(__name__)


class PlannedReminder(msgspec.Struct, frozen=True, kw_only=True):
    """A reminder of an open task that will fire."""

    id: str
    task_id: str
    fires_at: dt.datetime


class ReminderPage(msgspec.Struct, frozen=True):
    """The reminders that will fire."""

    items: Annotated[list[PlannedReminder], Meta(description="At most 200, the next one first.")]


class ReminderService:
    """The reminders of all users.

    Args:
        jobs_database: connected as `tasks_jobs`, which may read everybody's reminders; all else is
            done as the user.
        has_email: whether this installation sends reminders by e-mail.
    """

    def __init__(
        self,
        database: Database,
        jobs_database: Database,
        writer: IdempotentWriter,
        clock: Clock = utc_now,
        *,
        has_email: bool = False,
    ) -> None:
        self._database = database
        self._jobs_database = jobs_database
        self._writer = writer
        self._clock = clock
        self._has_email = has_email

    async def fire_due(self) -> int:
        """Fire the due reminders of at most 100 users; return the number of reminders.

        A reminder is marked as fired in the transaction that publishes its event and plans its
        deliveries, under the user's lock. So of several processes, or after a crash, exactly one
        fires it.

        Raises:
            UnavailableError: PostgreSQL is unreachable or overloaded.
        """
        async with open_transaction(self._jobs_database, None) as session:
            users = await find_users_with_due_reminders(session, self._clock(), limit=MAX_USERS)
        return sum([await self._fire_for(user_id) for user_id in users])

    async def _fire_for(self, user_id: str) -> int:
        fired: list[ScheduledReminder] = []

        async def fire(work: UserWork) -> None:
            now = self._clock()
            reminders = ReminderRepository(work.session, user_id)
            fired.extend(await reminders.take_due(now, limit=MAX_PER_USER))
            tasks = await work.tasks.find_by_ids([each.task_id for each in fired])
            lists = await work.lists.find_by_ids({task.list_id for task in tasks.values()})
            announced = []
            for each in fired:
                task = tasks[each.task_id]
                if task.deleted_at is not None:  # with its list, which changes no task one by one
                    continue
                if lists[task.list_id].archived_at is not None:
                    continue
                announced.append(each)
                is_late = now - each.fires_at > LATE_AFTER
                work.publish(
                    "reminder.fired.v1",
                    task=to_task(task),
                    reminder=FeedReminder(id=each.id, fires_at=each.fires_at, is_late=is_late),
                )
            await plan_deliveries(work.session, user_id, announced, now, has_email=self._has_email)

        request = WriteRequest(
            user_id=user_id, actor="system", method="JOB", route="reminders", fingerprint=""
        )
        try:
            await self._writer.write(request, HTTPStatus.OK, fire)
        except ServiceError as error:
            log.warning("reminders.failed", user_id=user_id, error=error)
            return 0
        REMINDERS_FIRED.inc(len(fired))
        return len(fired)

    async def list_pending(self, user_id: str) -> ReminderPage:
        """Return the reminders that will fire."""
        async with open_transaction(self._database, user_id) as session:
            found = await ReminderRepository(session, user_id).list_pending(limit=MAX_LISTED)
        return ReminderPage(
            [
                PlannedReminder(id=each.id, task_id=each.task_id, fires_at=each.fires_at)
                for each in found
            ]
        )

    async def snooze(self, request: WriteRequest, reminder_id: str, minutes: int) -> Written:
        """Make a reminder fire again, or later, in `minutes` from now.

        Raises:
            ReminderNotFoundError: the user has no such reminder of an open task.
        """

        async def change(work: UserWork) -> PlannedReminder:
            record = await ReminderRepository(work.session, work.user_id).find(reminder_id)
            if record is None:
                raise ReminderNotFoundError
            fires_at = self._clock() + dt.timedelta(minutes=minutes)
            record.fires_at = fires_at
            task = await work.get_task(record.task_id)
            work.publish(
                "reminder.snoozed.v1",
                task=to_task(task),
                reminder=FeedReminder(id=record.id, fires_at=fires_at),
            )
            return PlannedReminder(id=record.id, task_id=record.task_id, fires_at=fires_at)

        return await self._writer.write(request, HTTPStatus.OK, change)
