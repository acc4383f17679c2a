"""The worker process: a health and metrics server with the worker in its lifespan."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final

import structlog
from agents import Agent, Model, set_tracing_disabled
from chatkit.server import ChatKitServer
from litestar import Litestar
from litestar.datastructures import State

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.attached_files import AttachedFiles
from durable_chatkit.agent.entry_point import EntryPoint
from durable_chatkit.agent.environment import open_environment
from durable_chatkit.agent.event_merge import merge_iterators
from durable_chatkit.agent.factory import (
    import_entry_point,
    load_entry_point,
)
from durable_chatkit.agent.history import HistoryLimits
from durable_chatkit.agent.hook_check import check_hooks
from durable_chatkit.agent.mcp_servers import McpConnections
from durable_chatkit.agent.model_config import (
    ConfiguredModel,
    check_model_settings,
    set_api_key,
)
from durable_chatkit.agent.run_context import EventQueue
from durable_chatkit.agent.run_models import RunModels
from durable_chatkit.agent.sdk_hooks import install
from durable_chatkit.agent.usage import UsageMeter, parse_prices
from durable_chatkit.chatkit.attachment_links import AttachmentLinks
from durable_chatkit.chatkit.attachments import FileLimits
from durable_chatkit.chatkit.budgets import Budgets
from durable_chatkit.chatkit.image_store import ImageStore
from durable_chatkit.chatkit.private_api import use_event_queue, use_merge
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.hosting.attachments import HostedAttachmentStore
from durable_chatkit.hosting.building import build_server
from durable_chatkit.hosting.store import HostedStore
from durable_chatkit.settings import ChatSettings
from durable_chatkit.storage.purges import purge_erasures, purge_unattached_files, purge_usage
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.storage.usage_repository import UsageRepository
from durable_chatkit.storage.user_run_repository import UserRunRepository
from durable_chatkit.worker.databases import RunDatabase, WorkerDatabases, open_databases
from durable_chatkit.worker.driver import DriverResources
from durable_chatkit.worker.housekeeping import Housekeeping
from durable_chatkit.worker.leases import DEFAULT_TIMES, WorkerTimes
from durable_chatkit.worker.pump import ignore_abandoned_tasks
from durable_chatkit.worker.warm_up import warm_up
from durable_chatkit.worker.worker import Worker
from todochat.background import PeriodicJob, running_jobs, running_task
from todochat.bus import RunPublisher
from todochat.bus.redis_client import create_redis
from todochat.clock import utc_now
from todochat.contracts.uploads import LinkSigner
from todochat.database import Database
from todochat.http.app import create_app
from todochat.http.draining import Drain
from todochat.http.refusal import refuse_bad_settings
from todochat.http.server import exit_with, run
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.ids import new_id
from todochat.settings import SettingsError

HOUR_S: Final = 3600
KEEP_UNATTACHED_S: Final = 24 * HOUR_S  # how long a file waits for its message
# Longer than a client secret is valid. A user of an external issuer may return with the same ID.
KEEP_ERASURES_S: Final = 2 * HOUR_S
PURGE_TIMEOUT_S: Final = 300.0

log = structlog.get_logger(__name__)


def arrows_of(settings: type[ChatSettings]) -> tuple[Arrow, ...]:
    """Return the arrows whose keys a worker needs.

    GATEWAY_TO_AGENT signs links to files, which the gateway verifies.
    """
    return (*settings.tool_arrows, Arrow.GATEWAY_TO_AGENT)


def run_worker(settings: ChatSettings) -> None:
    """Run the worker until SIGTERM, then release its runs; exits with 2 on an invalid setting."""
    try:
        check_model_settings(settings)
        parse_prices(settings)
        set_api_key(settings)
        import_entry_point(settings.factory)
        ServiceTokens.from_settings(settings, *arrows_of(type(settings)))
    except SettingsError as error:
        exit_with(str(error))
    run(create_worker_app(settings), settings, host=settings.worker_host, port=settings.worker_port)


def create_worker_app(settings: ChatSettings) -> Litestar:
    """Build the application that runs the worker in its lifespan."""
    return create_app(
        name=f"{settings.service_name}-worker",
        settings=settings,
        route_handlers=[],
        lifespan=[refuse_bad_settings(run_in_background)],  # the entry point is loaded there
        ready_checks={
            "postgres": lambda state: state.databases.ping(),
            "redis": lambda state: state.redis.ping(),
        },
    )


@asynccontextmanager
async def run_in_background(app: Litestar) -> AsyncIterator[None]:
    """Run the worker, its housekeeping and its warm-up until the application stops."""
    settings: ChatSettings = app.state.settings
    drain: Drain = app.state.drain
    async with AsyncExitStack() as stack:
        worker = await open_worker(settings, app.state, stack)
        jobs: Database = app.state.databases.jobs
        housekeeping = Housekeeping(
            RunRepository(jobs),
            {
                "attachments": partial(purge_unattached_files, jobs, KEEP_UNATTACHED_S),
                "usage": lambda: purge_usage(jobs, utc_now().date(), settings.usage_retention_days),
                "erasures": partial(purge_erasures, jobs, KEEP_ERASURES_S),
            },
            keep_runs_s=settings.runs_retention_days * 24 * HOUR_S,
            keep_steps_s=settings.journal_retention_h * HOUR_S,
        )
        job = PeriodicJob(
            name="worker-housekeeping",
            run=housekeeping.purge_all,
            interval_s=DEFAULT_TIMES.housekeeping_s,
            timeout_s=PURGE_TIMEOUT_S,
            retry_s=DEFAULT_TIMES.housekeeping_s,
            jitter=0.25,
            waits_first=True,
            expected=(Exception,),  # an outage of PostgreSQL; the next run retries
        )
        await stack.enter_async_context(running_jobs(job))

        async def stop_claiming() -> None:
            await drain.wait_begun()
            worker.stop_claiming()

        await stack.enter_async_context(running_task("worker-drain", stop_claiming()))
        # Concurrent with readiness: a run that arrives during the warm-up is just a bit slower.
        warming_up = warm_up(settings)
        await stack.enter_async_context(running_task("worker-warm-up", warming_up))
        try:
            yield
        finally:
            await worker.aclose(settings.drain_timeout_s)


async def open_worker(
    settings: ChatSettings,
    state: State,
    stack: AsyncExitStack,
    times: WorkerTimes = DEFAULT_TIMES,
) -> Worker:
    """Open the worker's resources and start it; `stack` closes everything."""
    set_tracing_disabled(disabled=True)  # the SDK's traces would go to OpenAI
    databases = await open_databases(settings, f"{settings.service_name}-worker", state, stack)
    redis = create_redis(settings.redis_url)
    stack.push_async_callback(redis.aclose)
    publisher = RunPublisher(redis)
    await publisher.start()
    stack.push_async_callback(publisher.aclose)
    environment, model = await stack.enter_async_context(open_environment(settings))
    install()
    use_event_queue(EventQueue)
    use_merge(merge_iterators)
    ignore_abandoned_tasks(asyncio.get_running_loop())
    await check_hooks()
    entry_point = await load_entry_point(settings.factory, environment)
    entry_point.check_tools(settings)
    log.info("worker.entry_point", kind=entry_point.kind, detail=entry_point.describe())
    mcp = McpConnections()
    stack.push_async_callback(mcp.aclose)
    if entry_point.assistant is not None and isinstance(entry_point.assistant.agent, Agent):
        mcp.open(entry_point.assistant.agent)
    state.databases = databases
    state.redis = redis
    resources = _driver_resources(settings, databases, publisher, model, entry_point, times, mcp)
    worker = Worker(
        new_id("wrk"),
        agent=settings.agent_name,
        databases=databases,
        redis=redis,
        resources=resources,
        concurrency=settings.worker_concurrency,
        times=times,
    )
    await worker.start()
    return worker


