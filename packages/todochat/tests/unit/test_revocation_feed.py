"""Polling revoked sessions from auth-session."""

import time
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from todochat.bus.redis_client import create_redis
from todochat.http.client import ServiceClient, UpstreamError, UpstreamProblemError
from todochat.identity import revocation
from todochat.identity.revocation import RevocationSet
from todochat.identity.revocation_feed import PATH, RevocationFeed
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.testing import free_port

NOW = int(time.time())
A_DAY_S = 86_400  # longer than any test run: `NOW` is the time of the import
MakeFeed = Callable[[str], RevocationFeed]


class AuthSession:
    """Responds with `pages` in order and records requests."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.pages: list[dict[str, object]] = []
        app = web.Application()
        app.router.add_get(PATH, self.answer)
        self.server = TestServer(app)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        return web.json_response(self.pages.pop(0)) if self.pages else web.Response(status=503)

    def will_say(self, *sids: str, more: str | None = None, as_of: int = NOW) -> None:
        items = [{"sid": sid, "until": NOW + A_DAY_S} for sid in sids]
        self.pages.append({"items": items, "next": more, "as_of": as_of})


@pytest.fixture
async def auth() -> AsyncIterator[AuthSession]:
    auth = AuthSession()
    async with auth.server:
        yield auth


@pytest.fixture
async def revoked() -> AsyncIterator[RevocationSet]:
    """Revocations of a process without Redis."""
    redis = create_redis(f"redis://127.0.0.1:{free_port()}/0")
    yield RevocationSet(redis)
    await redis.aclose()


@pytest.fixture
async def make_feed(revoked: RevocationSet) -> AsyncIterator[MakeFeed]:
    tokens = ServiceTokens({Arrow.TASKS_TO_AUTH: [b"k" * 32]})
    async with aiohttp.ClientSession() as session:

        def make(url: str) -> RevocationFeed:
            client = ServiceClient(url, session, tokens, Arrow.TASKS_TO_AUTH, max_tries=1)
            return RevocationFeed(client, revoked)

        yield make


async def test_first_poll_reads_all_pages_and_later_ones_only_new_sessions(
    auth: AuthSession, revoked: RevocationSet, make_feed: MakeFeed
) -> None:
    feed = make_feed(str(auth.server.make_url("")))
    auth.will_say("ses_1", "ses_2", more="ses_2", as_of=NOW)
    auth.will_say("ses_3", as_of=NOW + 1)
    auth.will_say("ses_4")

    await feed.poll()
    await feed.poll()

    assert all(f"ses_{number}" in revoked for number in (1, 2, 3, 4))
    assert auth.asked == [
        {"since": "0", "after": ""},
        {"since": "0", "after": "ses_2"},
        {"since": str(NOW - 60), "after": ""},
    ]


async def test_interrupted_poll_starts_over(
    auth: AuthSession, revoked: RevocationSet, make_feed: MakeFeed
) -> None:
    feed = make_feed(str(auth.server.make_url("")))
    auth.will_say("ses_1", more="ses_1")
    with pytest.raises(UpstreamProblemError):
        await feed.poll()
    auth.will_say("ses_1", "ses_2")

    await feed.poll()

    assert "ses_2" in revoked
    assert auth.asked[-1] == {"since": "0", "after": ""}


async def test_known_sessions_stay_revoked_without_auth_session(
    revoked: RevocationSet, make_feed: MakeFeed
) -> None:
    revoked.add("ses_1", NOW + A_DAY_S)

    with pytest.raises(UpstreamError):
        await make_feed(f"http://127.0.0.1:{free_port()}").poll()

    assert "ses_1" in revoked


async def test_callbacks_get_each_session_once(revoked: RevocationSet) -> None:
    heard: list[str] = []
    revoked.on_revoked(heard.append)

    revoked.hear("ses_1")
    revoked.add("ses_1", NOW + A_DAY_S)
    revoked.hear("ses_1")

    assert heard == ["ses_1"]
    assert "ses_1" in revoked


async def test_expired_sessions_are_dropped(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation, "MAX_REVOKED", 2)
    revoked = RevocationSet(redis)
    revoked.add("ses_expired", NOW - 60)
    revoked.add("ses_1", NOW + A_DAY_S)

    revoked.add("ses_2", NOW + A_DAY_S)
    revoked.add("ses_3", NOW + A_DAY_S)

    assert [sid in revoked for sid in ("ses_1", "ses_2", "ses_3")] == [True, True, False]
