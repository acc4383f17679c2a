"""What a process opens at start and closes in reverse order, and the jobs it repeats."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import aiohttp
import msgspec
import structlog
from litestar import Litestar

from auth_session.clients.hosted_chat import HostedChat, hosted_chat
from auth_session.clients.user_eraser import UserEraser
from auth_session.domain.clock import Clock
from auth_session.events.keys import REQUESTS, SIGN_UPS, WRONG_PASSWORDS
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.metrics import OLDEST_ERASURE_SECONDS, PENDING_ERASURES
from auth_session.service.access_token_service import AccessTokenService
from auth_session.service.account_admin import AccountAdmin
from auth_session.service.account_service import AccountService
from auth_session.service.client_secret_service import ClientSecretService
from auth_session.service.erasure_service import ErasureService
from auth_session.service.external_sign_in import ExternalSignIn
from auth_session.service.external_tokens import ExternalTokens
from auth_session.service.key_cipher import KeyCipher
from auth_session.service.key_ring import KeyRing
from auth_session.service.key_rotation import KeyRotation
from auth_session.service.own_sessions import OwnSessions
from auth_session.service.password_pool import PasswordPool
from auth_session.service.password_service import PasswordService
from auth_session.service.periodic_job import PeriodicJob, running
from auth_session.service.purge_service import PurgeService
from auth_session.service.refresh_tokens import RefreshTokens
from auth_session.service.revocation_service import RevocationService
from auth_session.service.session_service import SessionService
from auth_session.service.sign_in_links import SignInLinks
from auth_session.service.sign_in_service import SignInService
from auth_session.settings import SERVICE_ARROWS, AuthSessionSettings
from todochat.bus.redis_client import create_redis
from todochat.clock import utc_now
from todochat.database import Database, create_engine, refuse_bypassing_role
from todochat.database.outage import is_outage
from todochat.database.size import database_size
from todochat.http.client import ServiceClient
from todochat.http.rate_limit import RateLimit
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.telemetry.gauges import GaugeSource

KEYS_INTERVAL_S: Final = 30.0
REPUBLISH_INTERVAL_S: Final = 30.0
HEAL_INTERVAL_S: Final = 1.0
PURGE_INTERVAL_S: Final = 3600.0
SIGN_UP_WINDOW_S: Final = 3600
REQUEST_WINDOW_S: Final = 60
WRONG_PASSWORD_WINDOW_S: Final = 60
ERASURE_INTERVAL_S: Final = 2.0

log = structlog.get_logger(__name__)


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one process works with."""

    database: Database
    keys: KeyRing
    key_rotation: KeyRotation
    passwords: PasswordPool
    requests: RateLimit
    sessions: SessionService
    own_sessions: OwnSessions
    password_changes: PasswordService
    accounts: AccountService
    sign_ins: SignInService
    sign_in_links: SignInLinks
    secrets: ClientSecretService
    external: ExternalSignIn
    access_tokens: AccessTokenService
    service_tokens: ServiceTokens
    revocations: RevocationService
    erasures: ErasureService
    account_admin: AccountAdmin
    purges: PurgeService


@asynccontextmanager
async def open_services(
    settings: AuthSessionSettings, clock: Clock = utc_now
) -> AsyncIterator[Services]:
    """Open the stores and build the services on them; nothing connects before it is used."""
    engine = create_engine(
        settings.auth_database_url,
        application_name="auth-session",
        pool_size=settings.database_pool_size,
    )
    database = Database(engine)
    redis = create_redis(settings.redis_url)
    wrong_passwords = RateLimit(
        redis,
        WRONG_PASSWORDS,
        limit=settings.wrong_passwords_per_address,
        window_s=WRONG_PASSWORD_WINDOW_S,
    )
    passwords = PasswordPool(
        threads=settings.password_threads,
        queue=settings.password_queue,
        queue_per_caller=settings.password_queue_per_address,
        failures=wrong_passwords,
    )
    cipher = KeyCipher(settings.key_secrets)
    keys = KeyRing(database, cipher, clock)
    publisher = RevocationPublisher(redis)
    issuer = settings.todochat_issuer
    sessions = SessionService(
        database,
        keys,
        publisher,
        RefreshTokens(settings.key_secrets),
        issuer=issuer,
        session_lifetime=timedelta(seconds=settings.session_lifetime_s),
        refresh_lifetime=timedelta(seconds=settings.refresh_lifetime_s),
        clock=clock,
    )
    service_tokens = ServiceTokens.from_settings(settings, *SERVICE_ARROWS)
    http = aiohttp.ClientSession()
    revocations = RevocationService(database, publisher, clock)
    password_changes = PasswordService(database, passwords, sessions, clock)
    erasures = ErasureService(
        database, publisher, revocations, _erasers(settings, http, service_tokens), clock
    )
    sign_ups = RateLimit(
        redis, SIGN_UPS, limit=settings.sign_ups_per_address, window_s=SIGN_UP_WINDOW_S
    )
    secret_lifetime = timedelta(seconds=settings.client_secret_lifetime_s)
    external_tokens = ExternalTokens(settings.issuers, http)
    try:
        yield Services(
            database=database,
            keys=keys,
            key_rotation=KeyRotation(database, cipher, clock),
            requests=RateLimit(
                redis, REQUESTS, limit=settings.requests_per_minute, window_s=REQUEST_WINDOW_S
            ),
            passwords=passwords,
            sessions=sessions,
            own_sessions=OwnSessions(database, sessions, clock),
            password_changes=password_changes,
            accounts=AccountService(
                database,
                passwords,
                sessions,
                sign_ups,
                sign_up=settings.sign_up,
                clock=clock,
            ),
            sign_ins=SignInService(database, passwords, sessions, clock),
            sign_in_links=SignInLinks(database, sessions, clock),
            secrets=ClientSecretService(
                database,
                keys,
                issuer=issuer,
                lifetime=secret_lifetime,
                clock=clock,
                hosted_chat=_hosted_chat(settings, http),
            ),
            external=ExternalSignIn(
                database,
                keys,
                external_tokens,
                issuer=issuer,
                session_lifetime=timedelta(seconds=settings.session_lifetime_s),
                grace=secret_lifetime,
                clock=clock,
            ),
            access_tokens=AccessTokenService(
                database,
                publisher,
                password_changes,
                lifetime=timedelta(seconds=settings.access_token_lifetime_s),
                clock=clock,
            ),
            service_tokens=service_tokens,
            revocations=revocations,
            erasures=erasures,
            account_admin=AccountAdmin(database, passwords, sessions, erasures, clock),
            purges=PurgeService(database, clock),
        )
    finally:
        passwords.close()
        await external_tokens.aclose()
        await http.close()
        await redis.aclose()
        await database.aclose()


