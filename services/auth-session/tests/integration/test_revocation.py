"""Publishing and republishing revoked sessions to Redis, and listing them."""

import time
from typing import Any

import httpx
import pytest
from auth_kit import (
    SERVICE_TOKENS,
    Browser,
    Connection,
    MovableClock,
    Service,
    StartService,
    bearer,
)
from redis.asyncio import Redis

from todochat.identity.revocation import REVOCATIONS_COMPLETE_KEY
from todochat.identity.service_tokens import Arrow
from todochat.testing.memory import out_of_memory
from todochat.testing.waiting import wait_until


async def revoked_sid(browser: Browser, database: Connection) -> str:
    user_id = (await browser.sign_up()).json()["user"]["id"]
    await browser.post("/api/auth/sign-out")
    return str(await database.fetchval("SELECT id FROM sessions WHERE user_id = $1", user_id))


async def test_republishing_restores_a_flushed_redis(
    service: Service, browser: Browser, database: Connection, redis: Redis
) -> None:
    sid = await revoked_sid(browser, database)
    before = await redis.zscore("auth:revoked", sid)
    await redis.flushall()

    await service.services.revocations.republish()

    assert await redis.zscore("auth:revoked", sid) == before


async def test_a_start_republishes_at_once(
    service: Service,
    browser: Browser,
    database: Connection,
    redis: Redis,
    start_service: StartService,
) -> None:
    sid = await revoked_sid(browser, database)
    await redis.flushall()

    await start_service()

    await wait_until(lambda: redis.zscore("auth:revoked", sid))


async def test_a_running_service_restores_a_flushed_redis(
    service: Service, browser: Browser, database: Connection, redis: Redis
) -> None:
    sid = await revoked_sid(browser, database)
    await wait_until(lambda: redis.exists(REVOCATIONS_COMPLETE_KEY))

    await redis.flushall()

    await wait_until(lambda: redis.zscore("auth:revoked", sid), 10)


async def test_a_restarted_redis_is_not_considered_complete(
    service: Service, browser: Browser, database: Connection, redis: Redis
) -> None:
    sid = await revoked_sid(browser, database)
    await wait_until(lambda: redis.exists(REVOCATIONS_COMPLETE_KEY))

    await redis.delete("auth:revoked")
    await redis.set(REVOCATIONS_COMPLETE_KEY, "the run id of the server that died")

    await wait_until(lambda: redis.zscore("auth:revoked", sid), 10)


async def test_republishing_sends_messages_for_missing_sessions_only(
    service: Service, browser: Browser, database: Connection, redis: Redis
) -> None:
    sid = await revoked_sid(browser, database)
    await service.services.revocations.republish()
    channel: Any = redis.pubsub()  # redis-py doesn't type its aclose()
    await channel.subscribe("auth:revocations")
    await channel.get_message(timeout=5)

    first = await service.services.revocations.republish()
    await redis.zrem("auth:revoked", sid)
    # The service's own job may be quicker: only the message tells that it was republished.
    await service.services.revocations.republish()

    message = await channel.get_message(ignore_subscribe_messages=True, timeout=5)
    await channel.aclose()
    assert first == 0
    assert sid in message["data"].decode()


async def test_republishing_removes_sessions_with_expired_tokens(
    service: Service, browser: Browser, database: Connection, redis: Redis, clock: MovableClock
) -> None:
    sid = await revoked_sid(browser, database)

    clock.advance(minutes=15, seconds=25)
    await service.services.revocations.republish()
    within = await redis.zscore("auth:revoked", sid)
    clock.advance(seconds=10)
    await service.services.revocations.republish()
    over = await redis.zscore("auth:revoked", sid)

    assert within is not None
    assert over is None


async def test_republishing_covers_more_than_one_batch(
    service: Service, browser: Browser, database: Connection, redis: Redis
) -> None:
    user_id = (await browser.sign_up()).json()["user"]["id"]
    await database.execute(
        "INSERT INTO sessions (id, user_id, created_at, expires_at, tokens_until, revoked_at)"
        " SELECT 'ses_page_' || n, $1, now(), now() + '1 day', now() + '5 minutes', now()"
        " FROM generate_series(1, 1200) AS n",
        user_id,
    )

    await service.services.revocations.republish()

    await database.execute("DELETE FROM sessions WHERE id LIKE 'ses_page_%'")
    members: Any = await redis.zrange("auth:revoked", 0, -1)
    assert sum(member.startswith(b"ses_page_") for member in members) == 1200


async def test_sign_in_and_sign_out_work_without_redis(
    start_service: StartService, database: Connection
) -> None:
    service = await start_service(redis_url="redis://127.0.0.1:1/0")
    browser = service.browser()

    sid = await revoked_sid(browser, database)

    revoked_at = await database.fetchval("SELECT revoked_at FROM sessions WHERE id = $1", sid)
    assert revoked_at is not None
    assert (await browser.sign_in()).status_code == 200


async def test_a_sign_out_is_published_when_redis_is_out_of_memory(
    service: Service, browser: Browser, redis: Redis
) -> None:
    await browser.sign_up()
    channel: Any = redis.pubsub()
    await channel.subscribe("auth:revocations")
    await channel.get_message(timeout=5)

    async with out_of_memory(redis):
        response = await browser.post("/api/auth/sign-out")
        message = await channel.get_message(ignore_subscribe_messages=True, timeout=5)

    await channel.aclose()
    assert response.status_code == 204
    assert message["data"].startswith(b"ses_")


async def read(
    browser: Browser, arrow: Arrow = Arrow.GATEWAY_TO_AUTH, **params: str | int
) -> httpx.Response:
    headers = bearer(SERVICE_TOKENS.mint(arrow, "-"))
    return await browser.http.get("/internal/revocations", params=params, headers=headers)


async def test_verifiers_read_revocations_since_a_time(
    service: Service, browser: Browser, database: Connection
) -> None:
    sid = await revoked_sid(browser, database)
    now = int(time.time())

    everything = (await read(browser)).json()
    recent = (await read(browser, since=now - 60)).json()
    later = (await read(browser, since=now + 60)).json()

    assert sid in [item["sid"] for item in recent["items"]]
    assert len(everything["items"]) >= len(recent["items"])
    assert sid not in [item["sid"] for item in later["items"]]
    (item,) = (item for item in recent["items"] if item["sid"] == sid)
    assert now + 900 < item["until"] < now + 1000
    assert abs(recent["as_of"] - now) < 60


async def test_verifiers_read_page_by_page(
    service: Service, browser: Browser, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth_session.service.revocation_service.PAGE", 1)
    since = int(time.time())
    sids = {await revoked_sid(service.browser(), database) for _ in range(2)}

    after, found = "", set[str]()
    while after is not None:
        page = (await read(browser, since=since, after=after)).json()
        found |= {item["sid"] for item in page["items"]}
        assert len(page["items"]) <= 1
        after = page["next"]

    assert sids <= found


@pytest.mark.parametrize("arrow", [arrow for arrow in Arrow if arrow.target != "auth-session"])
async def test_only_services_that_verify_tokens_can_read(browser: Browser, arrow: Arrow) -> None:
    assert (await read(browser, arrow)).status_code == 401


@pytest.mark.parametrize(
    "params",
    [{"since": -1}, {"since": 10**12}, {"since": "nan"}, {"after": "a\x00"}, {"after": "a" * 129}],
)
async def test_invalid_parameters_are_refused(browser: Browser, params: dict[str, Any]) -> None:
    assert (await read(browser, **params)).status_code == 422
