"""Runs the service in this process, with browsers as clients."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias, cast

import asyncpg
import httpx
from litestar import Litestar

from auth_session.__main__ import MIGRATIONS
from auth_session.services import Services
from auth_session.settings import AuthSessionSettings
from todochat.clock import utc_now
from todochat.database import Database
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.settings import ServiceSettings
from todochat.testing.servers import PostgresServer

SERVICE_SECRET = "a service secret of more than 32 bytes"
PASSWORD = "correct horse battery"
PUBLIC_URL = "http://localhost:8000"
REFRESH_COOKIE = "todochat_refresh"
SERVICE_TOKENS = ServiceTokens.from_settings(
    ServiceSettings(redis_url="", todochat_service_secret=SERVICE_SECRET), *Arrow
)


class MovableClock:
    """The real time plus an offset that tests advance."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self._offset

    def advance(self, **by: float) -> None:
        self._offset += timedelta(**by)


class Browser:
    """A client of the service with its own cookies and address."""

    password = PASSWORD

    def __init__(self, app: Litestar, address: str) -> None:
        # Litestar types the members of ASGI's dictionaries, httpx doesn't.
        asgi = cast("Any", app)
        transport = httpx.ASGITransport(asgi, raise_app_exceptions=False, client=(address, 50000))
        self.http = httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL)
        self.email = f"grace.{secrets.token_hex(6)}@example.com"

    @property
    def refresh_token(self) -> str | None:
        return self.http.cookies.get(REFRESH_COOKIE)

    async def post(self, path: str, json: object = None, **options: Any) -> httpx.Response:
        return await self.http.post(path, json=json, **options)

    async def sign_up(self, **fields: object) -> httpx.Response:
        body = {"email": self.email, "password": PASSWORD, **fields}
        return await self.post("/api/auth/sign-up", body)

    async def sign_in(self, **fields: object) -> httpx.Response:
        body = {"email": self.email, "password": PASSWORD, **fields}
        return await self.post("/api/auth/sign-in", body)

    async def refresh(self, token: str | None = None, **options: Any) -> httpx.Response:
        """Refresh with the browser's cookie, or with another token."""
        if token is None:
            return await self.post("/api/auth/refresh", **options)
        cookie = (b"cookie", f"{REFRESH_COOKIE}={token}".encode())
        another = httpx.AsyncClient(
            transport=self.http._transport, base_url=PUBLIC_URL, headers=[cookie]
        )
        return await another.post("/api/auth/refresh", **options)

    async def me(self, token: str) -> httpx.Response:
        return await self.http.get("/api/auth/me", headers=bearer(token))

    async def client_secret(self, token: str, body: object = None) -> httpx.Response:
        return await self.post("/api/chatkit/session", body, headers=bearer(token))


class Service:
    """One instance of the service in this process."""

    def __init__(self, app: Litestar, services: Services) -> None:
        self.app = app
        self.services = services

    def browser(self, address: str = "203.0.113.7") -> Browser:
        return Browser(self.app, address)


class StartService(Protocol):
    """Starts the service with some settings; the fixture stops it after the test."""

    def __call__(self, **overrides: object) -> Awaitable[Service]: ...


MakeSettings = Callable[..., AuthSessionSettings]
OpenDatabase = Callable[[], Database]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def migrated_database(postgres: PostgresServer) -> DatabaseUrls:
    urls = asyncio.run(postgres.create_database("auth"))
    run_migrations(urls.owner, MIGRATIONS)
    return urls


@asynccontextmanager
async def connect_owner(urls: DatabaseUrls) -> AsyncIterator[Connection]:
    """Connect to a database as its owner, who can read all rows."""
    connection = await asyncpg.connect(urls.owner)
    try:
        yield connection
    finally:
        await connection.close()


async def is_transaction_blocked(owner: Connection) -> bool:
    """Return whether a transaction of any test waits for another one to end."""
    return bool(
        await owner.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        )
    )


class Running:
    """Runs an app's lifespan in one task: it must end in the task that started it."""

    def __init__(self, app: Litestar) -> None:
        self.app = app
        self._started = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def started(self) -> None:
        waiting = asyncio.create_task(self._started.wait())
        await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        self._stopping.set()
        await self._task

    async def _run(self) -> None:
        async with self.app.lifespan():
            self._started.set()
            await self._stopping.wait()