def _driver_resources(
    settings: ChatSettings,
    databases: WorkerDatabases,
    publisher: RunPublisher,
    configured: ConfiguredModel,
    entry_point: EntryPoint,
    times: WorkerTimes,
    mcp: McpConnections,
) -> DriverResources:
    jobs = RunDatabase(databases.jobs.engine)
    tokens = ServiceTokens.from_settings(settings, Arrow.GATEWAY_TO_AGENT)
    links = AttachmentLinks(settings.public_url, LinkSigner(tokens.keys(Arrow.GATEWAY_TO_AGENT)))
    app = RunDatabase(databases.app.engine)
    store = PostgresStore(app, links, settings.agent_name)
    budgets, prices = Budgets.from_settings(settings), parse_prices(settings)
    meter = UsageMeter(UsageRepository(jobs), budgets, prices, configured.name)
    responder: Assistant | ChatKitServer[Any]
    assistant = entry_point.assistant
    if assistant is None:
        responder = build_server(
            entry_point.server, HostedStore(store), HostedAttachmentStore(store, uploads=None)
        )
    elif assistant.attachment_to_input is not None:
        responder = assistant
    else:  # by default it gets attached files as its model reads them
        named = assistant.agent.model if isinstance(assistant.agent, Agent) else None
        model = named if isinstance(named, Model) else configured.model
        files = AttachedFiles(
            store,
            reads_files=getattr(model, "reads_files", True),
            reads_images=settings.images == "auto",
        )
        responder = dataclasses.replace(assistant, attachment_to_input=files.to_input)
    return DriverResources(
        runs=RunRepository(jobs),
        user_runs=UserRunRepository(app),
        store=store,
        images=ImageStore(app, links, FileLimits.from_settings(settings)),
        links=links,
        publisher=publisher,
        responder=responder,
        models=RunModels(configured, meter),
        history=HistoryLimits(settings.history_max_items, settings.history_max_chars),
        max_turns=settings.max_turns,
        shows_reasoning=settings.show_reasoning == "summary",
        stream_window_s=settings.stream_window_ms / 1000,
        log_quota_bytes=settings.log_bytes_per_user,
        times=times,
        mcp=mcp,
    )
