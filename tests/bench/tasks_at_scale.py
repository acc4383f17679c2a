"""Measures the tasks service with 100,000 tasks of one user among a million.

Latency at the service, over HTTP, one request after another and 8 at once, beside its goal, and the
CPU time of a request, which depends less on other load; sequential scans of the tables; and the
change feed with 2,000 listeners on one process, with the CPU time of a change. The listeners of this
process share the machine with the service, so the delays of the feed include theirs. PostgreSQL runs
without fsync. Requests are the agent's, which have no rate limit. The peer is the liveness route of
the same process, which has neither authentication nor database: it is timed after each case, so that
the ratio of both at p50 can be compared between machines and under other load.
"""

import asyncio
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

import httpx
import psutil
from redis.asyncio import Redis
from scale_kit import LISTS, WORDS, fill, sequential_scans
from sqlalchemy.engine import make_url

from bench.bench_turn import percentile
from bench.cpu import Part, cpu_seconds
from tasks_service.__main__ import MIGRATIONS
from tasks_service.settings import TasksSettings
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.identity.jwks import REDIS_KEY
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.identity.tokens import SigningKey, TokenIssuer
from todochat.testing import free_port, wait_until
from todochat.testing.servers import PostgresProcess, PostgresServer, ValkeyProcess

TASKS = int(os.environ.get("TASKS", "1000000"))
OF_ONE = TASKS // 10
OPEN = 10_000  # the limit
EACH = 1_000
REQUESTS = int(os.environ.get("REQUESTS", "300"))
LISTENERS = int(os.environ.get("LISTENERS", "2000"))
FEEDS_OF_USER = 20
WARM_UP = 10
PEER_REQUESTS = 50
PEER = "/health/live"
AT_ONCE = 8
CHANGES = 300
GOAL_MS = 20.0
FEED_GOAL_MS = 50.0
BUSY = "usr_busy"

random_ = random.Random(1)


def some_word() -> str:
    """A word as users have them in their titles: some are common."""
    share: float = random_.random() ** 2.5
    return WORDS[round(share * (len(WORDS) - 1))]


def some_tag() -> str:
    return f"tag{random_.randrange(50)}"


def filtered(text: str) -> str:
    return f"tasks?filter={quote(text)}"


# Each makes one path, below the user's unless it begins with a slash.
CASES: dict[str, Callable[[], str]] = {
    "liveness (peer)": lambda: PEER,
    "one task": lambda: f"tasks/{random_.randint(1, OF_ONE)}",
    "list: newest": lambda: "tasks",
    "list: one list": lambda: f"tasks?list_id={BUSY}_l{random_.randrange(LISTS)}",
    "list: by due date": lambda: "tasks?sort=due",
    "list: by priority": lambda: "tasks?sort=priority",
    "list: by title": lambda: "tasks?sort=title",
    "list: all by title": lambda: "tasks?status=all&sort=title",
    "list: all by due date": lambda: "tasks?status=all&sort=due",
    "list: all by priority": lambda: "tasks?status=all&sort=priority",
    "list: all by start": lambda: "tasks?status=all&sort=start",
    "list: pinned first": lambda: "tasks?pinned_first=true",
    "tags": lambda: "tags",
    "view: today": lambda: "views/today",
    "view: upcoming": lambda: "views/upcoming",
    "view: overdue": lambda: "views/overdue",
    "view: no date": lambda: "views/no-date",
    "counts of all views": lambda: "views/counts",
    "filter: due, priority, tag": lambda: filtered(
        f'due < tomorrow & (priority = high | tag = {some_tag()}) & !list = "List 3"'
    ),
    "filter: list, due": lambda: filtered(
        f'list = "List {random_.randrange(LISTS)}" & due = this month'
    ),
    "filter: text, priority": lambda: filtered(f"text contains {some_word()} & priority >= medium"),
    "filter: completed, tag": lambda: filtered(f"completed > 3 days ago & tag = {some_tag()}"),
    "filter: overdue, no tag": lambda: filtered("overdue & no tag"),
    "search: a word": lambda: f"tasks?q={some_word()}",
    "search: three letters": lambda: f"tasks?q={some_word()[:3]}",
    "search: two words": lambda: f"tasks?q={some_word()}+{some_word()}",
    "search: also completed": lambda: f"tasks?status=all&q={some_word()}",
}


