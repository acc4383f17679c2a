"""What a process opens at start and closes in reverse order, and what it does meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import aiohttp
import structlog
from litestar import Litestar
from litestar.datastructures import State
from redis.exceptions import RedisError

from tasks_service.clients.access_token_directory import AccessTokenDirectory
from tasks_service.events.feed_notifier import FeedNotifier
from tasks_service.events.keys import REQUESTS
from tasks_service.http.authentication import ACCEPTED_ARROWS, Authenticator
from tasks_service.service.change_service import ChangeService
from tasks_service.service.erasure_service import ErasureService
from tasks_service.service.export_service import ExportService
from tasks_service.service.idempotent_writer import IdempotentWriter
from tasks_service.service.list_service import ListService
from tasks_service.service.purge_job import PurgeJob
from tasks_service.service.task_service import TaskService
from tasks_service.settings import TasksSettings
from tasks_service.streams.change_feed import ChangeFeed
from todochat.background import run_forever, stop_task
from todochat.bus.redis_client import RedisClient, create_redis
from todochat.database import Database, create_engine
from todochat.database.checked import open_checked_database
from todochat.database.size import database_size
from todochat.http.client import ServiceClient
from todochat.http.rate_limit import RateLimit
from todochat.identity.jwks import JwksCache
from todochat.identity.revocation import RevocationSet
from todochat.identity.revocation_feed import RevocationFeed
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.identity.tokens import TokenVerifier

JOBS_POOL_SIZE: Final = 2  # the purge, and an erasure that doesn't wait for it
ARROWS: Final = (*ACCEPTED_ARROWS, Arrow.AUTH_TO_TASKS, Arrow.TASKS_TO_AUTH)
VERIFY_TIMEOUT_S: Final = 2.0  # somebody waits for an answer that is one query away

Job = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_stores(app: Litestar) -> AsyncIterator[None]:
    """Open the databases and Redis, wire the services, and run the background jobs."""
    settings: TasksSettings = app.state.settings
    engine = create_engine(
        settings.database_url, application_name="tasks", pool_size=settings.database_pool_size
    )
    jobs_engine = create_engine(
        settings.jobs_database_url, application_name="tasks-jobs", pool_size=JOBS_POOL_SIZE
    )
    async with AsyncExitStack() as stack:
        database = await open_checked_database(stack, app.state, engine)
        jobs_database = await open_checked_database(stack, app.state, jobs_engine)
        redis = create_redis(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        revocations = await _load_revocations(redis)
        board = FeedNotifier(redis, revocations)
        tokens = ServiceTokens.from_settings(settings, *ARROWS)
        auth_session = ServiceClient(
            settings.auth_session_url,
            session,
            tokens,
            Arrow.TASKS_TO_AUTH,
            timeout_s=VERIFY_TIMEOUT_S,
            max_tries=1,
        )
        keys = app.state.public_keys or JwksCache(settings.auth_jwks_url, session, redis)
        app.state.authenticator = Authenticator(
            TokenVerifier(settings.todochat_issuer, keys),
            tokens,
            revocations,
            AccessTokenDirectory(auth_session),
        )
        _wire(app.state, database, board, revocations)
        app.state.rate_limit = RateLimit(
            redis, REQUESTS, limit=settings.requests_per_minute, window_s=60
        )
        app.state.erasure_service = ErasureService(jobs_database, board)
        app.state.gauges.add(database_size(jobs_database, "tasks"))
        jobs: dict[str, Job] = {
            "changes.publish": board.publish,
            "changes.listen": board.listen,
            "revocations": revocations.run,
            "revocations.feed": RevocationFeed(auth_session, revocations).run,
            "purge": _purge_job(settings, jobs_database).run,
        }
        for name, job in jobs.items():
            await stack.enter_async_context(_running(name, job))
        app.state.drain.on_drain(_end_feeds(board))
        yield


def _wire(
    state: State, database: Database, board: FeedNotifier, revocations: RevocationSet
) -> None:
    settings: TasksSettings = state.settings
    gate = IdempotentWriter(database, board)
    state.database = database
    state.board = board
    state.task_service = TaskService(database, gate)
    state.list_service = ListService(database, gate)
    state.export_service = ExportService(database)
    state.change_service = ChangeService(database, gate)
    state.change_feed = ChangeFeed(
        database,
        board,
        revocations,
        poll_s=settings.events_poll_s,
        ping_s=settings.events_ping_s,
        streams_per_user=settings.events_streams_per_user,
    )


def _purge_job(settings: TasksSettings, database: Database) -> PurgeJob:
    return PurgeJob(
        database,
        interval_s=settings.purge_interval_s,
        trash_days=settings.trash_retention_days,
        event_days=settings.events_retention_days,
    )


async def _load_revocations(redis: RedisClient) -> RevocationSet:
    """Know who is signed out before the first request; without Redis, as soon as it is there."""
    revocations = RevocationSet(redis)
    try:
        await revocations.refresh()
    except (RedisError, OSError) as error:
        log.warning("start.without_redis", error=error)
    return revocations


def _end_feeds(board: FeedNotifier) -> Any:
    async def end() -> None:
        board.end_all("reconnect")

    return end


@asynccontextmanager
async def _running(name: str, job: Job) -> AsyncIterator[None]:
    """Run a job beside the service."""
    task = asyncio.create_task(run_forever(name, job))
    try:
        yield
    finally:
        await stop_task(task)
