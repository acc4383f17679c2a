"""What the process opens at start and closes in reverse order."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import aiohttp
from litestar import Litestar
from litestar.datastructures import State

from chat_gateway.background import repeat
from chat_gateway.clients.agent_client import AgentClient
from chat_gateway.clients.file_client import FileClient
from chat_gateway.clients.history_client import HistoryClient
from chat_gateway.file_service import FileService
from chat_gateway.history_service import HistoryService
from chat_gateway.service import ChatService
from chat_gateway.settings import ChatGatewaySettings
from chat_gateway.streams.abandonment import AbsenceWatch
from chat_gateway.streams.admission import Admission
from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.relay import Relay
from chat_gateway.streams.sign_outs import RECHECK_S, SignOuts
from chat_gateway.streams.viewer_leases import RENEW_S, ViewerLeases
from todochat.bus import RunHub
from todochat.bus.redis_client import RedisClient, create_redis, redis_memory
from todochat.contracts.uploads import LinkSigner
from todochat.http.client import ServiceClient
from todochat.identity.jwks import JwksCache
from todochat.identity.revocation import RevocationSet
from todochat.identity.revocation_feed import RevocationFeed
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.identity.tokens import TokenVerifier

SWEEP_S: Final = 1.0
ARROWS: Final = (Arrow.GATEWAY_TO_AGENT, Arrow.GATEWAY_TO_AUTH)


@asynccontextmanager
async def open_gateway(app: Litestar) -> AsyncIterator[None]:
    """Open Redis, the client of todo-agent and the run hub, and start the repeated jobs."""
    settings: ChatGatewaySettings = app.state.settings
    async with AsyncExitStack() as stack:
        redis = create_redis(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        hub = RunHub(redis)
        await hub.start()
        stack.push_async_callback(hub.aclose)
        jobs = _wire(app.state, settings, redis, session, hub)
        for job in jobs:
            stack.push_async_callback(_stop, asyncio.create_task(job))
        yield


async def check_redis(state: State) -> None:
    """Raise if Redis can't be reached: without it nothing can be admitted or relayed."""
    await state.redis.ping()


def _wire(
    state: State,
    settings: ChatGatewaySettings,
    redis: RedisClient,
    session: aiohttp.ClientSession,
    hub: RunHub,
) -> list[Coroutine[Any, Any, None]]:
    """Put the parts together on `state`; return the jobs to run beside the requests."""
    tokens = ServiceTokens.from_settings(settings, *ARROWS)
    client = ServiceClient(
        settings.todo_agent_url,
        session,
        tokens,
        Arrow.GATEWAY_TO_AGENT,
        timeout_s=settings.agent_timeout_s,
    )
    auth_session = ServiceClient(
        settings.auth_session_url, session, tokens, Arrow.GATEWAY_TO_AUTH, max_tries=1
    )
    revocations = RevocationSet(redis)
    feed = RevocationFeed(auth_session, revocations)
    admission = Admission(redis, revocations, settings)
    open_streams = OpenStreams()
    presence = ViewerLeases(redis, revocations, settings.abandon_grace_s)
    service = ChatService(AgentClient(client), admission, hub)
    absence = AbsenceWatch(redis, service.cancel_abandoned)
    sign_outs = SignOuts(redis, hub, open_streams, revocations)

    async def renew_leases() -> None:
        await presence.renew(open_streams)

    state.redis = redis
    state.gauges.add(redis_memory(redis))
    state.hub = hub
    state.verifier = TokenVerifier(
        settings.todochat_issuer, JwksCache(settings.auth_jwks_url, session, redis)
    )
    state.service = service
    state.file_service = FileService(FileClient(client), admission)
    state.history_service = HistoryService(HistoryClient(client), admission)
    state.link_signer = LinkSigner(tokens.keys(Arrow.GATEWAY_TO_AGENT))
    state.relay = Relay(
        hub, open_streams, presence, state.drain, slow_viewer_s=settings.slow_viewer_s
    )
    state.drain.on_drain(open_streams.drain)
    return [
        repeat(renew_leases, every_s=RENEW_S),
        repeat(absence.sweep, every_s=SWEEP_S),
        repeat(sign_outs.recheck, every_s=RECHECK_S),
        feed.run(),
    ]


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait((task,))