class Service:
    """One process of the service."""

    def __init__(self, urls: DatabaseUrls, redis_url: str) -> None:
        self.port = free_port()
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.environment = {
            **kept,
            "TASKS_DATABASE_URL": urls.app,
            "TASKS_JOBS_DATABASE_URL": urls.jobs,
            "REDIS_URL": redis_url,
            "TODOCHAT_SERVICE_SECRET": secrets.token_urlsafe(32),
            "TASKS_PORT": str(self.port),
            "LOG_LEVEL": "error",
            "DRAIN_DELAY_S": "0",
        }
        settings = TasksSettings.load(self.environment)
        self.tokens = ServiceTokens.from_settings(settings, Arrow.AGENT_TO_TASKS)
        self.key = SigningKey.generate()
        self.issuer = TokenIssuer(settings.todochat_issuer, self.key)

    def agent(self, user_id: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens.mint(Arrow.AGENT_TO_TASKS, user_id)}"}

    def user(self, user_id: str) -> dict[str, str]:
        token, _ = self.issuer.login_token(user_id, f"ses_{user_id}", int(time.time()))
        return {"Authorization": f"Bearer {token}"}

    async def publish_key(self) -> None:
        """Store the key where auth-session's are kept, in place of that service."""
        redis = Redis.from_url(self.environment["REDIS_URL"])
        await redis.set(REDIS_KEY, json.dumps({"keys": [self.key.public_jwk()]}))
        await redis.aclose()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[httpx.AsyncClient]:
        await self.publish_key()
        command = [sys.executable, "-m", "tasks_service", "serve"]
        process = await asyncio.create_subprocess_exec(
            *command, env=self.environment, stdout=subprocess.DEVNULL
        )
        self.process = psutil.Process(process.pid)
        base_url = f"http://127.0.0.1:{self.port}"
        try:
            async with httpx.AsyncClient(base_url=base_url, timeout=60) as client:

                async def is_ready() -> bool:
                    try:
                        return (await client.get("/health/ready")).status_code == 200
                    except httpx.TransportError:
                        return False

                await wait_until(is_ready, timeout_s=60)
                yield client
        finally:
            process.terminate()
            await process.wait()


def report(
    name: str,
    seconds: list[float],
    share: int,
    goal_ms: float,
    cpu: dict[str, float] | None = None,
    peer: list[float] | None = None,
) -> None:
    p50, goal_share = (percentile(seconds, each) * 1000 for each in (50, share))
    verdict = "ok" if goal_share <= goal_ms else "missed"
    line = f"{name:<26} p50 {p50:7.1f}  p{share} {goal_share:7.1f}  goal {goal_ms:3.0f} ms  {verdict:<6}"
    spent = (f"{part} {1000 * used / len(seconds):5.1f} ms" for part, used in (cpu or {}).items())
    ratio = (
        [] if peer is None else [f"{percentile(seconds, 50) / percentile(peer, 50):5.1f} x peer"]
    )
    print(line, *spent, *ratio, sep="  ", flush=True)


async def time_requests(service: Service, client: httpx.AsyncClient, postgres: Part) -> None:
    parts = {"service CPU": Part([service.process]), "database CPU": postgres}

    async def request(make: Callable[[], str]) -> float:
        made, headers = make(), service.agent(BUSY)
        path = made if made.startswith("/") else f"/api/{BUSY}/{made}"
        began = time.perf_counter()
        response = await client.get(path, headers=headers)
        assert response.status_code == 200, response.text
        return time.perf_counter() - began

    for name, make in CASES.items():
        for _ in range(WARM_UP):
            await request(make)
        before = cpu_seconds(parts)
        seconds = [await request(make) for _ in range(REQUESTS)]
        used = {part: spent - before[part] for part, spent in cpu_seconds(parts).items()}
        peer = [await request(lambda: PEER) for _ in range(PEER_REQUESTS)]
        report(name, seconds, 95, GOAL_MS, used, peer)
        at_once = asyncio.Semaphore(AT_ONCE)

        async def request_at_once(make: Callable[[], str], at_once: asyncio.Semaphore) -> float:
            async with at_once:
                return await request(make)

        requests = (request_at_once(make, at_once) for _ in range(REQUESTS))
        report(f"  {AT_ONCE} at once", await asyncio.gather(*requests), 95, GOAL_MS)


