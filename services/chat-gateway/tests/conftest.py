"""Fakes of the services around the gateway, in one HTTP server that follows their contracts."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from agent_kit import ISSUER, SERVICE_SECRET, FakeAgent, MakeSecret
from aiohttp import web
from redis.asyncio import Redis

from todochat.bus import RunPublisher
from todochat.identity.tokens import SigningKey, TokenIssuer


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    return SigningKey.generate()


@pytest_asyncio.fixture
async def agent(redis: Redis, signing_key: SigningKey) -> AsyncIterator[FakeAgent]:
    publisher = RunPublisher(redis)
    await publisher.start()
    fake = FakeAgent(redis, publisher)

    async def jwks(_request: web.Request) -> web.Response:
        return web.json_response({"keys": [signing_key.public_jwk()]})

    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.add_routes(
        [
            web.get("/.well-known/jwks.json", jwks),
            web.get("/internal/revocations", fake.read_revocations),
            web.post("/internal/chatkit", fake.chat),
            web.get("/internal/runs", fake.find_runs),
            web.get("/internal/runs/{run_id}", fake.get_run),
            web.post("/internal/runs/{run_id}/cancel", fake.cancel),
            web.get("/internal/assistant", fake.assistant),
            web.get("/internal/search", fake.search),
            web.get("/internal/search/threads", fake.search_threads),
            web.get("/internal/export", fake.export),
            web.post("/internal/attachments", fake.upload),
            web.post("/internal/attachments/{attachment_id}/content", fake.upload),
            web.get("/internal/attachments/{attachment_id}/content", fake.read_file),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    await runner.cleanup()
    await publisher.aclose()


@pytest.fixture
def make_secret(signing_key: SigningKey) -> MakeSecret:
    """Create client secrets as auth-session does."""

    def make(user_id: str = "usr_ann", sid: str = "ses_1", *, ttl_s: int = 3600) -> str:
        issuer = TokenIssuer(ISSUER, signing_key)
        return issuer.client_secret(user_id, sid, int(time.time()), ttl_s=ttl_s)[0]

    return make


@pytest.fixture
def environ(agent: FakeAgent, redis_url: str) -> dict[str, str]:
    """A gateway's environment; tests override single variables."""
    return {
        "REDIS_URL": redis_url,
        "TODO_AGENT_URL": agent.url,
        "AUTH_SESSION_URL": agent.url,
        "AUTH_JWKS_URL": f"{agent.url}/.well-known/jwks.json",
        "TODOCHAT_ISSUER": ISSUER,
        "TODOCHAT_SERVICE_SECRET": SERVICE_SECRET,
        "CHAT_GATEWAY_PORT": "0",
        "DRAIN_DELAY_S": "0",
        "DRAIN_TIMEOUT_S": "5",
        "LOG_LEVEL": "error",
    }
