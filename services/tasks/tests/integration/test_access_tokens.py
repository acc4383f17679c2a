"""Personal access tokens: verified by auth-session, remembered for a moment."""

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
    """auth-session's internal route, and how often it was asked."""

    def __init__(self) -> None:
        self.tokens: dict[str, dict[str, Any]] = {}
        self.revoked: dict[str, float] = {}
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
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
        self.asked += 1
        await self.may_answer.wait()
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
    """Somebody whose program calls with an access token."""
    token, known = auth.issue(*scopes, **fields)
    return service.person(known["user_id"], token=token)


async def test_a_token_for_tasks_reads_and_writes(
    service_with_auth: Service, auth: AuthSession
) -> None:
    ada = holder(service_with_auth, auth, "tasks")

    await ada.make_task("from a script")

    assert await ada.titles() == ["from a script"]


async def test_a_token_for_chat_alone_opens_no_tasks(
    service_with_auth: Service, auth: AuthSession
) -> None:
    ada = holder(service_with_auth, auth, "chat")

    answer = await ada.get("tasks")

    assert answer.status_code == 403


async def test_a_token_opens_nobody_elses_path(
    service_with_auth: Service, auth: AuthSession
) -> None:
    token, _ = auth.issue("tasks")
    stranger = service_with_auth.person(token=token)

    answer = await stranger.get("tasks")

    assert answer.status_code == 403


async def test_an_answer_serves_requests_of_the_next_seconds(
    service_with_auth: Service, auth: AuthSession
) -> None:
    ada = holder(service_with_auth, auth, "tasks")

    for _ in range(5):
        await ada.get("tasks")

    assert auth.asked == 1


async def test_requests_that_come_together_ask_once(
    service_with_auth: Service, auth: AuthSession
) -> None:
    ada = holder(service_with_auth, auth, "tasks")
    auth.may_answer.clear()

    requests = [asyncio.create_task(ada.get("tasks")) for _ in range(5)]
    await wait_until(lambda: auth.asked == 1)
    auth.may_answer.set()
    answers = await asyncio.gather(*requests)

    assert [answer.status_code for answer in answers] == [200] * 5
    assert auth.asked == 1


async def test_an_unknown_token_is_refused_and_asked_for_once(
    service_with_auth: Service, auth: AuthSession
) -> None:
    stranger = service_with_auth.person(token=new_access_token())

    answers = [await stranger.get("tasks") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert auth.asked == 1


async def test_a_mistyped_token_is_refused_without_asking(
    service_with_auth: Service, auth: AuthSession
) -> None:
    token, known = auth.issue("tasks")
    swapped = token[:-2] + token[-1] + token[-2] if token[-1] != token[-2] else token[:-1] + "-"
    ada = service_with_auth.person(known["user_id"], token=swapped)

    answer = await ada.get("tasks")

    assert answer.status_code == 401
    assert auth.asked == 0


async def test_without_auth_session_an_unchecked_token_is_a_503(
    start_service: StartService, auth: AuthSession
) -> None:
    service = await start_service(auth_session_url=f"http://127.0.0.1:{free_port()}")
    ada = holder(service, auth, "tasks")

    answer = await ada.get("tasks")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


async def test_frozen_auth_session_delays_one_request_not_each(
    start_service: StartService, auth: AuthSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifespan, "VERIFY_TIMEOUT_S", 0.2)
    monkeypatch.setattr(access_token_directory, "UNREACHABLE_S", 60)
    service = await start_service(auth_session_url=auth.url)
    people = [holder(service, auth, "tasks") for _ in range(5)]
    auth.may_answer.clear()

    answers = [await person.get("tasks") for person in people]
    auth.may_answer.set()

    assert [answer.status_code for answer in answers] == [503] * 5
    assert auth.asked == 1


async def test_while_auth_session_is_away_a_checked_token_goes_on(
    service_with_auth: Service, auth: AuthSession
) -> None:
    ada = holder(service_with_auth, auth, "tasks")
    await ada.get("tasks")
    await auth.server.close()

    answer = await ada.get("tasks")

    assert answer.status_code == 200


async def test_a_revoked_token_is_refused_although_it_is_remembered(
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


async def test_a_revoked_tokens_feed_ends(
    service_with_auth: Service, auth: AuthSession, redis: Redis
) -> None:
    token, known = auth.issue("tasks")
    ada = service_with_auth.person(known["user_id"], token=token)

    async with ada.feed() as feed:
        await feed.event()
        await redis.publish(REVOCATIONS_CHANNEL, known["sid"])

        assert await feed.block() == ": unauthorized"


async def test_a_feed_ends_with_its_token(service_with_auth: Service, auth: AuthSession) -> None:
    soon = to_wire(utc_now() + timedelta(seconds=1))
    ada = holder(service_with_auth, auth, "tasks", expires_at=soon)

    async with ada.feed() as feed:
        await feed.event()

        assert await feed.block() == ": reconnect"


async def test_what_is_remembered_is_bounded(
    service_with_auth: Service, auth: AuthSession, monkeypatch: Any
) -> None:
    monkeypatch.setattr(access_token_directory, "MAX_CACHED", 2)
    people = [holder(service_with_auth, auth, "tasks") for _ in range(3)]

    for person in [*people, people[2], people[0]]:
        await person.get("tasks")

    assert auth.asked == 4  # the third was remembered, the first no longer


async def test_a_sign_out_that_redis_never_told_of_is_read_from_auth_session(
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


async def test_a_full_redis_lets_everybody_in_but_the_signed_out(
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
