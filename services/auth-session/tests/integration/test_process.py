"""The service as a process: start, stop, outages, addresses behind a proxy, commands."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from auth_session.__main__ import MIGRATIONS
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.testing.servers import PostgresProcess, PostgresServer
from todochat.testing.waiting import free_port, wait_until

SECRET = "a service secret of more than 32 bytes"
COMMAND = (sys.executable, "-m", "auth_session")
WRONG = {"email": "nobody@example.com", "password": "not the password"}


@pytest.fixture
def environment(own_urls: DatabaseUrls, redis_url: str) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **inherited,
        "AUTH_DATABASE_URL": own_urls.app,
        "AUTH_MIGRATION_DATABASE_URL": own_urls.owner,
        "REDIS_URL": redis_url,
        # Only the secrets of its own arrows.
        "TODOCHAT_SERVICE_SECRET_AUTH_TO_AGENT": f"{SECRET}-1",
        "TODOCHAT_SERVICE_SECRET_AUTH_TO_TASKS": f"{SECRET}-2",
        "TODOCHAT_SERVICE_SECRET_TASKS_TO_AUTH": f"{SECRET}-3",
        "TODOCHAT_SERVICE_SECRET_GATEWAY_TO_AUTH": f"{SECRET}-4",
        "AUTH_SESSION_KEY_SECRET": SECRET,
        "AUTH_SIGN_UP": "open",
        "DRAIN_DELAY_S": "0",
    }


@asynccontextmanager
async def serving(
    environment: dict[str, str], **more: str
) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """Run `auth-session serve`; yield the process and a client once it is live."""
    port = str(free_port())
    environment = {**environment, "AUTH_SESSION_PORT": port, **more}
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "serve", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

            async def is_live() -> bool:
                try:
                    return (await http.get("/health/live")).status_code == 200
                except httpx.TransportError:
                    return process.returncode is not None

            await wait_until(is_live, 30)
            assert process.returncode is None
            yield process, http
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 20)


async def run(
    environment: dict[str, str], *arguments: str, stdin: bytes = b""
) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(stdin), 30)
    return process.returncode, out.decode(), err.decode()


async def stop_fast(engine: PostgresProcess) -> None:
    assert engine.process is not None
    engine.process.send_signal(
        signal.SIGINT
    )  # PostgreSQL's fast shutdown: close the connections, then stop
    await asyncio.to_thread(engine.process.wait, 10)


@pytest.mark.slow
async def test_concurrent_processes_publish_the_same_keys(
    environment: dict[str, str],
) -> None:
    async with serving(environment) as (_, first), serving(environment) as (_, second):
        documents = [await http.get("/.well-known/jwks.json") for http in (first, second)]

    assert documents[0].status_code == 200
    assert documents[0].json() == documents[1].json()


async def test_sigterm_exits_with_code_zero(environment: dict[str, str]) -> None:
    async with serving(environment) as (process, http):
        assert (await http.get("/health/ready")).status_code == 200

        process.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(process.wait(), 20) == 0


@pytest.mark.parametrize(("trusted", "statuses"), [("127.0.0.1", {401}), ("192.0.2.1", {401, 429})])
async def test_the_forwarded_address_is_only_used_from_a_trusted_proxy(
    environment: dict[str, str], trusted: str, statuses: set[int]
) -> None:
    async with serving(environment, FORWARDED_ALLOW_IPS=trusted) as (_, http):
        responses = [
            await http.post(
                "/api/auth/sign-in", json=WRONG, headers={"X-Forwarded-For": f"198.51.100.{i}"}
            )
            for i in range(12)
        ]

    assert {response.status_code for response in responses} == statuses


@pytest.mark.slow
async def test_it_starts_without_its_database_and_recovers(
    environment: dict[str, str], redis_url: str
) -> None:
    """A stopped database causes fast 503s; recovery requires no restart."""
    engine = PostgresProcess()
    try:
        await asyncio.to_thread(engine.start)
        urls = await PostgresServer(engine.admin_url).create_database("auth")
        await asyncio.to_thread(run_migrations, urls.owner, MIGRATIONS)
        own = {**environment, "AUTH_DATABASE_URL": urls.app}
        await stop_fast(engine)

        async with serving(own) as (_, http):
            ready = await http.get("/health/ready")
            jwks = await http.get("/.well-known/jwks.json")
            sign_in = await http.post("/api/auth/sign-in", json=WRONG)
            await asyncio.to_thread(engine.start)

            async def is_ready() -> bool:
                return (await http.get("/health/ready")).status_code == 200

            await wait_until(is_ready, 20)
            healed = await http.post("/api/auth/sign-in", json=WRONG)
            await stop_fast(engine)
            away = await http.post("/api/auth/sign-in", json=WRONG)
            still = await http.get("/.well-known/jwks.json")
    finally:
        await asyncio.to_thread(engine.stop)

    assert ready.status_code == 503
    assert set(ready.json()["failing"]) == {"database", "signing-keys"}
    assert (jwks.status_code, sign_in.status_code, healed.status_code) == (503, 503, 401)
    assert (away.status_code, still.status_code) == (503, 200)
    assert sign_in.headers["retry-after"] == "1"
    assert sign_in.headers["content-type"] == "application/problem+json"


@pytest.mark.slow
async def test_migrate_is_idempotent(environment: dict[str, str]) -> None:
    code, _, _ = await run(environment, "migrate")

    assert code == 0


async def test_an_invalid_setting_prevents_the_start_with_one_line(
    environment: dict[str, str],
) -> None:
    code, _, err = await run({**environment, "AUTH_SESSION_KEY_SECRET": "short"}, "serve")

    assert code == 2
    assert err == "setting AUTH_SESSION_KEY_SECRET: each value needs at least 32 bytes\n"


async def test_it_refuses_the_role_that_owns_the_tables(
    environment: dict[str, str], own_urls: DatabaseUrls
) -> None:
    code, out, _ = await run({**environment, "AUTH_DATABASE_URL": own_urls.owner}, "serve")

    assert code == 3
    assert "use an app role" in out


@pytest.mark.slow
async def test_an_administrator_creates_and_lists_accounts(environment: dict[str, str]) -> None:
    create = ("admin", "user", "create", "--email", "Root@Example.com", "--name", "Root")

    created = await run(environment, *create, stdin=b"correct horse battery\n")
    again = await run(environment, *create, stdin=b"correct horse battery\n")
    listed = await run(environment, "admin", "user", "list")

    user_id = created[1].strip()
    line = listed[1].strip().split("\t")
    assert (created[0], again[0], listed[0]) == (0, 1, 0)
    assert user_id.startswith("usr_")
    assert again[2] == "An account with this e-mail address already exists. Sign in instead.\n"
    assert (line[0], line[1], line[3]) == (user_id, "Root@example.com", "Root")


@pytest.mark.slow
async def test_an_administrator_rotates_the_keys_of_a_running_service(
    environment: dict[str, str],
) -> None:
    async with serving(environment) as (_, http):
        before = (await run(environment, "admin", "keys", "list"))[1].splitlines()
        early = await run(environment, "admin", "keys", "rotate")
        rotated = await run(environment, "admin", "keys", "rotate", "--now")
        after = (await run(environment, "admin", "keys", "list"))[1].splitlines()
        published = (await http.get("/.well-known/jwks.json")).json()["keys"]

    assert [line.split("\t")[1] for line in before] == ["current", "next"]
    assert early[0] == 1
    assert early[2].startswith("Some services may not have loaded the next key yet.")
    assert rotated[0] == 0
    assert [line.split("\t")[1] for line in after] == ["retired", "current", "next"]
    assert rotated[1].strip() == after[1].split("\t")[0]
    assert rotated[1].strip() in {key["kid"] for key in published}
