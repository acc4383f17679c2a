"""Connections, services and background jobs of the process; closed in reverse order."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

import aiohttp
from litestar import Litestar
from litestar.datastructures import State

from chat_gateway.clients.agent_client import AgentClient
from chat_gateway.clients.attachment_client import AttachmentClient
from chat_gateway.clients.history_client import HistoryClient
from chat_gateway.http.history_controller import MAX_EXPORTS
from chat_gateway.run_service import PublicRunService
from chat_gateway.services import Services
from chat_gateway.settings import ChatGatewaySettings
from chat_gateway.streams.abandonment import AbandonedRunSweeper
from chat_gateway.streams.admission import AdmissionControl
from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.redis_guard import REDIS_ERRORS
from chat_gateway.streams.relay import Relay
from chat_gateway.streams.sign_out_watcher import RECHECK_S, SignOutWatcher
from chat_gateway.streams.viewer_leases import RENEW_S, ViewerLeases
from todochat.background import PeriodicJob, running_jobs
from todochat.bus import RunHub
from todochat.bus.redis_client import create_redis, redis_memory
from todochat.contracts.uploads import LinkSigner
from todochat.http.client import ServiceClient
from todochat.http.concurrency_limit import ConcurrencyLimit
from todochat.identity.jwks import JwksCache
from todochat.identity.revocation import RevocationSet
from todochat.identity.revocation_feed import RevocationFeed
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.identity.tokens import TokenVerifier

SWEEP_S: Final = 1.0
JOB_TIMEOUT_S: Final = 10.0
SWEEP_TIMEOUT_S: Final = 60.0  # a batch of calls to todo-agent
ARROWS: Final = (Arrow.GATEWAY_TO_AGENT, Arrow.GATEWAY_TO_AUTH)


@asynccontextmanager
async def open_gateway(app: Litestar) -> AsyncIterator[None]:
    """Open Redis, the HTTP clients and the run hub; start the background jobs."""
    state: State = app.state
    settings: ChatGatewaySettings = state.settings
    async with AsyncExitStack() as stack:
        redis = create_redis(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        hub = RunHub(redis)
        await hub.start()
        stack.push_async_callback(hub.aclose)
        tokens = ServiceTokens.from_settings(settings, *ARROWS)
        open_api = partial(
            ServiceClient,
            session=session,
            tokens=tokens,
            arrow=Arrow.GATEWAY_TO_AGENT,
            timeout_s=settings.agent_timeout_s,
        )
        todo_agent = open_api(settings.todo_agent_url)
        auth_session = ServiceClient(
            settings.auth_session_url, session, tokens, Arrow.GATEWAY_TO_AUTH, max_tries=1
        )
        revocations = RevocationSet(redis)
        open_streams = OpenStreams()
        leases = ViewerLeases(redis, revocations, settings.abandon_grace_s)
        agent = AgentClient(todo_agent)
        agents: dict[str | None, AgentClient] = {None: agent}
        for name, url in settings.agent_urls.items():
            agents[name] = AgentClient(open_api(url), name)

        state.forwarded_headers = settings.forwarded_headers
        state.redis = redis
        state.gauges.add(redis_memory(redis))
        state.drain.on_drain(open_streams.drain)
        state.services = Services(
            verifier=TokenVerifier(
                settings.todochat_issuer, JwksCache(settings.auth_jwks_url, session, redis)
            ),
            link_signer=LinkSigner(tokens.keys(Arrow.GATEWAY_TO_AGENT)),
            admission=AdmissionControl(redis, revocations, settings),
            agents=agents,
            attachments=AttachmentClient(todo_agent),
            history=HistoryClient(todo_agent),
            runs=PublicRunService(agents, hub),
            exports=ConcurrencyLimit(MAX_EXPORTS, "exports"),
            relay=Relay(
                hub, open_streams, leases, state.drain, slow_viewer_s=settings.slow_viewer_s
            ),
        )
        feed = RevocationFeed(auth_session, revocations)
        sweeper = AbandonedRunSweeper(redis, agent.cancel_abandoned_run)
        watcher = SignOutWatcher(redis, hub, open_streams, revocations)
        jobs = create_jobs(partial(leases.renew, open_streams), sweeper, watcher)
        async with running_jobs(feed.job(), *jobs):
            yield


def create_jobs(
    renew_leases: Callable[[], Awaitable[None]],
    sweeper: AbandonedRunSweeper,
    watcher: SignOutWatcher,
) -> list[PeriodicJob]:
    """Return the jobs that every gateway repeats."""
    job = partial(PeriodicJob, expected=REDIS_ERRORS, timeout_s=JOB_TIMEOUT_S)
    return [
        job(name="renew-leases", run=renew_leases, interval_s=RENEW_S),
        job(
            name="cancel-abandoned-runs",
            run=sweeper.sweep,
            interval_s=SWEEP_S,
            timeout_s=SWEEP_TIMEOUT_S,
        ),
        job(name="close-signed-out-streams", run=watcher.recheck, interval_s=RECHECK_S),
    ]


async def check_redis(state: State) -> None:
    """Raise if Redis is unreachable: nothing can be admitted or relayed without it."""
    await state.redis.ping()
