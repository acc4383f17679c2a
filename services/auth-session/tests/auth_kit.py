"""What auth-session's tests share: the service as a browser sees it, and a clock that moves."""

import secrets
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

import httpx
from litestar import Litestar

from auth_session.lifespan import Services
from todochat.clock import utc_now

SERVICE_SECRET = "a service secret of more than 32 bytes"
PASSWORD = "correct horse battery"
PUBLIC_URL = "http://localhost:8000"
REFRESH_COOKIE = "todochat_refresh"


class MovableClock:
    """The real time, moved on by as much as a test says."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self._offset

    def advance(self, **by: float) -> None:
        self._offset += timedelta(**by)


class Browser:
    """A client of the service with cookies and an address of its own."""

    password = PASSWORD

    def __init__(self, app: Litestar, address: str) -> None:
        # Litestar names the members of ASGI's dictionaries, httpx takes them as they come.
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
        """Refresh with the browser's cookie, or with a token from elsewhere."""
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
    """One process of the service, in this one."""

    def __init__(self, app: Litestar, services: Services) -> None:
        self.app = app
        self.services = services

    def browser(self, address: str = "203.0.113.7") -> Browser:
        return Browser(self.app, address)


class StartService(Protocol):
    """Starts the service with some settings; it is stopped at the end of the test."""

    def __call__(self, **overrides: object) -> Awaitable[Service]: ...


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
