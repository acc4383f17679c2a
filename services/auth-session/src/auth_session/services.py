"""The service objects of one process, and how they are built."""

from datetime import timedelta
from typing import Final

import aiohttp
import msgspec

from auth_session.clients.hosted_chat import HostedChat, hosted_chat
from auth_session.clients.user_eraser import UserEraser
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.service.access_token_service import AccessTokenService
from auth_session.service.account_admin import AccountAdmin
from auth_session.service.account_erasure_service import AccountErasureService
from auth_session.service.account_service import AccountService
from auth_session.service.backend_tokens import BackendTokens
from auth_session.service.client_secret_service import ClientSecretService
from auth_session.service.external_sign_in_service import ExternalSignInService
from auth_session.service.external_token_verifier import ExternalTokenVerifier
from auth_session.service.key_cipher import KeyCipher
from auth_session.service.key_ring import KeyRing
from auth_session.service.key_rotation import KeyRotation
from auth_session.service.own_session_service import OwnSessionService
from auth_session.service.password_pool import PasswordPool
from auth_session.service.password_service import PasswordService
from auth_session.service.purge_service import PurgeService
from auth_session.service.refresh_tokens import RefreshTokens
from auth_session.service.revocation_service import RevocationService
from auth_session.service.session_service import SessionService
from auth_session.service.sign_in_link_service import SignInLinkService
from auth_session.service.sign_in_service import SignInService
from auth_session.settings import SERVICE_ARROWS, AuthSessionSettings
from todochat.bus.redis_client import RedisClient
from todochat.clock import Clock
from todochat.database import Database
from todochat.http.client import ServiceClient
from todochat.http.rate_limit import RateLimit
from todochat.identity.service_tokens import Arrow, ServiceTokens

# The Redis counters of this service are `<prefix>:{<address or user>}`; each expires with its
# window. `todochat.identity.revocation` has the other Redis keys that this service writes.
SIGN_UPS: Final = "auth:sign-ups"
SIGN_UP_WINDOW_S: Final = 3600
REQUESTS: Final = "auth:requests"
REQUEST_WINDOW_S: Final = 60
WRONG_PASSWORDS: Final = "auth:wrong-passwords"
WRONG_PASSWORD_WINDOW_S: Final = 60


class Connections(msgspec.Struct, frozen=True, kw_only=True):
    """The connections of a process; each opens on first use."""

    database: Database
    redis: RedisClient
    http: aiohttp.ClientSession

    async def aclose(self) -> None:
        """Close all of them."""
        await self.http.close()
        await self.redis.aclose()
        await self.database.aclose()


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The service objects that handlers, jobs and administrators' commands use."""

    database: Database
    keys: KeyRing
    key_rotation: KeyRotation
    password_pool: PasswordPool
    request_limit: RateLimit
    sessions: SessionService
    own_sessions: OwnSessionService
    passwords: PasswordService
    accounts: AccountService
    sign_ins: SignInService
    sign_in_links: SignInLinkService
    client_secrets: ClientSecretService
    external_tokens: ExternalTokenVerifier
    backend_tokens: BackendTokens
    external_sign_ins: ExternalSignInService
    access_tokens: AccessTokenService
    service_tokens: ServiceTokens
    revocations: RevocationService
    erasures: AccountErasureService
    account_admin: AccountAdmin
    purge: PurgeService

    async def aclose(self) -> None:
        """Stop the password threads and the background fetches of issuers' keys."""
        self.password_pool.close()
        await self.external_tokens.aclose()


