"""The service in this process, and users that call it over HTTP."""

import asyncio
import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from push_kit import Browser
from sqlalchemy import text

from tasks_service.__main__ import MIGRATIONS
from tasks_service.app import create_app
from tasks_service.settings import TasksSettings
from tasks_service.storage.delivery_repository import plan_deliveries
from tasks_service.storage.reminder_repository import ScheduledReminder
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.http.server import make_server
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.identity.tokens import SigningKey, TokenIssuer
from todochat.ids import new_id
from todochat.testing import free_port
from todochat.testing.app_pool import AppPool
from todochat.testing.servers import PostgresServer

SERVICE_SECRET = "a service secret of more than 32 bytes"
ISSUER = "https://todo.test"
FAR_FUTURE = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
APPS = AppPool()


async def start_process(settings: TasksSettings, **environment: str) -> asyncio.subprocess.Process:
    """Start a service in another process, with further settings."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tasks_service", "serve"),
        env={
            "PATH": os.environ["PATH"],
            "TASKS_DATABASE_URL": settings.database_url,
            "TASKS_JOBS_DATABASE_URL": settings.jobs_database_url,
            "REDIS_URL": settings.redis_url,
            "TODOCHAT_SERVICE_SECRET": settings.todochat_service_secret,
            "TASKS_PORT": str(free_port()),
            **environment,
        },
        stdout=subprocess.DEVNULL,
    )


class StaticKeys:
    """The public keys of one signing key."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    async def get(self, kid: str) -> Ed25519PublicKey | None:
        return self._key.private_key.public_key() if kid == self._key.kid else None


