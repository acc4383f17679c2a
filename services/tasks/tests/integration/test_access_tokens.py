"""Personal access tokens: verified by auth-session, cached for seconds."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis
from tasks_kit import SERVICE_SECRET, Person, Service, StartService

from tasks_service import lifespan
from tasks_service.clients import access_token_directory
from todochat.clock import to_wire, utc_now
from todochat.identity.access_tokens import new_access_token
from todochat.identity.revocation import REVOCATIONS_CHANNEL, REVOKED_KEY
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.ids import new_id
from todochat.settings import ServiceSettings
from todochat.testing import free_port, wait_until
from todochat.testing.memory import out_of_memory

VERIFIER = ServiceTokens.from_settings(
    ServiceSettings.load({"REDIS_URL": "r", "TODOCHAT_SERVICE_SECRET": SERVICE_SECRET}), *Arrow
)


class AuthSession:
    """auth-session's internal routes, with a count of verifications."""

    def __init__(self) -> None:
        self.tokens: dict[str, dict[str, Any]] = {}
        self.revoked: dict[str, float] = {}
        self.verifications = 0
        self.may_respond = asyncio.Event()
        self.may_respond.set()
        app = web.Application()
        app.router.add_post("/internal/access-tokens/verify", self.verify)
        app.router.add_get("/internal/revocations", self.read_revocations)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def issue(self, *scopes: str, expires_at: str | None = None) -> tuple[str, dict[str, Any]]:
        token, token_id = new_access_token(), new_id("pat")
        self.tokens[token] = {
            "user_id": new_id("usr"),
            "scopes": list(scopes),
            "token_id": token_id,
            "sid": token_id,
            "expires_at": expires_at,
        }
        return token, self.tokens[token]

    async def read_revocations(self, request: web.Request) -> web.Response:
        bearer = request.headers["Authorization"].removeprefix("Bearer ")
        VERIFIER.verify([Arrow.TASKS_TO_AUTH], bearer)
        items = [{"sid": sid, "until": until} for sid, until in self.revoked.items()]
        return web.json_response({"items": items, "next": None, "as_of": int(time.time())})

    async def verify(self, request: web.Request) -> web.Response:
        self.verifications += 1
        await self.may_respond.wait()
        bearer = request.headers["Authorization"].removeprefix("Bearer ")
        VERIFIER.verify([Arrow.TASKS_TO_AUTH], bearer)
        known = self.tokens.get((await request.json())["token"])
        return web.json_response(known or {}, status=200 if known else 404)


@pytest_asyncio.fixture(loop_scope="module")
async def auth() -> AsyncIterator[AuthSession]:
    auth = AuthSession()
    await auth.server.start_server()
    yield auth
    await auth.server.close()


@pytest_asyncio.fixture(loop_scope="module")
async def service_with_auth(start_service: StartService, auth: AuthSession) -> Service:
    return await start_service(auth_session_url=auth.url)


def holder(service: Service, auth: AuthSession, *scopes: str, **fields: Any) -> Person:
    """Return a user whose program calls with an access token."""
    token, known = auth.issue(*scopes, **fields)
    return service.person(known["user_id"], token=token)


async def test_token_with_tasks_scope_reads_and_writes(
    service_with_auth: Service, auth: AuthSession
) -> None:
    ada = holder(service_with_auth, auth, "tasks")

    await ada.make_task("from a script")

    assert await ada.titles() == ["from a script"]


async def test_token_with_chat_scope_only_is_rejected(
    service_with_auth: Service, auth: AuthSession
) -> None:
    ada = holder(service_with_auth, auth, "chat")

    response = await ada.get("tasks")

    assert response.status_code == 403


async def test_token_is_rejected_on_another_users_path(
    service_with_auth: Service, auth: AuthSession
) -> None:
    token, _ = auth.issue("tasks")
    stranger = service_with_auth.person(token=token)

    response = await stranger.get("tasks")

    assert response.status_code == 403


async def test_verification_is_cached_for_seconds(
    service_with_auth: Service, auth: AuthSession
) -> None:
    ada = holder(service_with_auth, auth, "tasks")

    for _ in range(5):
        await ada.get("tasks")

    assert auth.verifications == 1


async def test_concurrent_requests_share_one_verification(
    service_with_auth: Service, auth: AuthSession
) -> None:
    ada = holder(service_with_auth, auth, "tasks")
    auth.may_respond.clear()

    requests = [asyncio.create_task(ada.get("tasks")) for _ in range(5)]
    await wait_until(lambda: auth.verifications == 1)
    auth.may_respond.set()
    responses = await asyncio.gather(*requests)

    assert [response.status_code for response in responses] == [200] * 5
    assert auth.verifications == 1