async def listen(
    service: Service, user_id: str, received: dict[str, list[float]], opened: Callable[[], None]
) -> None:
    """Read one feed: a raw connection, since 2,000 clients would take this process's time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    token = service.user(user_id)["Authorization"]
    writer.write(
        f"GET /api/{user_id}/tasks/events HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {token}\r\n\r\n".encode()
    )
    try:
        while line := await reader.readline():
            if b"feed.ready" in line:
                opened()
            elif line.startswith(b"data:"):
                title = line.partition(b'"title":"')[2].partition(b'"')[0].decode()
                received.setdefault(title, []).append(time.perf_counter())
    finally:
        writer.close()


async def time_feed(service: Service, client: httpx.AsyncClient) -> None:
    people = [f"usr_{number}" for number in range(LISTENERS // FEEDS_OF_USER)]
    received: dict[str, list[float]] = {}
    open_feeds = 0

    def opened() -> None:
        nonlocal open_feeds
        open_feeds += 1

    feeds = [
        asyncio.create_task(listen(service, user_id, received, opened))
        for user_id in people
        for _ in range(FEEDS_OF_USER)
    ]
    await wait_until(lambda: open_feeds == len(feeds), timeout_s=300)
    since_request, since_response = [], []
    service_part = {"service CPU": Part([service.process])}
    before = cpu_seconds(service_part)["service CPU"]
    for number in range(CHANGES):
        user_id, title = random_.choice(people), f"change {number}"
        began = time.perf_counter()
        response = await client.post(
            f"/api/{user_id}/tasks", json={"title": title}, headers=service.agent(user_id)
        )
        answered = time.perf_counter()
        assert response.status_code == 201, response.text

        def has_arrived(title: str = title) -> bool:
            return len(received.get(title, [])) == FEEDS_OF_USER

        await wait_until(has_arrived, timeout_s=60)
        since_request += [moment - began for moment in received[title]]
        since_response += [max(moment - answered, 0) for moment in received[title]]
    used_ms = 1000 * (cpu_seconds(service_part)["service CPU"] - before) / CHANGES
    print(
        f"{len(feeds)} listeners of {len(people)} users on one process, {CHANGES} changes,"
        f" {used_ms:.1f} ms of the service's CPU per change"
    )
    report("feed: since the response", since_response, 99, FEED_GOAL_MS)
    report("feed: since the request", since_request, 99, FEED_GOAL_MS)
    for feed in feeds:
        feed.cancel()
    await asyncio.gather(*feeds, return_exceptions=True)


async def measure(urls: DatabaseUrls, admin_url: str, redis_url: str, postgres: Part) -> None:
    others = (TASKS - OF_ONE) // EACH
    began = time.perf_counter()
    people = {BUSY: OF_ONE, **{f"usr_{number}": EACH for number in range(others)}}
    await fill(admin_url, people, open_tasks=OPEN)
    print(
        f"{TASKS:,} tasks, {OF_ONE:,} of one user ({OPEN:,} open), {time.perf_counter() - began:.0f} s"
    )
    before = await sequential_scans(admin_url)
    service = Service(urls, redis_url)
    async with service.running() as client:
        await time_requests(service, client, postgres)
    scans = await sequential_scans(admin_url)
    print(f"sequential scans of the tables of tasks: {sum(scans.values()) - sum(before.values())}")
    assert scans == before
    async with service.running() as client:
        await time_feed(service, client)


def main() -> None:
    if shutil.which("vikunja") is None:
        print("Vikunja isn't installed here: no figures beside these")
    postgres, valkey = PostgresProcess(), ValkeyProcess()
    try:
        postgres.start()
        valkey.start()
        urls = asyncio.run(PostgresServer(postgres.admin_url).create_database("tasks"))
        run_migrations(urls.owner, MIGRATIONS)
        url = make_url(postgres.admin_url).set(database=make_url(urls.owner).database)
        assert postgres.process is not None
        part = Part([psutil.Process(postgres.process.pid)], has_children=True)
        asyncio.run(measure(urls, url.render_as_string(hide_password=False), valkey.url, part))
    finally:
        valkey.stop()
        postgres.stop()


if __name__ == "__main__":
    main()
