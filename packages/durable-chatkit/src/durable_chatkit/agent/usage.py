"""Measures what model answers use, and stops runs whose budget is spent."""

import json
from functools import partial
from typing import Any, Final

from openai.types.responses import Response

from durable_chatkit.agent.prices import Prices
from durable_chatkit.chatkit.budgets import Budgets
from durable_chatkit.storage.usage_repository import AnswerUsage, UsageRepository
from todochat.clock import utc_now

CHARS_PER_TOKEN: Final = 4  # for servers that don't count; English has about that many
UNKNOWN_MODEL: Final = "unknown"


class Meter:
    """Measures for all runs of a worker.

    Args:
        model: its name, for servers that don't say it.
    """

    def __init__(
        self, usage: UsageRepository, budgets: Budgets, prices: Prices, model: str
    ) -> None:
        self._usage = usage
        self._budgets = budgets
        self._prices = prices
        self._model = model or UNKNOWN_MODEL

    async def check(self, user_id: str) -> None:
        """See whether another answer may be asked for.

        Raises:
            BudgetSpentError: no.
        """
        await self._budgets.check(partial(self._usage.spent, user_id))

    def measure(self, response: Response, model_input: Any) -> AnswerUsage:
        """Return what an answer used, estimated if its server didn't say."""
        usage = response.usage
        counted = usage is not None and usage.total_tokens > 0
        if usage is not None and counted:
            cached = getattr(usage.input_tokens_details, "cached_tokens", 0)
            tokens = (usage.input_tokens, cached or 0, usage.output_tokens)
        else:
            said = [item.model_dump_json(exclude_unset=True) for item in response.output]
            tokens = (_estimate(model_input), 0, _estimate("".join(said)))
        model = response.model or self._model
        price = self._prices.find(model) or self._prices.find(self._model)
        return AnswerUsage(
            day=utc_now().date(),
            model=model,
            input_tokens=tokens[0],
            cached_tokens=tokens[1],
            output_tokens=tokens[2],
            cost_micros=price.cost_micros(*tokens) if price is not None else None,
            is_estimated=not counted,
        )


class RunMeter:
    """Measures for one run."""

    def __init__(self, meter: Meter, user_id: str) -> None:
        self._meter = meter
        self._user_id = user_id

    async def check(self) -> None:
        """See `Meter.check`."""
        await self._meter.check(self._user_id)

    def measure(self, response: Response, model_input: Any) -> AnswerUsage:
        """See `Meter.measure`."""
        return self._meter.measure(response, model_input)


def _estimate(value: Any) -> int:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return -(-len(text) // CHARS_PER_TOKEN)
