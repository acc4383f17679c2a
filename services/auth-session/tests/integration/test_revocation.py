"""Revoked sessions reach Redis, again and again."""

from typing import Any

from auth_kit import Browser, Connection, MovableClock, Service, StartService
from redis.asyncio import Redis

from todochat.revocation import REVOCATIONS_TOLD_KEY
from todochat.testing.waiting import wait_until


async def revoked_sid(browser: Browser, database: Connection) -> str:
    user_id = (await browser.sign_up()).json()["user"]["id"]
    await browser.post("/api/auth/sign-out")
    return str(await database.fetchval("SELECT id FROM sessions WHERE user_id = $1", user_id))


async def test_a_flushed_redis_is_told_again(
    service: Service, browser: Browser, database: Connection, redis: Redis
) -> None:
    sid = await revoked_sid(browser, database)
    before = await redis.zscore("auth:revoked", sid)
    await redis.flushall()

    await service.services.revocations.republish()

    assert await redis.zscore("auth:revoked", sid) == before


async def test_a_start_tells_redis_at_once(
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


async def test_a_running_service_tells_a_flushed_redis_by_itself(
    service: Service, browser: Browser, database: Connection, redis: Redis
) -> None:
    sid = await revoked_sid(browser, database)
    await wait_until(lambda: redis.exists(REVOCATIONS_TOLD_KEY))

    await redis.flushall()

    await wait_until(lambda: redis.zscore("auth:revoked", sid), 10)


async def test_a_redis_that_restarted_is_told_again_since_it_may_lack_the_last_second(
    service: Service, browser: Browser, database: Connection, redis: Redis
) -> None:
    sid = await revoked_sid(browser, database)
    await wait_until(lambda: redis.exists(REVOCATIONS_TOLD_KEY))

    await redis.delete("auth:revoked")
    await redis.set(REVOCATIONS_TOLD_KEY, "the run id of the server that died")

    await wait_until(lambda: redis.zscore("auth:revoked", sid), 10)


async def test_only_sessions_that_redis_did_not_know_are_announced(
    service: Service, browser: Browser, database: Connection, redis: Redis
) -> None:
    await revoked_sid(browser, database)
    await service.services.revocations.republish()
    channel: Any = redis.pubsub()  # redis-py leaves its aclose() without types
    await channel.subscribe("auth:revocations")
    await channel.get_message(timeout=5)

    known = await service.services.revocations.republish()
    await redis.delete("auth:revoked")
    missed = await service.services.revocations.republish()

    message = await channel.get_message(ignore_subscribe_messages=True, timeout=5)
    await channel.aclose()
    assert known == 0
    assert missed >= 1
    assert message is not None


async def test_sessions_whose_tokens_expired_are_dropped(
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


async def test_more_than_a_page_is_told(
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


async def test_while_redis_is_away_people_can_sign_in_and_out(
    start_service: StartService, database: Connection
) -> None:
    service = await start_service(redis_url="redis://127.0.0.1:1/0")
    browser = service.browser()

    sid = await revoked_sid(browser, database)

    revoked_at = await database.fetchval("SELECT revoked_at FROM sessions WHERE id = $1", sid)
    assert revoked_at is not None
    assert (await browser.sign_in()).status_code == 200
