"""The worker process: health and metrics over HTTP, everything else in the background."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

import aiohttp
from agents import Model, set_tracing_disabled
from litestar import Litestar
from litestar.datastructures import State

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.attached_files import AttachedFiles
from durable_chatkit.agent.factory import AgentEnvironment, find_factory, load_assistant
from durable_chatkit.agent.history import HistoryLimits
from durable_chatkit.agent.model_config import ConfiguredModel, check_model_settings, open_model
from durable_chatkit.agent.usage import UsageMeter, parse_prices
from durable_chatkit.chatkit.attachment_links import AttachmentLinks
from durable_chatkit.chatkit.budgets import Budgets
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.settings import ChatSettings
from durable_chatkit.storage.purges import purge_erasures, purge_unattached_files, purge_usage
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.storage.usage_repository import UsageRepository
from durable_chatkit.worker.databases import WorkerDatabases, open_databases
from durable_chatkit.worker.driver_tools import DriverTools
from durable_chatkit.worker.housekeeping import Housekeeping
from durable_chatkit.worker.run_database import RunDatabase
from durable_chatkit.worker.times import DEFAULT_TIMES, WorkerTimes
from durable_chatkit.worker.warm_up import warm_up
from durable_chatkit.worker.worker import Worker
from todochat.bus import RunPublisher
from todochat.bus.redis_client import create_redis
from todochat.clock import utc_now
from todochat.contracts.uploads import LinkSigner
from todochat.http.app import create_app
from todochat.http.client import ServiceClient
from todochat.http.draining import Drain
from todochat.http.server import exit_with, run
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.ids import new_id
from todochat.settings import SettingsError

SERVICE_CONNECTIONS: Final = 100  # of the agent's tools to other services
HOUR_S: Final = 3600
DRAFTS_KEPT_S: Final = 24 * HOUR_S  # how long a file waits for its message
# Longer than a client secret lives; a person of an external issuer may come back under the same id.
ERASURES_KEPT_S: Final = 2 * HOUR_S


def arrows_of(settings: type[ChatSettings]) -> tuple[Arrow, ...]:
    """Return the arrows whose keys a worker needs.

    The gateway's own is for links to files, which the gateway verifies.
    """
    return (*settings.tool_arrows, Arrow.GATEWAY_TO_AGENT)


def run_worker(settings: ChatSettings) -> None:
    """Work until SIGTERM, then let go of the runs; exits with 2 on a bad setting."""
    try:
        check_model_settings(settings)
        parse_prices(settings)
        find_factory(settings.factory)
        ServiceTokens.from_settings(settings, *arrows_of(type(settings)))
    except SettingsError as error:
        exit_with(str(error))
    run(create_worker_app(settings), settings, host=settings.worker_host, port=settings.worker_port)


def create_worker_app(settings: ChatSettings) -> Litestar:
    """Build the application whose lifespan is the worker."""
    return create_app(
        name=f"{settings.service_name}-worker",
        settings=settings,
        route_handlers=[],
        lifespan=[_work],
        ready_checks={"postgres": _ping_database, "redis": _ping_redis},
    )


@asynccontextmanager
async def _work(app: Litestar) -> AsyncIterator[None]:
    settings: ChatSettings = app.state.settings
    async with AsyncExitStack() as stack:
        worker = await open_worker(settings, app.state, stack)
        await stack.enter_async_context(_background(app.state.drain, worker, app.state))
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
    """Open what a worker owns and start it; `stack` closes it all."""
    set_tracing_disabled(disabled=True)  # the SDK's traces would go to OpenAI
    databases = await open_databases(settings, f"{settings.service_name}-worker", state, stack)
    redis = create_redis(settings.redis_url)
    stack.push_async_callback(redis.aclose)
    publisher = RunPublisher(redis)
    await publisher.start()
    stack.push_async_callback(publisher.aclose)
    model = await stack.enter_async_context(open_model(settings))
    assistant = load_assistant(settings.factory, await _environment(settings, model, stack))
    agent = state.agent = assistant.agent
    state.databases = databases
    state.redis = redis
    store = PostgresStore(RunDatabase(databases.app.engine), _links(settings))
    used = agent.model if isinstance(agent.model, Model) else model.model
    tools = DriverTools(
        runs=RunRepository(RunDatabase(databases.jobs.engine)),
        store=store,
        publisher=publisher,
        assistant=_with_files(assistant, store, used, settings),
        model=used,
        model_name=model.name if used is model.model else type(used).__name__,
        meter=None if model.is_free and used is model.model else _meter(settings, databases, model),
        history=HistoryLimits(settings.history_max_items, settings.history_max_chars),
        max_turns=settings.max_turns,
        log_quota_bytes=settings.log_bytes_per_user,
        times=times,
    )
    worker = Worker(
        new_id("wrk"),
        databases=databases,
        redis=redis,
        tools=tools,
        concurrency=settings.worker_concurrency,
        times=times,
    )
    await worker.start()
    return worker


def _meter(
    settings: ChatSettings, databases: WorkerDatabases, model: ConfiguredModel
) -> UsageMeter:
    return UsageMeter(
        UsageRepository(RunDatabase(databases.jobs.engine)),
        Budgets.from_settings(settings),
        parse_prices(settings),
        model.name,
    )


def _with_files(
    assistant: Assistant, store: PostgresStore, model: Model, settings: ChatSettings
) -> Assistant:
    """Give an assistant that doesn't convert files itself our way of doing it."""
    if assistant.attachment_to_input is not None:
        return assistant
    files = AttachedFiles(
        store,
        reads_files=getattr(model, "reads_files", True),
        reads_images=settings.images == "auto",
    )
    return dataclasses.replace(assistant, attachment_to_input=files.to_input)


