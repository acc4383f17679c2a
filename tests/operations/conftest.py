"""A stack whose spans, log lines and metrics are checked."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from stack_kit import Stack, run_in_session_loop, run_stack
from todochat.testing.model_server import ScriptedModelServer
from todochat.testing.otlp import SpanCollector

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests in one event loop, which the stack, its model and its collector share."""
    run_in_session_loop(items, HERE)


@pytest.fixture(scope="module")
def collector() -> Iterator[SpanCollector]:
    with SpanCollector() as collector:
        yield collector


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watched_model() -> AsyncIterator[ScriptedModelServer]:
    async with ScriptedModelServer() as server:
        server.usage = (60, 20, 40)
        yield server


@pytest.fixture(scope="module")
def watched_stack(collector: SpanCollector, watched_model: ScriptedModelServer) -> Iterator[Stack]:
    """A stack with tracing and a short export interval."""
    variables = {
        "OPENAI_BASE_URL": watched_model.url,
        "TODO_AGENT_MODEL": "scripted",
        "TODO_AGENT_BUDGET_TOTAL_TOKENS": "1000000",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    yield from run_stack("watched", variables)
