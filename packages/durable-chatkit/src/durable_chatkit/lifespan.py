"""Opens the resources of an API process and closes them in reverse order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import structlog
from litestar import Litestar
from litestar.datastructures import State

from durable_chatkit.chat_service import ChatService, RunBacklog
from durable_chatkit.chatkit.acceptance import Acceptance
from durable_chatkit.chatkit.attachment_links import AttachmentLinks
from durable_chatkit.chatkit.attachments import AttachmentService, FileLimits
from durable_chatkit.chatkit.budgets import NO_BUDGETS, Budgets
from durable_chatkit.chatkit.dictation import Dictation, Transcriber
from durable_chatkit.chatkit.history_service import HistoryService
from durable_chatkit.chatkit.live_widgets import LiveStore, RefreshWidgets, open_refresh
from durable_chatkit.chatkit.server import AcceptingServer
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.erasure import AccountEraser, AccountGuard
from durable_chatkit.events.run_results import RunResults
from durable_chatkit.events.run_signals import RunSignals
from durable_chatkit.hosting.attachments import HostedAttachmentStore
from durable_chatkit.hosting.building import build_server
from durable_chatkit.hosting.requests import HostedRequests
from durable_chatkit.hosting.store import HostedStore
from durable_chatkit.queue_metrics import api_gauges
from durable_chatkit.services import Services
from durable_chatkit.settings import ChatSettings
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.storage.user_run_repository import UserRunRepository
from todochat.bus import RunHub
from todochat.bus.redis_client import create_redis
from todochat.contracts.uploads import LinkSigner
from todochat.database import Database, create_engine
from todochat.database.checked import open_checked_database
from todochat.identity.service_tokens import Arrow, ServiceTokens

ARROWS: Final = (Arrow.GATEWAY_TO_AGENT, Arrow.AUTH_TO_AGENT)

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_stores(app: Litestar) -> AsyncIterator[None]:
    """Open the database and Redis, and build the services."""
    settings: ChatSettings = app.state.settings
    name = f"{settings.service_name}-api"
    url, pool_size = settings.database_url, settings.database_pool_size
    engine = create_engine(url, application_name=name, pool_size=pool_size)
    url = settings.jobs_database_url
    jobs_engine = create_engine(url, application_name=f"{name}-jobs", pool_size=1)
    async with AsyncExitStack() as stack:
        database = app.state.database = await open_checked_database(stack, app.state, engine)
        jobs = await open_checked_database(stack, app.state, jobs_engine)
        app.state.jobs_database = jobs
        redis = create_redis(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        hub = RunHub(redis)
        await hub.start()
        stack.push_async_callback(hub.aclose)
        tokens = app.state.service_tokens = ServiceTokens.from_settings(settings, *ARROWS)
        signer = LinkSigner(tokens.keys(Arrow.GATEWAY_TO_AGENT))
        links = AttachmentLinks(settings.public_url, signer)
        attachments = AttachmentService(database, links, FileLimits.from_settings(settings))
        store = PostgresStore(database, links, settings.agent_name)
        server = AcceptingServer(store)
        refresh = await stack.enter_async_context(open_refresh(settings))
        signals = RunSignals(redis)
        accounts = AccountGuard(database)
        # The offline assistant costs nothing, so it works even after the budgets are used up.
        budgets = Budgets.from_settings(settings) if settings.has_model_server else NO_BUDGETS
        acceptance = Acceptance(
            database,
            server,
            signals,
            max_active_runs=settings.max_runs_per_user,
            log_quota_bytes=settings.log_bytes_per_user,
            budgets=budgets,
            agent=settings.agent_name,
        )
        queue = RunRepository(jobs, settings.agent_name)
        for source in api_gauges(jobs, budgets, settings.agent_name):
            app.state.gauges.add(source)
        app.state.services = Services(
            chat=ChatService(
                server=server,
                reader=_build_reader(server, settings, database, links, refresh),
                acceptance=acceptance,
                runs=UserRunRepository(database),
                backlog=RunBacklog(queue, settings.max_queued_runs),
                signals=signals,
                results=RunResults(hub),
                attachments=attachments,
                dictation=Dictation(await _open_transcriber(settings, stack)),
                accounts=accounts,
                hosted=await _open_hosted(settings, stack, store, attachments, refresh),
            ),
            attachments=attachments,
            history=HistoryService(database),
            accounts=accounts,
            eraser=AccountEraser(database, redis, signals),
        )
        yield


def _build_reader(
    server: AcceptingServer,
    settings: ChatSettings,
    database: Database,
    links: AttachmentLinks,
    refresh: RefreshWidgets | None,
) -> AcceptingServer:
    """Return the server that loads items: with fresh widgets if the assistant has such."""
    if refresh is None:
        return server
    return AcceptingServer(LiveStore(database, links, settings.agent_name, refresh))


async def check_databases(state: State) -> None:
    """Raise if PostgreSQL is unreachable, or until the roles have been checked."""
    await state.jobs_database.check()
    await state.database.ping()


async def _open_transcriber(settings: ChatSettings, stack: AsyncExitStack) -> Transcriber | None:
    if not settings.transcription_model:
        return None
    # Imported here because the client is slow to load and most installations don't need it.
    from durable_chatkit.agent.transcription import open_transcriber  # noqa: PLC0415

    return await stack.enter_async_context(open_transcriber(settings))


async def _open_hosted(
    settings: ChatSettings,
    stack: AsyncExitStack,
    store: PostgresStore,
    uploads: AttachmentService,
    refresh: RefreshWidgets | None,
) -> HostedRequests | None:
    """Build the adopter's server if TODO_AGENT_FACTORY names one."""
    if settings.factory == settings.own_factory:
        return None
    # Imported here because the service's own agent never runs in the API.
    from durable_chatkit.agent.environment import open_environment  # noqa: PLC0415
    from durable_chatkit.agent.factory import load_entry_point  # noqa: PLC0415

    environment, _ = await stack.enter_async_context(open_environment(settings))
    entry_point = await load_entry_point(settings.factory, environment)
    log.info("api.entry_point", kind=entry_point.kind, detail=entry_point.describe())
    if entry_point.server is None:
        return None
    hosted = build_server(
        entry_point.server, HostedStore(store, refresh), HostedAttachmentStore(store, uploads)
    )
    return HostedRequests(hosted, store)
