"""Startup, shutdown and the periodic jobs of the process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import structlog
from litestar import Litestar
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from auth_session.metrics import JOB_FAILURES, OLDEST_ERASURE_SECONDS, PENDING_ERASURES
from auth_session.service.account_erasure_service import AccountErasureService
from auth_session.services import Connections, Services, build_services
from auth_session.settings import AuthSessionSettings
from todochat.background import PeriodicJob, running_jobs
from todochat.bus.redis_client import create_redis
from todochat.clock import Clock, utc_now
from todochat.database import Database, create_engine, refuse_bypassing_role
from todochat.database.outage import is_outage
from todochat.database.size import database_size
from todochat.telemetry.gauges import GaugeSource

KEYS_INTERVAL_S: Final = 30.0
REPUBLISH_INTERVAL_S: Final = 30.0
HEAL_INTERVAL_S: Final = 1.0
PURGE_INTERVAL_S: Final = 3600.0
ERASURE_INTERVAL_S: Final = 2.0

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_services(
    settings: AuthSessionSettings, clock: Clock = utc_now
) -> AsyncIterator[Services]:
    """Build the service objects and their connections; close them at the end."""
    engine = create_engine(
        settings.auth_database_url,
        application_name="auth-session",
        pool_size=settings.database_pool_size,
    )
    connections = Connections(
        database=Database(engine),
        redis=create_redis(settings.redis_url),
        http=aiohttp.ClientSession(),
    )
    services = build_services(settings, connections, clock)
    try:
        yield services
    finally:
        await services.aclose()
        await connections.aclose()


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Open the services, load the signing keys and run the periodic jobs."""
    async with open_services(app.state.settings, app.state.clock) as services:
        app.state.services = services
        app.state.service_tokens = services.service_tokens
        app.state.gauges.add(database_size(services.database, "auth"))
        app.state.gauges.add(erasure_gauges(services.erasures))
        try:
            await refresh_keys(services)
        except Exception as error:
            if not is_outage(error):
                log.critical("start.refused", reason=str(error))
                raise
            # The refresh-keys job retries until the database is available.
            log.warning("start.without_database", error=error)
        async with running_jobs(*periodic_jobs(services)):
            yield


async def refresh_keys(services: Services) -> None:
    """Load the signing keys; the first time, check that the database role is restricted."""
    if not services.keys.is_loaded:
        await refuse_bypassing_role(services.database.engine)
    await services.keys.refresh()


def periodic_jobs(services: Services) -> list[PeriodicJob]:
    """Return the periodic jobs; each failed run counts in `todochat_job_failures_total`."""

    async def refresh_signing_keys() -> None:
        await refresh_keys(services)

    def job(
        name: str, run: Callable[[], Awaitable[object]], interval_s: float, timeout_s: float
    ) -> PeriodicJob:
        return PeriodicJob(
            name=name,
            run=run,
            interval_s=interval_s,
            timeout_s=timeout_s,
            expected=(OSError, RedisError, SQLAlchemyError),
            on_failure=lambda failed: JOB_FAILURES.labels(failed).inc(),
        )

    return [
        job("refresh-keys", refresh_signing_keys, KEYS_INTERVAL_S, 20),
        job("republish-revocations", services.revocations.republish, REPUBLISH_INTERVAL_S, 25),
        job("heal-revocations", services.revocations.republish_if_lost, HEAL_INTERVAL_S, 25),
        job("erase-users", services.erasures.run_due_erasures, ERASURE_INTERVAL_S, 300),
        job("purge", services.purge.purge_expired_rows, PURGE_INTERVAL_S, 300),
    ]


def erasure_gauges(erasures: AccountErasureService) -> GaugeSource:
    """Return the gauges of erasures that another service hasn't completed."""

    async def read() -> None:
        count, oldest_s = await erasures.measure_backlog()
        PENDING_ERASURES.set(count)
        OLDEST_ERASURE_SECONDS.set(oldest_s)

    gauges = [PENDING_ERASURES, OLDEST_ERASURE_SECONDS]
    return GaugeSource(name="erasures", read=read, gauges=gauges, every_s=15.0)
