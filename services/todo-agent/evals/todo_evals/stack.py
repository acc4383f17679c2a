"""The tasks service and the todo agent's worker in this process, on real stores, under a set clock."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from litestar.datastructures import State
from sqlalchemy import text
from tasks_kit import SERVICE_SECRET, Service, open_service

from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.chatkit.acceptance import Acceptance, InboundRequest
from durable_chatkit.chatkit.context import IdScope, RequestContext
from durable_chatkit.chatkit.requests import parse_request, submission_of
from durable_chatkit.chatkit.server import AcceptingServer
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.events.run_signals import RunSignals
from durable_chatkit.worker import assistant_server
from durable_chatkit.worker.leases import WorkerTimes
from durable_chatkit.worker.main import open_worker
from todo_agent.settings import TodoAgentSettings
from todochat.bus.redis_client import create_server_client
from todochat.clock import utc_now
from todochat.contracts.runs import AcceptedRun
from todochat.database import Database, create_engine
from todochat.database.bootstrap import DatabaseUrls
from todochat.ids import new_id
from todochat.testing.waiting import wait_until

Api = Literal["responses", "chat_completions"]
TIMES: Final = WorkerTimes(lease_s=60, renew_s=1, renew_timeout_s=20, stop_s=60, poll_s=0.2)
RUN_TIMEOUT_S: Final = 180.0
# Modules whose "now" is the clock of the cases; tokens, leases and retention use the real one.
CLOCKED: Final = "tasks_service.service."


class ModelChoice(msgspec.Struct, frozen=True):
    """The model that answers: an OpenAI-compatible server, or without a name the offline assistant."""

    model: str = ""
    base_url: str = ""
    api_key: str = ""
    api: Api = "responses"


class CaseClock:
    """The time of the current case, which each reading moves on by a microsecond."""

    def __init__(self) -> None:
        self._now = utc_now()

    def set(self, moment: datetime) -> None:
        """Set the time."""
        self._now = moment.astimezone(UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        self._now += timedelta(microseconds=1)
        return self._now

    def install(self, stack: AsyncExitStack) -> None:
        """Give this clock to the tasks service and to the runs, until the stack is closed."""
        for name, module in list(sys.modules.items()):
            if name.startswith(CLOCKED) and getattr(module, "utc_now", None) is utc_now:
                stack.callback(setattr, module, "utc_now", utc_now)
                vars(module)["utc_now"] = self
        stack.callback(setattr, assistant_server, "RunContext", RunContext)
        vars(assistant_server)["RunContext"] = lambda **fields: RunContext(
            **{**fields, "now": self()}
        )


class EvalStack:
    """The running services.

    Attributes:
        chat: the chat database, with the role of requests.
    """

    def __init__(
        self, service: Service, chat: Database, jobs: Database, signals: RunSignals
    ) -> None:
        self.service = service
        self.clock = CaseClock()
        self.chat = chat
        self.store = PostgresStore(chat)
        self._jobs = jobs
        self._acceptance = Acceptance(
            chat, AcceptingServer(self.store), signals, max_active_runs=20
        )

    async def run(
        self, body: dict[str, Any], user_id: str, *, timezone: str = "UTC", locale: str = "en-GB"
    ) -> AcceptedRun:
        """Accept a ChatKit request and wait until its run has ended.

        Raises:
            AssertionError: it takes longer than `RUN_TIMEOUT_S`.
        """
        raw = msgspec.json.encode(body)
        request: Any = parse_request(raw)
        inbound = InboundRequest(
            user_id=user_id, run_id=new_id("run"), body=raw, timezone=timezone, locale=locale
        )
        run = await self._acceptance.accept(submission_of(request), inbound)
        await wait_until(lambda: self._is_closed(run.run_id), RUN_TIMEOUT_S)
        return run

    async def _is_closed(self, run_id: str) -> bool:
        statement = text("SELECT closed_at IS NOT NULL FROM runs WHERE run_id = :run_id")
        async with self._jobs.transaction(None) as session:
            return bool((await session.execute(statement, {"run_id": run_id})).scalar_one())

    async def items(self, thread_id: str, user_id: str) -> list[Any]:
        """Return the items of a thread, the oldest first."""
        context = RequestContext(user_id=user_id, ids=IdScope("eval"))
        page = await self.store.load_thread_items(thread_id, None, 1000, "asc", context)
        return page.data


@asynccontextmanager
async def open_stack(
    chat_urls: DatabaseUrls, tasks_urls: DatabaseUrls, redis_url: str, choice: ModelChoice
) -> AsyncIterator[EvalStack]:
    """Start the services; stop them at the end."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(open_service(tasks_urls, redis_url))
        settings = TodoAgentSettings(
            database_url=chat_urls.app,
            jobs_database_url=chat_urls.jobs,
            redis_url=redis_url,
            tasks_url=service.url,
            todochat_service_secret=SERVICE_SECRET,
            openai_base_url=choice.base_url,
            openai_api_key=choice.api_key,
            model=choice.model,
            api=choice.api,
            log_level="error",
        )
        databases = [
            Database(create_engine(url, application_name="evals"))
            for url in (chat_urls.app, chat_urls.jobs)
        ]
        for database in databases:
            stack.push_async_callback(database.aclose)
        redis = create_server_client(redis_url)
        stack.push_async_callback(redis.aclose)
        worker = await open_worker(settings, State(), stack, TIMES)
        stack.push_async_callback(worker.aclose, 0)
        opened = EvalStack(service, databases[0], databases[1], RunSignals(redis))
        opened.clock.install(stack)
        yield opened