def build_services(
    settings: AuthSessionSettings, connections: Connections, clock: Clock
) -> Services:
    """Build the service objects; no connection opens before its first use."""
    database, redis = connections.database, connections.redis
    cipher = KeyCipher(settings.key_secrets)
    keys = KeyRing(database, cipher, clock)
    publisher = RevocationPublisher(redis)
    pool = create_password_pool(settings, redis)
    sessions = create_session_service(settings, database, keys, publisher, clock)
    passwords = PasswordService(database, pool, publisher, clock)
    revocations = RevocationService(database, publisher, clock)
    service_tokens = ServiceTokens.from_settings(settings, *SERVICE_ARROWS)
    erasers = create_user_erasers(settings, connections.http, service_tokens)
    erasures = AccountErasureService(database, publisher, revocations, erasers, clock)
    external_tokens = ExternalTokenVerifier(settings.issuers, connections.http)
    sign_up_limit = RateLimit(
        redis, SIGN_UPS, limit=settings.sign_ups_per_address, window_s=SIGN_UP_WINDOW_S
    )
    token_lifetime = timedelta(seconds=settings.access_token_lifetime_s)
    return Services(
        database=database,
        keys=keys,
        key_rotation=KeyRotation(database, cipher, clock),
        password_pool=pool,
        request_limit=RateLimit(
            redis, REQUESTS, limit=settings.requests_per_minute, window_s=REQUEST_WINDOW_S
        ),
        sessions=sessions,
        own_sessions=OwnSessionService(database, sessions, publisher, clock),
        passwords=passwords,
        accounts=AccountService(
            database, pool, sessions, sign_up_limit, sign_up=settings.sign_up, clock=clock
        ),
        sign_ins=SignInService(database, pool, sessions, clock),
        sign_in_links=SignInLinkService(database, sessions, clock),
        client_secrets=create_client_secret_service(settings, connections, keys, clock),
        external_tokens=external_tokens,
        backend_tokens=BackendTokens(settings.issuers),
        external_sign_ins=create_external_sign_in_service(
            settings, database, keys, external_tokens, clock
        ),
        access_tokens=AccessTokenService(
            database, publisher, passwords, lifetime=token_lifetime, clock=clock
        ),
        service_tokens=service_tokens,
        revocations=revocations,
        erasures=erasures,
        account_admin=AccountAdmin(database, pool, publisher, erasures, clock),
        purge=PurgeService(database, clock),
    )


def create_password_pool(settings: AuthSessionSettings, redis: RedisClient) -> PasswordPool:
    """Return the pool that hashes passwords, with the limit of wrong ones."""
    return PasswordPool(
        threads=settings.password_threads,
        queue=settings.password_queue,
        queue_per_caller=settings.password_queue_per_address,
        failures=RateLimit(
            redis,
            WRONG_PASSWORDS,
            limit=settings.wrong_passwords_per_address,
            window_s=WRONG_PASSWORD_WINDOW_S,
        ),
    )


def create_session_service(
    settings: AuthSessionSettings,
    database: Database,
    keys: KeyRing,
    publisher: RevocationPublisher,
    clock: Clock,
) -> SessionService:
    """Return the service that opens, refreshes and revokes sessions."""
    return SessionService(
        database,
        keys,
        publisher,
        RefreshTokens(settings.key_secrets),
        issuer=settings.todochat_issuer,
        session_lifetime=timedelta(seconds=settings.session_lifetime_s),
        refresh_lifetime=timedelta(seconds=settings.refresh_lifetime_s),
        clock=clock,
    )


def create_client_secret_service(
    settings: AuthSessionSettings, connections: Connections, keys: KeyRing, clock: Clock
) -> ClientSecretService:
    """Return the service that issues client secrets: ours, or OpenAI's with CHATKIT_MODE=openai."""
    openai: HostedChat | None = None
    if settings.chatkit_mode == "openai":
        openai = hosted_chat(
            connections.http,
            base_url=settings.openai_base_url,
            api_key=settings.openai_api_key,
            workflow_id=settings.workflow_id,
        )
    return ClientSecretService(
        connections.database,
        keys,
        issuer=settings.todochat_issuer,
        lifetime=timedelta(seconds=settings.client_secret_lifetime_s),
        clock=clock,
        hosted_chat=openai,
    )


def create_external_sign_in_service(
    settings: AuthSessionSettings,
    database: Database,
    keys: KeyRing,
    tokens: ExternalTokenVerifier,
    clock: Clock,
) -> ExternalSignInService:
    """Return the service that opens sessions for tokens of external issuers."""
    return ExternalSignInService(
        database,
        keys,
        tokens,
        issuer=settings.todochat_issuer,
        session_lifetime=timedelta(seconds=settings.session_lifetime_s),
        grace=timedelta(seconds=settings.client_secret_lifetime_s),
        clock=clock,
    )


def create_user_erasers(
    settings: AuthSessionSettings, http: aiohttp.ClientSession, tokens: ServiceTokens
) -> list[UserEraser]:
    """Return the clients that erase a user: todo-agent's first, because its runs write tasks."""
    urls = {
        Arrow.AUTH_TO_AGENT: settings.todo_agent_url,
        Arrow.AUTH_TO_TASKS: settings.tasks_url,
    }
    return [
        UserEraser(arrow.target, ServiceClient(url, http, tokens, arrow))
        for arrow, url in urls.items()
    ]
