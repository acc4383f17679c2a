"""What the drivers of a worker share, and what they return."""

import msgspec
from agents import Agent, Model
from chatkit.agents import ThreadItemConverter

from todo_agent.agent.history import HistoryLimits
from todo_agent.agent.run_context import RunContext
from todo_agent.chatkit.store import PostgresStore
from todo_agent.storage.run import EndStatus
from todo_agent.storage.run_repository import RunRepository
from todo_agent.worker.times import WorkerTimes
from todochat.bus import RunPublisher


class DriverTools(msgspec.Struct, frozen=True, kw_only=True):
    """What all drivers of a worker share."""

    runs: RunRepository
    store: PostgresStore
    publisher: RunPublisher
    agent: Agent[RunContext]
    model: Model
    converter: ThreadItemConverter
    history: HistoryLimits
    max_turns: int
    times: WorkerTimes


class RunOutcome(msgspec.Struct, frozen=True):
    """How a run ended; `error` is a code for operators."""

    status: EndStatus
    error: str | None = None
