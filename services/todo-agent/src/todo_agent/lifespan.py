"""What an api process opens at start and closes in reverse order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from litestar import Litestar
from litestar.datastructures import State

from todo_agent.chat_gauges import budget_gauges, queue_gauges
from todo_agent.chatkit.acceptance import Acceptance
from todo_agent.chatkit.attachments import AttachmentDesk, FileLimits
from todo_agent.chatkit.budgets import NO_BUDGETS, Budgets
from todo_agent.chatkit.dictation import Dictation, Transcriber
from todo_agent.chatkit.direct_answers import DirectAnswers
from todo_agent.chatkit.history_desk import HistoryDesk
from todo_agent.chatkit.previews import AttachmentLinks
from todo_agent.chatkit.server import AcceptingServer
from todo_agent.chatkit.store import PostgresStore
from todo_agent.erasure import Accounts, Eraser
from todo_agent.events.run_results import RunResults
from todo_agent.events.run_signals import RunSignals
from todo_agent.run_queue import RunQueue
from todo_agent.service import ChatService
from todo_agent.settings import TodoAgentSettings
from todo_agent.storage.run_repository import RunRepository
from todo_agent.storage.usage_repository import UsageRepository
from todo_agent.storage.user_run_repository import UserRunRepository
from todochat.bus import RunHub
from todochat.database import create_engine
from todochat.database.checked import open_checked_database
from todochat.database.size import database_size
from todochat.gauges import StoredGauges
from todochat.redis_client import create_redis
from todochat.service_tokens import Arrow, ServiceTokens
from todochat.uploads import LinkSigner

NAME: Final = "todo-agent-api"
ARROWS: Final = (Arrow.GATEWAY_TO_AGENT, Arrow.AUTH_TO_AGENT)


@asynccontextmanager
async def open_stores(app: Litestar) -> AsyncIterator[None]:
    """Open the database and Redis, and wire the service."""
    settings: TodoAgentSettings = app.state.settings
    engine = create_engine(
        settings.database_url, application_name=NAME, pool_size=settings.database_pool_size
    )
    jobs_engine = create_engine(
        settings.jobs_database_url, application_name=f"{NAME}-jobs", pool_size=1
    )
    async with AsyncExitStack() as stack:
        database = await open_checked_database(stack, app.state, engine)
        jobs = await open_checked_database(stack, app.state, jobs_engine)
        redis = create_redis(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        hub = RunHub(redis)
        await hub.start()
        stack.push_async_callback(hub.aclose)
        tokens = ServiceTokens.from_settings(settings, *ARROWS)
        links = AttachmentLinks(
            settings.public_url, LinkSigner(tokens.keys(Arrow.GATEWAY_TO_AGENT))
        )
        desk = AttachmentDesk(database, links, _file_limits(settings))
        server = AcceptingServer(PostgresStore(database, links))
        signals = RunSignals(redis)
        app.state.database = database
        app.state.jobs_database = jobs
        app.state.service_tokens = tokens
        app.state.attachment_desk = desk
        app.state.history_desk = HistoryDesk(database)
        app.state.eraser = Eraser(database, redis, signals)
        gauges: StoredGauges = app.state.gauges
        gauges.add(database_size(jobs, "chat"))
        gauges.add(queue_gauges(RunRepository(jobs)))
        budgets = _budgets(settings)
        if budgets.has_total:
            gauges.add(budget_gauges(UsageRepository(jobs), budgets))
        app.state.chat_service = ChatService(
            server,
            Acceptance(
                database,
                server,
                signals,
                max_active_runs=settings.max_runs_per_user,
                log_quota_bytes=settings.log_bytes_per_user,
                budgets=budgets,
            ),
            UserRunRepository(database),
            RunQueue(RunRepository(jobs), settings.max_queued_runs),
            signals,
            RunResults(hub),
            DirectAnswers(desk, Dictation(await _transcriber(settings, stack))),
            Accounts(database),
        )
        yield


async def check_databases(state: State) -> None:
    """Raise if PostgreSQL can't be reached, or while a role has yet to be checked."""
    await state.jobs_database.check()
    await state.database.ping()


async def _transcriber(settings: TodoAgentSettings, stack: AsyncExitStack) -> Transcriber | None:
    if not settings.transcription_model:
        return None
    # The client is slow to load, and an api without dictation needs none.
    from todo_agent.agent.transcription import open_transcriber  # noqa: PLC0415

    return await stack.enter_async_context(open_transcriber(settings))


def _file_limits(settings: TodoAgentSettings) -> FileLimits:
    return FileLimits(settings.attachments_per_user, settings.attachment_bytes_per_user)


def _budgets(settings: TodoAgentSettings) -> Budgets:
    """Return the limits; what the offline assistant says is free, also if others' is spent."""
    has_model = bool(settings.openai_api_key or settings.openai_base_url)
    return Budgets.from_settings(settings) if has_model else NO_BUDGETS
