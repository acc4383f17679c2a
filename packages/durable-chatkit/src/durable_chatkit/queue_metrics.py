"""Gauges that the API's `/metrics` reads from PostgreSQL: the queue and the budgets."""

from durable_chatkit.chatkit.budgets import Budgets
from durable_chatkit.metrics import BUDGET_SPENT, OLDEST_QUEUED_SECONDS, QUEUED_RUNS
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.storage.usage_repository import UsageRepository
from todochat.clock import utc_now
from todochat.database import Database
from todochat.database.size import database_size
from todochat.telemetry.gauges import GaugeSource


def api_gauges(jobs: Database, budgets: Budgets, agent: str) -> list[GaugeSource]:
    """Return all sources of an API process.

    Args:
        jobs: bound to the role `chat_jobs`.
        agent: only its queued runs are counted.
    """
    sources = [database_size(jobs, "chat"), queue_gauges(RunRepository(jobs, agent))]
    if budgets.has_total:
        sources.append(budget_gauges(UsageRepository(jobs), budgets))
    return sources


def queue_gauges(runs: RunRepository) -> GaugeSource:
    """Return the source of the number of queued runs and the age of the oldest."""

    async def read() -> None:
        length, oldest_s = await runs.read_queue()
        QUEUED_RUNS.set(length)
        OLDEST_QUEUED_SECONDS.set(oldest_s)

    return GaugeSource(name="queue", read=read, gauges=[QUEUED_RUNS, OLDEST_QUEUED_SECONDS])


def budget_gauges(usage: UsageRepository, budgets: Budgets) -> GaugeSource:
    """Return the source of the spent share of the global budgets."""
    limits = {"tokens": budgets.total_tokens, "cost": budgets.total_cost_micros}

    async def read() -> None:
        spent = await usage.read_spent("", utc_now().date())
        values = {"tokens": spent.total_tokens, "cost": spent.total_cost_micros}
        for unit, limit in limits.items():
            if limit is not None:
                BUDGET_SPENT.labels(unit).set(values[unit] / limit)

    gauges = [BUDGET_SPENT.labels(unit) for unit, limit in limits.items() if limit is not None]
    return GaugeSource(name="budget", read=read, gauges=gauges, every_s=15.0)
