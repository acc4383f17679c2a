"""Fixtures: the context of a run outside of a worker, with its journal in memory."""

from collections import Counter
from typing import Any

import pytest
from chatkit.types import ThreadMetadata
from run_kit import RUN, USER, MakeContext, MakeScope, MemoryJournal

from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import PublishedEvents, RunScope
from durable_chatkit.chatkit.context import IdScope, RequestContext
from durable_chatkit.chatkit.store import PostgresStore
from todochat.clock import utc_now


@pytest.fixture
def journal() -> MemoryJournal:
    """An empty journal."""
    return MemoryJournal()


@pytest.fixture
def make_scope(journal: MemoryJournal) -> MakeScope:
    """Make the scope of an attempt; all attempts of a test share one journal."""

    def make(
        attempt: int = 1, done: set[str] | None = None, removed: Any = frozenset()
    ) -> RunScope:
        return RunScope(
            run_id=RUN,
            attempt=attempt,
            ids=IdScope(RUN, removed),
            journal=journal,
            published=PublishedEvents(frozenset(done or ()), Counter()),
        )

    return make


@pytest.fixture
def make_context(make_scope: MakeScope) -> MakeContext:
    """Make the context of tools; `timezone` is the user's."""

    def make(scope: RunScope | None = None, timezone: str = "Europe/Berlin") -> RunContext:
        scope = scope or make_scope()
        database: Any = None  # making IDs needs none
        return RunContext(
            thread=ThreadMetadata(id="thr_1", created_at=utc_now()),
            store=PostgresStore(database),
            request_context=RequestContext(user_id=USER, ids=scope.ids, timezone=timezone),
            scope=scope,
            turn_id="msg_1",
        )

    return make
