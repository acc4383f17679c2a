"""The conversations of `evals/` with the offline assistant: one of each category, or all (slow)."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tasks_kit import migrated_database
from todo_evals.cases import Case, load_cases
from todo_evals.checks import differences, exact
from todo_evals.conversation import play
from todo_evals.stack import EvalStack, ModelChoice, open_stack

from todochat.database.bootstrap import DatabaseUrls
from todochat.testing.servers import PostgresServer

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:Direct usage of named widget:DeprecationWarning"),
]


def parameters() -> list[object]:
    """Return the cases for the offline assistant; all but the first of a category are slow."""
    seen: set[str] = set()
    made: list[object] = []
    for case in load_cases():
        if case.needs is None:
            marks = [pytest.mark.slow] if case.category in seen else []
            made.append(pytest.param(case, id=case.id, marks=marks))
            seen.add(case.category)
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(
    chat_urls: DatabaseUrls, eval_tasks_urls: DatabaseUrls, redis_url: str
) -> AsyncIterator[EvalStack]:
    """The tasks service and a worker with the offline assistant."""
    async with open_stack(chat_urls, eval_tasks_urls, redis_url, ModelChoice()) as opened:
        yield opened


@pytest.fixture(scope="module")
def eval_tasks_urls(postgres: PostgresServer) -> DatabaseUrls:
    """A migrated database of the tasks service."""
    return migrated_database(postgres)


@pytest.mark.parametrize("case", parameters())
async def test_conversation_ends_as_expected(stack: EvalStack, case: Case) -> None:
    transcript = await play(stack, case)

    assert differences(case, transcript, exact) == [], [turn.text for turn in transcript.turns]