async def test_unknown_token_is_rejected_and_verified_once(
    service_with_auth: Service, auth: AuthSession
) -> None:
    stranger = service_with_auth.person(token=new_access_token())

    responses = [await stranger.get("tasks") for _ in range(3)]

    assert [response.status_code for response in responses] == [401] * 3
    assert auth.verifications == 1


async def test_malformed_token_is_rejected_without_verification(
    service_with_auth: Service, auth: AuthSession
) -> None:
    token, known = auth.issue("tasks")
    swapped = token[:-2] + token[-1] + token[-2] if token[-1] != token[-2] else token[:-1] + "-"
    ada = service_with_auth.person(known["user_id"], token=swapped)

    response = await ada.get("tasks")

    assert response.status_code == 401
    assert auth.verifications == 0


async def test_uncached_token_gets_503_without_auth_session(
    start_service: StartService, auth: AuthSession
) -> None:
    service = await start_service(auth_session_url=f"http://127.0.0.1:{free_port()}")
    ada = holder(service, auth, "tasks")

    response = await ada.get("tasks")

    assert response.status_code == 503
    assert response.headers["Retry-After"]


async def test_frozen_auth_session_delays_only_one_request(
    start_service: StartService, auth: AuthSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifespan, "VERIFY_TIMEOUT_S", 0.2)
    monkeypatch.setattr(access_token_directory, "UNREACHABLE_S", 60)
    service = await start_service(auth_session_url=auth.url)
    people = [holder(service, auth, "tasks") for _ in range(5)]
    auth.may_respond.clear()

    responses = [await person.get("tasks") for person in people]
    auth.may_respond.set()

    assert [response.status_code for response in responses] == [503] * 5
    assert auth.verifications == 1


async def test_cached_token_works_without_auth_session(
    service_with_auth: Service, auth: AuthSession
) -> None:
    ada = holder(service_with_auth, auth, "tasks")
    await ada.get("tasks")
    await auth.server.close()

    response = await ada.get("tasks")

    assert response.status_code == 200


async def test_revoked_token_is_rejected_despite_the_cache(
    service_with_auth: Service, auth: AuthSession, redis: Redis
) -> None:
    token, known = auth.issue("tasks")
    ada = service_with_auth.person(known["user_id"], token=token)
    assert (await ada.get("tasks")).status_code == 200

    over = int((utc_now() + timedelta(minutes=5)).timestamp())
    await redis.zadd(REVOKED_KEY, {known["sid"]: over})

    async def is_refused() -> bool:
        return (await ada.get("tasks")).status_code == 401

    await wait_until(is_refused, timeout_s=15)


async def test_revocation_ends_the_tokens_feed(
    service_with_auth: Service, auth: AuthSession, redis: Redis
) -> None:
    token, known = auth.issue("tasks")
    ada = service_with_auth.person(known["user_id"], token=token)

    async with ada.feed() as feed:
        await feed.event()
        await redis.publish(REVOCATIONS_CHANNEL, known["sid"])

        assert await feed.block() == ": unauthorized"


async def test_feed_ends_when_its_token_expires(
    service_with_auth: Service, auth: AuthSession
) -> None:
    soon = to_wire(utc_now() + timedelta(seconds=1))
    ada = holder(service_with_auth, auth, "tasks", expires_at=soon)

    async with ada.feed() as feed:
        await feed.event()

        assert await feed.block() == ": reconnect"


async def test_cache_size_is_bounded(
    service_with_auth: Service, auth: AuthSession, monkeypatch: Any
) -> None:
    monkeypatch.setattr(access_token_directory, "MAX_CACHED", 2)
    people = [holder(service_with_auth, auth, "tasks") for _ in range(3)]

    for person in [*people, people[2], people[0]]:
        await person.get("tasks")

    assert auth.verifications == 4  # the third is still cached, the first was evicted


async def test_sign_out_missing_in_redis_is_read_from_auth_session(
    start_service: StartService, auth: AuthSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todochat.identity.revocation_feed.POLL_S", 0.05)
    service = await start_service(auth_session_url=auth.url)
    ada = service.person()
    async with ada.feed() as feed:
        await feed.event()

        auth.revoked[ada.sid] = time.time() + 900

        assert await feed.block() == ": unauthorized"
    assert (await ada.get("tasks")).status_code == 401


async def test_full_redis_rejects_only_revoked_sessions(
    start_service: StartService, auth: AuthSession, redis: Redis
) -> None:
    service = await start_service(auth_session_url=auth.url, requests_per_minute=1)
    ada, bob = service.person(), service.person()

    async with out_of_memory(redis):
        await redis.publish(REVOCATIONS_CHANNEL, bob.sid)
        statuses = [(await ada.get("tasks")).status_code for _ in range(3)]

        async def is_refused() -> bool:
            return (await bob.get("tasks")).status_code == 401

        await wait_until(is_refused)

    assert statuses == [200, 200, 200]
