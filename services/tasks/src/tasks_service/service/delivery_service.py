"""Delivers fired reminders from their outbox, each to one device or address."""

import asyncio
import datetime as dt
from collections import Counter
from typing import Final, Protocol

import structlog

from tasks_service.clients.push_client import Device, PushClient
from tasks_service.domain.delivery import (
    ATTEMPT_TIMEOUT_S,
    MAX_ATTEMPTS,
    Channel,
    DeliveryFailedError,
    DeliveryRefusedError,
    FiredReminder,
    TargetGoneError,
    push_payload,
    push_topic,
    retry_delay,
)
from tasks_service.domain.reminder import LATE_AFTER
from tasks_service.metrics import DELIVERIES
from tasks_service.service.push_key import PushKeyProvider
from tasks_service.storage.delivery_repository import Delivery, DeliveryRepository
from tasks_service.storage.device_repository import DeviceRepository
from tasks_service.storage.task_repository import TaskRepository, to_task
from tasks_service.storage.transaction import open_transaction
from todochat.background import stop_task
from todochat.clock import Clock, utc_now
from todochat.database import Database
from todochat.errors import UnavailableError

PER_USER: Final = 10  # of one user at the same time: one reminder on all devices
STOP_TIMEOUT_S: Final = 5.0

log = structlog.get_logger(__name__)


class Sender(Protocol):
    """Hands reminders over on one channel."""

    @property
    def slots(self) -> int:
        """The number of deliveries that may be in progress in this process."""

    async def send(self, delivery: Delivery, reminder: FiredReminder) -> None:
        """Hand a reminder over.

        Raises:
            TargetGoneError: the device or address doesn't exist any more.
            DeliveryRefusedError: it will never be accepted.
            DeliveryFailedError: it may be accepted later.
            UnavailableError: a store or service is down; likewise.
        """


class PushSender:
    """Sends reminders to devices, and forgets devices that don't exist any more."""

    slots = 50

    def __init__(self, database: Database, client: PushClient, key: PushKeyProvider) -> None:
        self._database = database
        self._client = client
        self._key = key

    async def send(self, delivery: Delivery, reminder: FiredReminder) -> None:
        """Send a reminder to the device that the delivery names."""
        async with open_transaction(self._database, delivery.user_id) as session:
            record = await DeviceRepository(session, delivery.user_id).find(delivery.target)
        if record is None:
            raise TargetGoneError("unsubscribed")
        device = Device(record.endpoint, record.public_key, record.auth_secret)
        payload = push_payload(delivery.user_id, reminder)
        try:
            await self._client.send(device, payload, push_topic(reminder.id), await self._key.get())
        except TargetGoneError:
            async with open_transaction(self._database, delivery.user_id) as session:
                await DeviceRepository(session, delivery.user_id).delete(delivery.target)
            raise


class DeliveryService:
    """Delivers the outbox's rows, each by the process that has its lease.

    A row is deleted after it was handed over. A process that is killed in between leaves the row
    with its lease, so it is handed over a second time; see `push_topic` for what the user sees.

    Args:
        database: for a user's task and device, as the user.
        jobs_database: connected as `tasks_jobs`, which sees everybody's outbox.
        senders: by channel; rows of other channels wait.
    """

    def __init__(
        self,
        database: Database,
        jobs_database: Database,
        senders: dict[Channel, Sender],
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._jobs_database = jobs_database
        self._senders = senders
        self._clock = clock
        self._in_progress: dict[asyncio.Task[None], Delivery] = {}

    async def start_due(self) -> int:
        """Start due deliveries, as many as there are slots; return their number without waiting.

        Raises:
            UnavailableError: PostgreSQL is unreachable or overloaded.
        """
        started = 0
        for channel, sender in self._senders.items():
            active = Counter(
                each.user_id for each in self._in_progress.values() if each.channel == channel
            )
            free = sender.slots - active.total()
            if free <= 0:
                continue
            async with open_transaction(self._jobs_database, None) as session:
                claimed = await DeliveryRepository(session).claim(
                    channel, self._clock(), limit=free, per_user=PER_USER, busy_users=active
                )
            for delivery in claimed:
                task = asyncio.create_task(self._deliver(sender, delivery), name="delivery")
                self._in_progress[task] = delivery
                task.add_done_callback(self._in_progress.pop)
            started += len(claimed)
        return started

    async def wait(self, timeout_s: float | None = None) -> None:
        """Wait until no delivery is in progress, for at most `timeout_s`."""
        if self._in_progress:
            await asyncio.wait([*self._in_progress], timeout=timeout_s)

    async def aclose(self) -> None:
        """Give deliveries in progress 5 s to end; cancelled ones are repeated after their lease."""
        await self.wait(STOP_TIMEOUT_S)
        await asyncio.gather(*(stop_task(task) for task in [*self._in_progress]))

    async def _deliver(self, sender: Sender, delivery: Delivery) -> None:
        outcome, reason, delay = "delivered", "", None
        try:
            async with asyncio.timeout(ATTEMPT_TIMEOUT_S):
                reminder = await self._find_reminder(delivery)
                if reminder is None:
                    outcome = "obsolete"
                elif delivery.attempts > MAX_ATTEMPTS:  # of processes that were killed
                    outcome = "failed"
                else:
                    await sender.send(delivery, reminder)
        except TargetGoneError as error:
            outcome, reason = "gone", str(error)
        except DeliveryRefusedError as error:
            outcome, reason = "refused", str(error)
        except (DeliveryFailedError, UnavailableError, TimeoutError) as error:
            outcome, reason = "failed", str(error) or type(error).__name__
            if delivery.attempts < MAX_ATTEMPTS:
                wanted = error.retry_after if isinstance(error, DeliveryFailedError) else None
                outcome, delay = "retried", retry_delay(delivery.attempts, wanted)
        except Exception:
            outcome = "failed"
            log.exception("delivery.crashed", channel=delivery.channel)
        DELIVERIES.labels(delivery.channel, outcome).inc()
        if outcome in ("refused", "failed", "retried"):
            log.warning(
                "delivery.failed",
                outcome=outcome,
                channel=delivery.channel,
                user_id=delivery.user_id,
                attempt=delivery.attempts,
                reason=reason,
            )
        await self._record(delivery, delay)

    async def _find_reminder(self, delivery: Delivery) -> FiredReminder | None:
        """Return the reminder with its task's present state; None if the task is finished."""
        async with open_transaction(self._database, delivery.user_id) as session:
            task = await TaskRepository(session, delivery.user_id).find_by_ref(delivery.task_id)
        if task is None or task.completed_at is not None:
            return None
        return FiredReminder(
            id=delivery.reminder_id,
            fires_at=delivery.fires_at,
            is_late=self._clock() - delivery.fires_at > LATE_AFTER,
            task=to_task(task),
        )

    async def _record(self, delivery: Delivery, delay: dt.timedelta | None) -> None:
        try:
            async with open_transaction(self._jobs_database, None) as session:
                repository = DeliveryRepository(session)
                if delay is None:
                    await repository.finish(delivery)
                else:
                    await repository.postpone(delivery, self._clock() + delay)
        except UnavailableError as error:  # repeated after its lease
            log.warning("delivery.unrecorded", channel=delivery.channel, error=error)
