"""Public keys stay available while auth-session is down."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from todochat.errors import UnavailableError
from todochat.identity.jwks import REDIS_KEY, JwksCache
from todochat.identity.tokens import SigningKey
from todochat.testing import wait_until


class Publisher:
    """Plays auth-session: serves the keys it holds and counts the requests."""

    def __init__(self) -> None:
        self.keys = [SigningKey.generate()]
        self.fetches = 0
        self.broken = False
        self.hanging = False
        self.released = asyncio.Event()
        app = web.Application()
        app.router.add_get("/.well-known/jwks.json", self.answer)
        self.server = TestServer(app)

    async def answer(self, request: web.Request) -> web.Response:
        self.fetches += 1
        if self.hanging:
            await self.released.wait()
        if self.broken:
            raise web.HTTPServiceUnavailable
        return web.json_response({"keys": [key.public_jwk() for key in self.keys]})

    @property
    def url(self) -> str:
        return str(self.server.make_url("/.well-known/jwks.json"))


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    publisher = Publisher()
    async with publisher.server:
        yield publisher


@pytest.fixture
async def filled_cache(
    publisher: Publisher, session: aiohttp.ClientSession, redis: Redis
) -> JwksCache:
    """A cache that has fetched the published keys once, also into Redis."""
    cache = JwksCache(publisher.url, session, redis)
    await cache.get(publisher.keys[0].kid)
    return cache


@pytest.fixture
def stale_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each lookup fetch the keys again."""
    monkeypatch.setattr(JwksCache, "min_fetch_interval_s", 0)
    monkeypatch.setattr(JwksCache, "max_age_s", 0)


async def test_concurrent_callers_share_one_fetch(
    publisher: Publisher, session: aiohttp.ClientSession, redis: Redis
) -> None:
    cache = JwksCache(publisher.url, session, redis)
    kid = publisher.keys[0].kid

    keys = await asyncio.gather(*(cache.get(kid) for _ in range(50)))

    assert publisher.fetches == 1
    assert {key and key.public_bytes_raw() for key in keys} == {
        publisher.keys[0].private_key.public_key().public_bytes_raw()
    }


async def test_unknown_kids_do_not_cause_more_fetches(
    publisher: Publisher, filled_cache: JwksCache
) -> None:
    found = [await filled_cache.get(f"key_{n}") for n in range(20)]

    assert found == [None] * 20
    assert publisher.fetches == 1


async def test_new_key_is_found_after_the_minimum_interval(
    publisher: Publisher, filled_cache: JwksCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.keys.append(SigningKey.generate())
    monkeypatch.setattr(JwksCache, "min_fetch_interval_s", 0)

    assert await filled_cache.get(publisher.keys[1].kid) is not None


@pytest.mark.usefixtures("stale_at_once")
async def test_known_keys_stay_valid_while_auth_session_is_down(
    publisher: Publisher, filled_cache: JwksCache
) -> None:
    publisher.broken = True

    assert await filled_cache.get(publisher.keys[0].kid) is not None


@pytest.mark.usefixtures("stale_at_once")
async def test_known_key_is_returned_at_once_while_auth_session_hangs(
    publisher: Publisher, filled_cache: JwksCache
) -> None:
    publisher.hanging = True

    for _ in range(3):
        assert await filled_cache.get(publisher.keys[0].kid) is not None

    await wait_until(lambda: publisher.fetches == 2)
    publisher.released.set()
    assert filled_cache._refreshing is not None
    await filled_cache._refreshing


async def test_failed_first_fetch_is_not_repeated_by_waiting_callers(
    publisher: Publisher,
    session: aiohttp.ClientSession,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(JwksCache, "min_first_fetch_interval_s", 60)
    publisher.broken = True
    cache = JwksCache(publisher.url, session, redis)

    results = await asyncio.gather(*(cache.get("key_1") for _ in range(20)), return_exceptions=True)

    assert {type(result) for result in results} == {UnavailableError}
    assert publisher.fetches == 1


@pytest.mark.usefixtures("filled_cache")
async def test_new_process_reads_keys_from_redis(
    publisher: Publisher, session: aiohttp.ClientSession, redis: Redis
) -> None:
    publisher.broken = True

    late = JwksCache(publisher.url, session, redis)

    assert await late.get(publisher.keys[0].kid) is not None


@pytest.mark.usefixtures("filled_cache")
async def test_keys_in_redis_are_used_at_start_while_auth_session_is_frozen(
    publisher: Publisher, session: aiohttp.ClientSession, redis: Redis
) -> None:
    publisher.hanging = True
    late = JwksCache(publisher.url, session, redis)

    found = await asyncio.gather(*(late.get(publisher.keys[0].kid) for _ in range(20)))

    assert None not in found
    await wait_until(lambda: publisher.fetches == 2)
    assert late._refreshing is not None
    assert not late._refreshing.done()  # no caller waited for it
    publisher.released.set()
    await late._refreshing
    assert publisher.fetches == 2


async def test_missing_keys_raise_unavailable(
    publisher: Publisher, session: aiohttp.ClientSession, redis: Redis
) -> None:
    publisher.broken = True

    with pytest.raises(UnavailableError):
        await JwksCache(publisher.url, session, redis).get("key_1")


@pytest.mark.parametrize("document", [b"", b"[]", b'{"keys":[{"kid":1}]}', b"x" * 100_000])
async def test_malformed_document_keeps_known_keys(
    document: bytes, session: aiohttp.ClientSession, redis: Redis
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=document)

    app = web.Application()
    app.router.add_get("/", answer)
    key = SigningKey.generate()
    await redis.set(REDIS_KEY, msgspec.json.encode({"keys": [key.public_jwk()]}))
    async with TestServer(app) as server:
        cache = JwksCache(str(server.make_url("/")), session, redis)

        assert await cache.get(key.kid) is not None
