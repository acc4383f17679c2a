"""The attackers' means: a running stack, two users, and every key."""

import base64
import hashlib
import hmac
import json
import secrets
import subprocess
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import jwt

from auth_session.service.key_cipher import KeyCipher
from stack_kit import TODOCHAT, Stack
from todochat.bus.redis_client import create_redis
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.identity.tokens import SigningKey
from todochat.settings import ServiceSettings
from todochat.testing.issuer import Issuer, without_none
from todochat.testing.person import PASSWORD, Person

EVIL = "https://evil.example"
BACKEND_TOKEN = secrets.token_hex(32)
BACKEND_TOKEN_DIGEST = f"sha256:{hashlib.sha256(BACKEND_TOKEN.encode()).hexdigest()}"


class Ground:
    """A running stack and the material to attack it.

    Attributes:
        key, next_kid: the signing key, and the ID of the key that is next in rotation.
        issuer: an external issuer whose tokens are accepted.
    """

    def __init__(self, stack: Stack, http: httpx.AsyncClient, issuer: Issuer) -> None:
        self.stack = stack
        self.http = http
        self.issuer = issuer
        self.key = SigningKey.generate()
        self.next_kid = ""
        environments = json.loads((stack.data_dir / "run" / "admin-environment.json").read_text())
        settings = environments["auth_session"]
        self._redis_url: str = settings["REDIS_URL"]
        self._database_url: str = settings["AUTH_DATABASE_URL"]
        self.service_secret: str = settings["TODOCHAT_SERVICE_SECRET"]
        self.service_tokens = ServiceTokens.from_settings(
            ServiceSettings(
                redis_url="redis://nowhere", todochat_service_secret=self.service_secret
            ),
            *Arrow,
        )
        self._people: list[Person] = []

    async def prepare(self) -> None:
        """Register two accounts and read the private key from the database."""
        edge = self.stack.edge
        for _ in range(2):
            client = httpx.AsyncClient(base_url=edge, timeout=30)
            self._people.append(await Person.sign_up(client))
        rows = await self.sql("SELECT kid, state, private_key FROM signing_keys")
        by_state = {row["state"]: row for row in rows}
        pem = KeyCipher([self.service_secret]).decrypt(by_state["current"]["private_key"])
        self.key = SigningKey.from_pem(by_state["current"]["kid"], pem)
        self.next_kid = by_state["next"]["kid"]

    async def aclose(self) -> None:
        for person in self._people:
            await person.client.aclose()

    @property
    def ada(self) -> Person:
        return self._people[0]

    @property
    def bob(self) -> Person:
        return self._people[1]

    def url(self, service: str, path: str) -> str:
        """The service itself, without the edge in front of it."""
        return self.stack.urls(service)[0] + path

    async def sql(self, statement: str, *values: object) -> list[Any]:
        connection = await asyncpg.connect(self._database_url)
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    def todochat(self, *arguments: str) -> str:
        """Run a command of the stack; return its output."""
        command = [TODOCHAT, *arguments, "--data-dir", str(self.stack.data_dir)]
        done = subprocess.run(
            command,
            env=self.stack.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout

    async def flush_redis(self) -> None:
        """Delete everything in Redis."""
        redis = create_redis(self._redis_url)
        await redis.flushall()
        await redis.aclose()

    async def fresh_session(self) -> tuple[str, str]:
        """Sign Ada in again; return her login token and her refresh token."""
        answer = await self.http.post(
            self.url("auth-session", "/api/auth/sign-in"),
            json={"email": self.ada.email, "password": PASSWORD},
        )
        self.http.cookies.clear()
        return answer.json()["access_token"], answer.cookies["todochat_refresh"]

    async def refresh(self, token: str, **headers: str) -> httpx.Response:
        """Send a refresh token as a browser does."""
        sent = {"Cookie": f"todochat_refresh={token}", **headers}
        answer = await self.http.post(self.url("auth-session", "/api/auth/refresh"), headers=sent)
        self.http.cookies.clear()
        return answer

    async def me(self, token: str) -> httpx.Response:
        return await self._get("auth-session", "/api/auth/me", token)

    async def tasks(self, token: str, user_id: str | None = None) -> httpx.Response:
        return await self._get("tasks", f"/api/{user_id or self.ada.user_id}/tasks", token)

    async def runs(self, token: str, user_id: str | None = None) -> httpx.Response:
        path = f"/api/{user_id or self.ada.user_id}/chat/runs?thread_id=thr_1"
        return await self._get("chat-gateway", path, token)

    async def agent(self, token: str) -> httpx.Response:
        return await self._get("todo-agent-api", "/internal/runs?thread_id=thr_1", token)

    async def exchange(self, token: str) -> httpx.Response:
        url = self.url("auth-session", "/api/auth/exchange")
        return await self.http.post(url, json={"token": token})

    async def session(self, token: str, body: object = None) -> httpx.Response:
        url = self.url("auth-session", "/api/chatkit/session")
        return await self.http.post(url, json=body or {}, headers=bearer(token))

    async def verify_access_token(self, token: str) -> httpx.Response:
        url = self.url("auth-session", "/internal/access-tokens/verify")
        body = {"token": "todochat_pat_unknown"}
        return await self.http.post(url, json=body, headers=bearer(token))

    async def _get(self, service: str, path: str, token: str) -> httpx.Response:
        return await self.http.get(self.url(service, path), headers=bearer(token))


Request = Callable[[Ground, str], Awaitable[httpx.Response]]
Send = Callable[[Ground], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Attack:
    """One attack: the request, its target, and the expected status."""

    name: str
    where: str
    status: int
    send: Send

    @property
    def id(self) -> str:
        return f"{self.where}: {self.name}"


class Forger:
    """Signs tokens like auth-session, except for what an attacker changes."""

    def __init__(self, ground: Ground, kind: str) -> None:
        self._ground = ground
        self._is_secret = kind == "client secret"
        now = int(time.time())
        held = ground.ada.client_secret if self._is_secret else ground.ada.login_token
        genuine = jwt.decode(held, options={"verify_signature": False})
        self.claims: dict[str, Any] = {**genuine, "iat": now, "exp": now + 600}
        self.typ: str | None = "chatkit+jwt" if self._is_secret else "login+jwt"
        self.other_typ = "login+jwt" if self._is_secret else "chatkit+jwt"
        self.other_aud = "todochat" if self._is_secret else "chatkit"

    def sign(
        self,
        *,
        key: Any = None,
        algorithm: str = "EdDSA",
        headers: Mapping[str, object] | None = None,
        without: Collection[str] = (),
        **changes: object,
    ) -> str:
        """Sign with the current key by default; omit a header that is None."""
        header = {"kid": self._ground.key.kid, "typ": self.typ, **(headers or {})}
        claims = {**self.claims, **changes}
        kept = {name: value for name, value in claims.items() if name not in without}
        return encode(kept, key or self._ground.key.private_key, algorithm, header)


def encode(
    claims: Mapping[str, object], key: Any, algorithm: str, headers: Mapping[str, object]
) -> str:
    """Sign any claims with any key; a library refuses most of the tokens needed here."""
    header = without_none({**headers, "alg": algorithm})
    parts = [_base64(json.dumps(part).encode()) for part in (header, claims)]
    signed = ".".join(parts).encode()
    if algorithm.casefold() == "none":
        signature = b""
    elif algorithm == "HS256":
        signature = hmac.digest(key, signed, "sha256")
    else:
        signature = jwt.get_algorithm_by_name(algorithm).sign(signed, key)
    return ".".join([*parts, _base64(signature)])


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
