"""What the drivers of a worker share, and what they return."""

import msgspec
from agents import Model

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.history import HistoryLimits
from durable_chatkit.agent.usage import UsageMeter
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.storage.run import EndStatus
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.worker.times import WorkerTimes
from todochat.bus import RunPublisher


class DriverTools(msgspec.Struct, frozen=True, kw_only=True):
    """What all drivers of a worker share.

    Args:
        model_name: of the model, for metrics and traces.
        meter: None for a model that costs nothing.
        log_quota_bytes: what the logs of one user may take of Redis.
    """

    runs: RunRepository
    store: PostgresStore
    publisher: RunPublisher
    assistant: Assistant
    model: Model
    model_name: str
    meter: UsageMeter | None
    history: HistoryLimits
    max_turns: int
    log_quota_bytes: int
    times: WorkerTimes


class RunOutcome(msgspec.Struct, frozen=True):
    """How a run ended; `error` is a code for operators."""

    status: EndStatus
    error: str | None = None