def _hosted_chat(settings: AuthSessionSettings, http: aiohttp.ClientSession) -> HostedChat | None:
    if settings.chatkit_mode != "openai":
        return None
    return hosted_chat(
        http,
        base_url=settings.openai_base_url,
        api_key=settings.openai_api_key,
        workflow_id=settings.workflow_id,
    )


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Keep the process's services open, its keys fresh and its jobs running."""
    async with open_services(app.state.settings, app.state.clock) as services:
        app.state.services = services
        app.state.service_tokens = services.service_tokens
        app.state.gauges.add(database_size(services.database, "auth"))
        app.state.gauges.add(_erasure_gauges(services.erasures))
        await _load_keys(services)
        async with running(_jobs(services)):
            yield


def _erasers(
    settings: AuthSessionSettings, http: aiohttp.ClientSession, tokens: ServiceTokens
) -> list[UserEraser]:
    """Return who erases people: the agent first, whose runs write into tasks."""
    urls = {
        Arrow.AUTH_TO_AGENT: settings.todo_agent_url,
        Arrow.AUTH_TO_TASKS: settings.tasks_url,
    }
    return [
        UserEraser(arrow.target, ServiceClient(url, http, tokens, arrow))
        for arrow, url in urls.items()
    ]


def _jobs(services: Services) -> list[PeriodicJob]:
    async def refresh_keys() -> None:
        await _refresh_keys(services)

    return [
        PeriodicJob(
            name="refresh-keys", run=refresh_keys, interval_s=KEYS_INTERVAL_S, timeout_s=20
        ),
        PeriodicJob(
            name="republish-revocations",
            run=services.revocations.republish,
            interval_s=REPUBLISH_INTERVAL_S,
            timeout_s=25,
        ),
        PeriodicJob(
            name="heal-revocations",
            run=services.revocations.heal,
            interval_s=HEAL_INTERVAL_S,
            timeout_s=25,
        ),
        PeriodicJob(
            name="erase-users",
            run=services.erasures.work,
            interval_s=ERASURE_INTERVAL_S,
            timeout_s=300,
        ),
        PeriodicJob(
            name="purge", run=services.purges.purge, interval_s=PURGE_INTERVAL_S, timeout_s=300
        ),
    ]


def _erasure_gauges(erasures: ErasureService) -> GaugeSource:
    async def read() -> None:
        count, oldest_s = await erasures.backlog()
        PENDING_ERASURES.set(count)
        OLDEST_ERASURE_SECONDS.set(oldest_s)

    gauges = [PENDING_ERASURES, OLDEST_ERASURE_SECONDS]
    return GaugeSource(name="erasures", read=read, gauges=gauges, every_s=15.0)


async def _load_keys(services: Services) -> None:
    """Have keys before the first request, if the database is there; else the job goes on trying."""
    try:
        await _refresh_keys(services)
    except Exception as error:
        if not is_outage(error):
            log.critical("start.refused", reason=str(error))
            raise
        log.warning("start.without_database", error=error)


async def _refresh_keys(services: Services) -> None:
    if not services.keys.is_loaded:
        await refuse_bypassing_role(services.database.engine)
    await services.keys.refresh()