class Feed:
    """A change feed as a client reads it: blocks between blank lines."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._blocks = self._read()

    async def _read(self) -> AsyncIterator[str]:
        buffer = ""
        async for chunk in self.response.aiter_text():
            buffer += chunk
            *blocks, buffer = buffer.split("\n\n")
            for block in blocks:
                yield block

    async def block(self, timeout_s: float = 10.0) -> str | None:
        """Return the next block unparsed; None at the end of the stream."""
        async with asyncio.timeout(timeout_s):
            return await anext(self._blocks, None)

    async def event(self, timeout_s: float = 10.0) -> tuple[int, dict[str, Any]]:
        """Return ID and document of the next event; skips pings."""
        while (block := await self.block(timeout_s)) == ": ping":
            pass
        assert block is not None, "the feed has ended"
        id_line, data_line = block.split("\n")
        assert id_line.startswith("id: ")
        assert data_line.startswith("data: ")
        return int(id_line[4:]), json.loads(data_line[6:])

    async def events(self, count: int) -> list[tuple[int, dict[str, Any]]]:
        return [await self.event() for _ in range(count)]


class Person:
    """A user with a token, who calls the service over HTTP."""

    def __init__(self, service: "Service", user_id: str, sid: str, token: str) -> None:
        self.service = service
        self.user_id = user_id
        self.sid = sid
        self.token = token
        self.http = httpx.AsyncClient(
            base_url=service.url, headers={"Authorization": f"Bearer {token}"}, timeout=20
        )

    def path(self, rest: str = "tasks") -> str:
        return f"/api/{self.user_id}/{rest}"

    async def call(self, method: str, rest: str, **options: Any) -> httpx.Response:
        return await self.http.request(method, self.path(rest), **options)

    async def get(self, rest: str, **params: Any) -> httpx.Response:
        return await self.call("GET", rest, params=params)

    async def post(self, rest: str, body: object = None, **headers: object) -> httpx.Response:
        return await self.call("POST", rest, json=body, headers=header_names(headers))

    async def patch(self, rest: str, body: object = None, **headers: object) -> httpx.Response:
        return await self.call("PATCH", rest, json=body, headers=header_names(headers))

    async def delete(self, rest: str, **headers: object) -> httpx.Response:
        return await self.call("DELETE", rest, headers=header_names(headers))

    async def make_task(self, title: str = "Buy milk", **fields: object) -> dict[str, Any]:
        response = await self.post("tasks", {"title": title, **fields})
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    async def make_tasks(self, titles: Iterable[str], **fields: object) -> list[dict[str, Any]]:
        """Make a task for each title, or for each letter of a string."""
        return [await self.make_task(title, **fields) for title in titles]

    async def make_list(self, name: str) -> dict[str, Any]:
        response = await self.post("lists", {"name": name})
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    async def titles(self, **params: Any) -> list[str]:
        response = await self.get("tasks", **params)
        assert response.status_code == 200, response.text
        return [task["title"] for task in response.json()["items"]]

    @asynccontextmanager
    async def feed(self, after: int | None = None) -> AsyncIterator[Feed]:
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        async with self.http.stream("GET", self.path("tasks/events"), headers=headers) as response:
            assert response.status_code == 200, await response.aread()
            yield Feed(response)


class Service:
    """One instance of the service, in this process, on its own port."""

    def __init__(self, settings: TasksSettings, key: SigningKey) -> None:
        self.settings = settings
        self.app = APPS.take(settings, lambda: create_app(settings))
        self.app.state.public_keys = StaticKeys(key)
        self.issuer = TokenIssuer(ISSUER, key)
        self.service_tokens = ServiceTokens.from_settings(settings, *Arrow)
        self.server = make_server(self.app, settings, host="127.0.0.1", port=0)
        self.people: list[Person] = []

    @property
    def url(self) -> str:
        port = self.server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def person(
        self, user_id: str | None = None, *, ttl_s: int = 600, token: str | None = None
    ) -> Person:
        user_id, sid = user_id or new_id("usr"), new_id("ses")
        if token is None:
            token, _ = self.issuer.login_token(user_id, sid, int(time.time()), ttl_s=ttl_s)
        self.people.append(Person(self, user_id, sid, token))
        return self.people[-1]

    def agent(self, user_id: str) -> Person:
        """Return the agent, acting for a user."""
        token = self.service_tokens.mint(Arrow.AGENT_TO_TASKS, user_id)
        return self.person(user_id, token=token)

    async def fill_tables(self, user_id: str) -> None:
        """Write a user's rows to every table, as an agent's run does."""
        agent = self.agent(user_id)
        run: dict[str, object] = {
            "X_Run_Id": "run_1",
            "X_Run_Attempt": 1,
            "X_Change_Group": "msg_1",
        }
        reminders = [{"at": "2999-01-01T00:00:00Z"}]
        task = {"title": "private", "tags": ["secret"], "reminders": reminders}
        made = await agent.post("tasks", task, Idempotency_Key="k1", **run)
        section = {"list_id": made.json()["list_id"], "name": "private"}
        await agent.post("sections", section, **run)
        await agent.patch("preferences", {"complete_subtasks": "keep"}, **run)
        operation = {"type": "delete", "task_id": made.json()["id"]}
        await agent.post("changes/pending", {"operations": [operation]}, **run)
        await agent.post("filters", {"name": "mine", "filter": "overdue"}, **run)
        await agent.post("tags", {"name": "private"}, **run)
        person = self.person(user_id)
        await person.post("calendar")
        table = b"title,list,completed_at\nprivate,imported,2026-01-01T00:00:00Z\n"
        await person.call("POST", "import", content=table)
        await self.fill_deliveries(user_id, made.json()["id"])

    async def fill_deliveries(self, user_id: str, task_id: str, word: str = "word") -> None:
        """Add a device, a preference, and a delivery that is never due."""
        device = Browser(f"https://1.1.1.1/{user_id}/{word}").subscription(name=word)
        await self.person(user_id).post("reminders/devices", device)
        fired = ScheduledReminder(id="rem_1", task_id=task_id, fires_at=FAR_FUTURE)
        async with self.app.state.services.database.transaction(user_id) as session:
            await session.execute(
                text("INSERT INTO reminder_emails (user_id, is_on) VALUES (:id, true)"),
                {"id": user_id},
            )
            await plan_deliveries(session, user_id, [fired], FAR_FUTURE, has_email=True)

    async def start(self) -> None:
        self._task = asyncio.create_task(self.server.serve())
        while not self.server.started:
            await asyncio.wait({self._task}, timeout=0.005)
            if self._task.done():
                await self._task
                raise RuntimeError("the service did not start")

    async def stop(self) -> None:
        for person in self.people:
            await person.http.aclose()
        self.server.should_exit = True
        await self._task
        APPS.give_back(self.app)


StartService = Callable[..., Awaitable[Service]]
MakeSettings = Callable[..., TasksSettings]
LockCount = Callable[[str], Awaitable[int]]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def header_names(headers: dict[str, object]) -> dict[str, str]:
    return {name.replace("_", "-"): str(value) for name, value in headers.items()}


def tasks_settings(
    urls: DatabaseUrls, default_redis_url: str, **overrides: object
) -> TasksSettings:
    """Return settings of a service that tests start and stop without waiting."""
    values: dict[str, Any] = {
        "database_url": urls.app,
        "jobs_database_url": urls.jobs,
        "redis_url": default_redis_url,
        "todochat_issuer": ISSUER,
        "todochat_service_secret": SERVICE_SECRET,
        "log_level": "error",
        "drain_delay_s": 0.0,
        "drain_timeout_s": 5.0,
    }
    return TasksSettings(**{**values, **overrides})


@asynccontextmanager
async def open_service(urls: DatabaseUrls, redis_url: str) -> AsyncIterator[Service]:
    """Start a service with a signing key of its own; stop it at the end."""
    service = Service(tasks_settings(urls, redis_url), SigningKey.generate())
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


def migrated_database(postgres: PostgresServer) -> DatabaseUrls:
    urls = asyncio.run(postgres.create_database("tasks"))
    run_migrations(urls.owner, MIGRATIONS)
    return urls
