"""Erasing an account over all services leaves no trace of the user anywhere."""

from collections.abc import AsyncIterator, Iterable

import asyncpg
import httpx
import pytest_asyncio
from redis.asyncio import Redis

from stack_kit import SignUp, Stack
from todochat.testing import wait_until
from todochat.testing.person import PASSWORD, Person

MARKER = "zanzibarine"
DATABASES = ("auth", "tasks", "chat")
COUNTED_S = 60  # the time for which the gateway keeps a user's request counts


async def use_everything(person: Person) -> None:
    """Leave data with every service."""
    await person.api("POST", "/lists", json={"name": f"{MARKER} list"})
    await person.api("POST", "/tasks", json={"title": f"{MARKER} task", "notes": MARKER})
    kept = await person.api(
        "POST",
        "/tasks",
        json={"title": f"{MARKER} twice"},
        headers={"Idempotency-Key": MARKER},
    )
    await person.api("DELETE", f"/tasks/{kept.json()['id']}")
    answer = await person.ask(f"add {MARKER} tomorrow at 5pm")
    await person.ask(f"what about {MARKER}?", answer.thread_id)
    await person.attach_file(f"{MARKER}.txt", f"all about {MARKER}".encode())
    token = {"name": MARKER, "scopes": ["tasks", "chat"], "password": PASSWORD}
    await in_account(person, "POST", "/tokens", token)


async def in_account(person: Person, method: str, path: str, json: object = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {person.login_token}"}
    return await person.client.request(method, f"/api/auth{path}", json=json, headers=headers)


async def tables_containing(stack: Stack, *words: str) -> list[str]:
    """Return the tables of all databases that contain one of the words, as text or bytes."""
    needles = [*words, *(word.encode().hex() for word in words)]
    server = stack.state["postgres"]["url"].rsplit("/", 1)[0]
    found = []
    for database in DATABASES:
        connection = await asyncpg.connect(f"{server}/{database}")
        try:
            found += [
                f"{database}.{table}"
                for table in await _tables(connection)
                if await _contains_word(connection, table, needles)
            ]
        finally:
            await connection.close()
    return found


async def make_second_erasure_due(stack: Stack) -> None:
    """Make the repeated erasure of concurrent work due now instead of after 15 s."""
    connection = await asyncpg.connect(stack.state["postgres"]["url"].rsplit("/", 1)[0] + "/auth")
    try:
        await connection.execute(
            "UPDATE erasures SET next_attempt_at = now(),"
            " published_at = published_at - interval '1 minute'"
        )
    finally:
        await connection.close()


async def _tables(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return sorted(row["tablename"] for row in rows)


async def _contains_word(
    connection: "asyncpg.Connection[asyncpg.Record]", table: str, needles: Iterable[str]
) -> bool:
    patterns = [f"%{needle}%" for needle in needles]
    count = await connection.fetchval(
        f'SELECT count(*) FROM "{table}" AS r WHERE r::text LIKE ANY($1)', patterns
    )
    return bool(count)


async def keys_containing(redis: Redis, *words: str) -> list[str]:
    """Return the keys whose name or value contains one of the words."""
    found = []
    async for key in redis.scan_iter(count=1000):
        text = key + await _value(redis, key)
        if any(word.encode() in text for word in words):
            found.append(key.decode())
    return sorted(found)


async def _value(redis: Redis, key: bytes) -> bytes:
    match await redis.type(key):
        case b"string":
            value: object = await redis.get(key)
        case b"hash":
            value = await redis.hgetall(key)
        case b"zset":
            value = await redis.zrange(key, 0, -1)
        case b"set":
            value = await redis.smembers(key)
        case b"list":
            value = await redis.lrange(key, 0, -1)
        case b"stream":
            value = await redis.xrange(key)
        case _:  # it expired in the meantime
            value = b""
    return repr(value).encode()


@pytest_asyncio.fixture(loop_scope="session")
async def redis(stack: Stack) -> AsyncIterator[Redis]:
    client = Redis.from_url(stack.state["redis"]["url"])
    yield client
    await client.aclose()


async def test_erasure_leaves_no_trace_in_any_store(
    stack: Stack, sign_up: SignUp, redis: Redis
) -> None:
    ada, bob = await sign_up(stack), await sign_up(stack)
    await use_everything(ada)
    await bob.ask("add buy milk")
    spoken = await tables_containing(stack, ada.user_id, MARKER)
    assert {name.split(".")[0] for name in spoken} == set(DATABASES)
    assert await keys_containing(redis, ada.user_id) != []

    answer = await in_account(ada, "DELETE", "/me", {"password": PASSWORD})

    assert answer.status_code == 202

    async def is_only_in_auth() -> bool:
        spoken = await tables_containing(stack, ada.user_id, ada.email, MARKER)
        return spoken in ([], ["auth.erasures"])

    async def is_erased() -> bool:
        return await tables_containing(stack, ada.user_id, ada.email, MARKER) == []

    await wait_until(is_only_in_auth, timeout_s=90, interval_s=0.2)
    await make_second_erasure_due(stack)
    await wait_until(is_erased, timeout_s=90, interval_s=0.2)
    assert await keys_containing(redis, ada.email, MARKER) == []
    for key in await keys_containing(redis, ada.user_id):
        assert 0 <= await redis.ttl(key) <= COUNTED_S or not await redis.exists(key), key
    assert [task["title"].lower() for task in await bob.tasks()] == ["buy milk"]


async def test_tokens_of_an_erased_user_are_refused(stack: Stack, sign_up: SignUp) -> None:
    ada = await sign_up(stack)
    await ada.ask("add buy milk")
    await in_account(ada, "DELETE", "/me", {"password": PASSWORD})

    async def is_shut_out() -> bool:
        tasks = await ada.api("GET", "/tasks")
        threads = await ada.chatkit("threads.list")
        return (tasks.status_code, threads.status_code) == (401, 401)

    await wait_until(is_shut_out, timeout_s=15, interval_s=0.2)
    assert (await in_account(ada, "GET", "/me")).status_code == 401
