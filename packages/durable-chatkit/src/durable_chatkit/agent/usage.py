"""Measures what model answers use, and stops runs whose budget is spent."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import msgspec
from openai.types.responses import Response

from durable_chatkit.chatkit.budgets import Budgets
from durable_chatkit.settings import ChatSettings
from durable_chatkit.storage.usage_repository import AnswerUsage, UsageRepository
from todochat.clock import utc_now
from todochat.settings import SettingsError

CHARS_PER_TOKEN: Final = 4  # for servers that don't count; English has about that many
UNKNOWN_MODEL: Final = "unknown"
_FORM: Final = (
    "setting TODO_AGENT_PRICES: {!r} is not model=input/cached/output, as in gpt-5=1.25/0.125/10"
)


class Price(msgspec.Struct, frozen=True):
    """Money for a million tokens; so much money's millionths for one."""

    input: float
    cached: float
    output: float

    def cost_micros(self, input_tokens: int, cached_tokens: int, output_tokens: int) -> int:
        """Return the cost in millionths; cached tokens are some of the input's."""
        fresh = max(0, input_tokens - cached_tokens)
        return round(fresh * self.input + cached_tokens * self.cached + output_tokens * self.output)


class Prices:
    """Prices by model; a server's longer name for a model ("gpt-5-2025-08-07") finds it, too."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = dict(sorted(prices.items(), key=lambda entry: -len(entry[0])))

    def find_price(self, model: str) -> Price | None:
        """Return a model's price, the one of the longest name that its name begins with."""
        return next((price for name, price in self._prices.items() if model.startswith(name)), None)


def parse_prices(settings: ChatSettings) -> Prices:
    """Read TODO_AGENT_PRICES.

    Raises:
        SettingsError: it can't be read, or a budget of money is set without any price.
    """
    entries = [entry.strip() for entry in settings.prices.split(",") if entry.strip()]
    prices = dict(_read(entry) for entry in entries)
    if not prices and (settings.budget_user_cost or settings.budget_total_cost):
        msg = "setting TODO_AGENT_PRICES is required with a budget of money"
        raise SettingsError(msg)
    return Prices(prices)


def _read(entry: str) -> tuple[str, Price]:
    name, _, numbers = entry.partition("=")
    try:
        price = Price(*(float(number) for number in numbers.split("/")))
    except (TypeError, ValueError) as error:
        raise SettingsError(_FORM.format(entry)) from error
    if not name.strip() or min(msgspec.structs.astuple(price)) < 0:
        raise SettingsError(_FORM.format(entry))
    return name.strip(), price


class UsageMeter:
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

    async def check_budget(self, user_id: str) -> None:
        """See whether another answer may be asked for.

        Raises:
            BudgetExceededError: no.
        """
        await self._budgets.check(partial(self._usage.read_spent, user_id))

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
        price = self._prices.find_price(model) or self._prices.find_price(self._model)
        return AnswerUsage(
            day=utc_now().date(),
            model=model,
            input_tokens=tokens[0],
            cached_tokens=tokens[1],
            output_tokens=tokens[2],
            cost_micros=price.cost_micros(*tokens) if price is not None else None,
            is_estimated=not counted,
        )


class RunUsageMeter:
    """Measures for one run."""

    def __init__(self, meter: UsageMeter, user_id: str) -> None:
        self._meter = meter
        self._user_id = user_id

    async def check_budget(self) -> None:
        """See `UsageMeter.check_budget`."""
        await self._meter.check_budget(self._user_id)

    def measure(self, response: Response, model_input: Any) -> AnswerUsage:
        """See `UsageMeter.measure`."""
        return self._meter.measure(response, model_input)


def _estimate(value: Any) -> int:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return -(-len(text) // CHARS_PER_TOKEN)
