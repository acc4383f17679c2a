"""Opens the resources of a process at start, and closes them in reverse order at its end."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import aiohttp
import structlog
from litestar import Litestar
from redis.exceptions import RedisError

from tasks_service.clients.access_token_directory import AccessTokenDirectory
from tasks_service.clients.contact_directory import ContactDirectory
from tasks_service.clients.mail_client import MailClient, parse_sender, parse_smtp_url
from tasks_service.clients.push_client import PushClient
from tasks_service.domain.delivery import Channel
from tasks_service.events.feed_notifier import FeedNotifier
from tasks_service.events.keys import CALENDAR_REQUESTS, EMAIL_CODES, REQUESTS
from tasks_service.service.authenticator import ACCEPTED_ARROWS, Authenticator
from tasks_service.service.bulk_service import BulkService
from tasks_service.service.calendar_service import REQUESTS_PER_MINUTE, CalendarService
from tasks_service.service.change_service import ChangeService
from tasks_service.service.delivery_service import DeliveryService, PushSender, Sender
from tasks_service.service.device_service import DeviceService
from tasks_service.service.entity_service import EntityService
from tasks_service.service.erasure_service import TaskErasureService
from tasks_service.service.export_service import ExportService
from tasks_service.service.filter_service import FilterService
from tasks_service.service.history_service import HistoryService
from tasks_service.service.idempotent_writer import IdempotentWriter
from tasks_service.service.import_service import ImportService
from tasks_service.service.list_service import ListService
from tasks_service.service.preferences_service import PreferencesService
from tasks_service.service.purge import Purge
from tasks_service.service.push_key import PushKeyProvider
from tasks_service.service.quick_add_service import QuickAddService
from tasks_service.service.reminder_email_service import (
    CODES_PER_HOUR,
    EmailSender,
    ReminderEmailService,
)
from tasks_service.service.reminder_service import ReminderService
from tasks_service.service.section_service import SectionService
from tasks_service.service.tag_service import TagService
from tasks_service.service.task_service import TaskService
from tasks_service.service.trash_service import TrashService
from tasks_service.service.view_service import ViewService
from tasks_service.services import Services
from tasks_service.settings import TasksSettings
from tasks_service.streams.change_feed import ChangeFeed
from todochat.background import PeriodicJob, run_forever, running_jobs, running_task
from todochat.bus.redis_client import RedisClient, create_redis
from todochat.database import Database, create_engine
from todochat.database.checked import open_checked_database
from todochat.database.size import database_size
from todochat.errors import UnavailableError
from todochat.http.client import ServiceClient
from todochat.http.rate_limit import RateLimit
from todochat.identity.jwks import JwksCache
from todochat.identity.revocation import RevocationSet
from todochat.identity.revocation_feed import RevocationFeed
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.identity.tokens import TokenVerifier

JOBS_POOL_SIZE: Final = 4  # the purge, and erasures, reminders and deliveries beside it
ARROWS: Final = (*ACCEPTED_ARROWS, Arrow.AUTH_TO_TASKS, Arrow.TASKS_TO_AUTH)
VERIFY_TIMEOUT_S: Final = 2.0  # a user's request waits for a response that takes one query
REMINDERS_TIMEOUT_S: Final = 60.0  # what is left is due in the next round
PURGE_TIMEOUT_S: Final = 1800.0  # the rest waits for the next purge

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_services(app: Litestar) -> AsyncIterator[None]:
    """Open the databases and Redis, build the services, and run the background jobs."""
    settings: TasksSettings = app.state.settings
    async with AsyncExitStack() as stack:
        database, jobs_database = await _open_databases(stack, app)
        redis = create_redis(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        session = await stack.enter_async_context(aiohttp.ClientSession())

        revocations = await _load_revocations(redis)
        notifier = FeedNotifier(redis, revocations)
        tokens = app.state.service_tokens = ServiceTokens.from_settings(settings, *ARROWS)
        url, arrow = settings.auth_session_url, Arrow.TASKS_TO_AUTH
        auth_session = ServiceClient(
            url, session, tokens, arrow, timeout_s=VERIFY_TIMEOUT_S, max_tries=1
        )
        keys = app.state.public_keys or JwksCache(settings.auth_jwks_url, session, redis)
        verifier = TokenVerifier(settings.todochat_issuer, keys)
        directory = AccessTokenDirectory(auth_session)
        authenticator = Authenticator(verifier, tokens, revocations, directory)
        push_key = PushKeyProvider(jobs_database, settings.push_private_key)
        contacts, mail = ContactDirectory(auth_session), _build_mail_client(settings)
        code_limit = RateLimit(redis, EMAIL_CODES, limit=CODES_PER_HOUR, window_s=3600)
        reminder_emails = ReminderEmailService(database, contacts, mail, code_limit)
        push = PushClient(settings.push_subject, allow_private=settings.push_allow_private)
        stack.push_async_callback(push.aclose)
        senders: dict[Channel, Sender] = {"push": PushSender(database, push, push_key)}
        if mail is not None:
            senders["email"] = EmailSender(database, contacts, mail, settings.public_url)
        deliveries = DeliveryService(database, jobs_database, senders)
        stack.push_async_callback(deliveries.aclose)
        app.state.services = _build_services(
            settings,
            database,
            jobs_database,
            redis,
            notifier,
            revocations,
            authenticator,
            push_key,
            deliveries,
            reminder_emails,
        )
        app.state.gauges.add(database_size(jobs_database, "tasks"))
        await _run_jobs(
            stack,
            notifier,
            revocations.refresh_job(),
            RevocationFeed(auth_session, revocations).job(),
            _purge_job(settings, jobs_database),
            _reminder_job(settings, app.state.services.reminders),
            _delivery_job(settings, deliveries),
        )

        async def close_feeds() -> None:
            notifier.close_all("reconnect")

        app.state.drain.on_drain(close_feeds)
        yield


async def _open_databases(stack: AsyncExitStack, app: Litestar) -> tuple[Database, Database]:
    """Return the database of requests, and that of jobs, which may see all users."""
    settings: TasksSettings = app.state.settings
    engine = create_engine(
        settings.database_url, application_name="tasks", pool_size=settings.database_pool_size
    )
    jobs_engine = create_engine(
        settings.jobs_database_url, application_name="tasks-jobs", pool_size=JOBS_POOL_SIZE
    )
    database = await open_checked_database(stack, app.state, engine)
    return database, await open_checked_database(stack, app.state, jobs_engine)


async def _load_revocations(redis: RedisClient) -> RevocationSet:
    """Return the revocations, loaded before the first request; without Redis their job does it."""
    revocations = RevocationSet(redis)
    try:
        await revocations.refresh()
    except (RedisError, OSError) as error:
        log.warning("start.without_redis", error=error)
    return revocations


def _build_mail_client(settings: TasksSettings) -> MailClient | None:
    """Return the client for e-mails, None without `SMTP_URL`."""
    if not settings.smtp_url:
        return None
    return MailClient(parse_smtp_url(settings.smtp_url), parse_sender(settings.smtp_from))


async def _run_jobs(stack: AsyncExitStack, notifier: FeedNotifier, *jobs: PeriodicJob) -> None:
    """Run the loops of the change feed, and the periodic jobs, until the stack closes."""
    for name, loop in {
        "changes.publish": notifier.publish,
        "changes.listen": notifier.listen,
    }.items():
        await stack.enter_async_context(running_task(name, run_forever(name, loop)))
    await stack.enter_async_context(running_jobs(*jobs))


def _build_services(
    settings: TasksSettings,
    database: Database,
    jobs_database: Database,
    redis: RedisClient,
    notifier: FeedNotifier,
    revocations: RevocationSet,
    authenticator: Authenticator,
    push_key: PushKeyProvider,
    deliveries: DeliveryService,
    reminder_emails: ReminderEmailService,
) -> Services:
    writer = IdempotentWriter(database, notifier.changed)
    tasks = TaskService(database, writer)
    return Services(
        settings=settings,
        database=database,
        authenticator=authenticator,
        rate_limit=RateLimit(redis, REQUESTS, limit=settings.requests_per_minute, window_s=60),
        notifier=notifier,
        tasks=tasks,
        lists=ListService(database, writer),
        bulk=BulkService(writer),
        sections=SectionService(database, writer),
        tags=TagService(database, writer),
        preferences=PreferencesService(database, writer),
        changes=ChangeService(database, writer),
        history=HistoryService(database),
        trash=TrashService(database, writer, keep_days=settings.trash_retention_days),
        entities=EntityService(database),
        filters=FilterService(database, writer),
        views=ViewService(database, tasks),
        export=ExportService(database),
        imports=ImportService(writer),
        calendar=CalendarService(
            database,
            settings.public_url,
            RateLimit(redis, CALENDAR_REQUESTS, limit=REQUESTS_PER_MINUTE, window_s=60),
        ),
        erasure=TaskErasureService(jobs_database, notifier.erased),
        reminders=ReminderService(
            database, jobs_database, writer, has_email=bool(settings.smtp_url)
        ),
        reminder_emails=reminder_emails,
        devices=DeviceService(database, push_key, allow_private=settings.push_allow_private),
        deliveries=deliveries,
        quick_add=QuickAddService(database, writer),
        change_feed=ChangeFeed(
            database,
            notifier,
            revocations,
            poll_s=settings.events_poll_s,
            streams_per_user=settings.events_streams_per_user,
        ),
    )


def _reminder_job(settings: TasksSettings, reminders: ReminderService) -> PeriodicJob:
    return PeriodicJob(
        name="reminders",
        run=reminders.fire_due,
        interval_s=settings.reminders_poll_s,
        timeout_s=REMINDERS_TIMEOUT_S,
        expected=(UnavailableError,),
    )


def _delivery_job(settings: TasksSettings, deliveries: DeliveryService) -> PeriodicJob:
    return PeriodicJob(
        name="deliveries",
        run=deliveries.start_due,
        interval_s=settings.reminders_poll_s,
        timeout_s=REMINDERS_TIMEOUT_S,
        expected=(UnavailableError,),
    )


def _purge_job(settings: TasksSettings, jobs_database: Database) -> PeriodicJob:
    purge = Purge(
        jobs_database,
        trash_days=settings.trash_retention_days,
        change_days=settings.changes_retention_days,
        event_days=settings.events_retention_days,
    )
    return PeriodicJob(
        name="purge",
        run=purge.run,
        interval_s=settings.purge_interval_s,
        timeout_s=PURGE_TIMEOUT_S,
        retry_s=settings.purge_interval_s,
        jitter=0.5,
        waits_first=True,
        expected=(UnavailableError,),
    )
