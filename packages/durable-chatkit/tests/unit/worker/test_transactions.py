"""The transactions of a turn, as PostgreSQL logs them.

A failing test lists them; `pytest -rP` shows the list of a passing one.
"""

from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from statement_log import StatementLog
from worker_kit import TIMES, Chat

from todochat.database.bootstrap import DatabaseUrls
from todochat.testing.model_server import Say, ScriptedModelServer
from todochat.testing.servers import PostgresProcess

# Neither a renewal of leases nor a poll for runs happens during a turn.
QUIET = msgspec.structs.replace(TIMES, renew_s=60, lease_s=180, stop_s=120, poll_s=60)
API, WORKER = "test-app", "todo-agent-worker"
MAX_API, MAX_WORKER = 2, 5


@pytest_asyncio.fixture
async def statements(own_postgres: tuple[PostgresProcess, DatabaseUrls]) -> StatementLog:
    """The log of the test's own PostgreSQL; use it before `own_chat`, which connects."""
    log = StatementLog(own_postgres[0])
    await log.start()
    return log


@pytest_asyncio.fixture
async def warm_chat(
    statements: StatementLog, own_chat: Chat, model: ScriptedModelServer
) -> AsyncIterator[Chat]:
    """A chat whose worker has answered once, so that its connections are open and prepared."""
    await own_chat.start_worker(QUIET)
    model.answer(Say("Hello!"))
    await own_chat.ask("hello")
    statements.forget()
    yield own_chat


def report(transactions: list[list[str]]) -> str:
    """Return the transactions with the start of each statement."""
    return "\n".join(
        f"{number}. {len(transaction)} round trips\n   "
        + "\n   ".join(statement[:100] for statement in transaction)
        for number, transaction in enumerate(transactions, 1)
    )


@pytest.mark.parametrize("in_thread", [False, True], ids=["new-thread", "same-thread"])
async def test_turn_without_tools_has_few_transactions(
    warm_chat: Chat, statements: StatementLog, model: ScriptedModelServer, *, in_thread: bool
) -> None:
    thread_id = None
    if in_thread:
        model.answer(Say("One."))
        thread_id = (await warm_chat.ask("one")).thread_id
        statements.forget()
    model.answer(Say("Two."))

    run = await warm_chat.say("two", thread_id)
    assert await warm_chat.wait_for_end(run) == "completed"

    in_api = statements.transactions(API)
    in_worker = statements.transactions(WORKER)
    print(report([*in_api, *in_worker]))  # noqa: T201 - see the module's docstring
    assert len(in_api) <= MAX_API, report(in_api)
    assert len(in_worker) <= MAX_WORKER, report(in_worker)