def _links(settings: ChatSettings) -> AttachmentLinks:
    tokens = ServiceTokens.from_settings(settings, Arrow.GATEWAY_TO_AGENT)
    signer = LinkSigner(tokens.keys(Arrow.GATEWAY_TO_AGENT))
    return AttachmentLinks(settings.public_url, signer)


async def _environment(
    settings: ChatSettings, model: ConfiguredModel, stack: AsyncExitStack
) -> AgentEnvironment:
    session = await stack.enter_async_context(
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=SERVICE_CONNECTIONS))
    )
    tokens = ServiceTokens.from_settings(settings, *settings.tool_arrows)
    return AgentEnvironment(
        settings=settings,
        model=model.model,
        model_settings=model.settings,
        service_client=lambda url, arrow: ServiceClient(url, session, tokens, arrow, max_tries=1),
    )


@asynccontextmanager
async def _background(drain: Drain, worker: Worker, state: State) -> AsyncIterator[None]:
    settings: ChatSettings = state.settings
    housekeeping = Housekeeping(
        RunRepository(state.databases.jobs),
        {
            "attachments": partial(purge_unattached_files, state.databases.jobs, DRAFTS_KEPT_S),
            "usage": lambda: purge_usage(
                state.databases.jobs, utc_now().date(), settings.usage_retention_days
            ),
            "erasures": partial(purge_erasures, state.databases.jobs, ERASURES_KEPT_S),
        },
        every_s=DEFAULT_TIMES.housekeeping_s,
        keep_runs_s=settings.runs_retention_days * 24 * HOUR_S,
        keep_steps_s=settings.journal_retention_h * HOUR_S,
    )
    tasks = [
        asyncio.create_task(housekeeping.run(), name="worker-housekeeping"),
        asyncio.create_task(_stop_claiming(drain, worker), name="worker-drain"),
        # Beside readiness, not before it: a run that comes first would only be as slow as without.
        asyncio.create_task(warm_up(settings, state.agent), name="worker-warm-up"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _stop_claiming(drain: Drain, worker: Worker) -> None:
    """From SIGTERM on, other workers take what comes."""
    await drain.wait_begun()
    worker.stop_claiming()


async def _ping_database(state: State) -> None:
    await state.databases.ping()


async def _ping_redis(state: State) -> None:
    await state.redis.ping()
