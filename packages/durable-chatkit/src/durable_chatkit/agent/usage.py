"""Measures the tokens and cost of model answers, and enforces budgets."""

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

CHARS_PER_TOKEN: Final = 4  # approximation for English, for servers that report no usage
UNKNOWN_MODEL: Final = "unknown"
_FORM: Final = (
    "setting TODO_AGENT_PRICES: {!r} is not model=input/cached/output, as in gpt-5=1.25/0.125/10"
)


class Price(msgspec.Struct, frozen=True):
    """Cost of a million tokens, which equals the cost of one token in millionths."""

    input: float
    cached: float
    output: float

    def cost_micros(self, input_tokens: int, cached_tokens: int, output_tokens: int) -> int:
        """Return the cost in millionths; `input_tokens` includes `cached_tokens`."""
        fresh = max(0, input_tokens - cached_tokens)
        return round(fresh * self.input + cached_tokens * self.cached + output_tokens * self.output)


class Prices:
    """Prices by model name; also match a server's longer names ("gpt-5-2025-08-07")."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = dict(sorted(prices.items(), key=lambda entry: -len(entry[0])))

    def find_price(self, model: str) -> Price | None:
        """Return the price with the longest name that is a prefix of the model's name."""
        return next((price for name, price in self._prices.items() if model.startswith(name)), None)


def parse_prices(settings: ChatSettings) -> Prices:
    """Parse TODO_AGENT_PRICES.

    Raises:
        SettingsError: the value is invalid, or a cost budget is set without any price.
    """
    prices: dict[str, Price] = {}
    for entry in filter(None, map(str.strip, settings.prices.split(","))):
        name, _, numbers = entry.partition("=")
        try:
            price = Price(*(float(number) for number in numbers.split("/")))
        except (TypeError, ValueError) as error:
            raise SettingsError(_FORM.format(entry)) from error
        if not name.strip() or min(msgspec.structs.astuple(price)) < 0:
            raise SettingsError(_FORM.format(entry))
        prices[name.strip()] = price
    if not prices and (settings.budget_user_cost or settings.budget_total_cost):
        msg = "setting TODO_AGENT_PRICES is required with a cost budget"
        raise SettingsError(msg)
    return Prices(prices)


class UsageMeter:
    """Measures the answers of all runs of a worker.

    Args:
        model: the model's name, used if the server's response contains none.
    """

    def __init__(
        self, usage: UsageRepository, budgets: Budgets, prices: Prices, model: str
    ) -> None:
        self._usage = usage
        self._budgets = budgets
        self._prices = prices
        self._model = model or UNKNOWN_MODEL

    async def check_budget(self, user_id: str) -> None:
        """Check that a user may make another model call.

        Raises:
            BudgetExceededError: a daily budget is used up.
        """
        await self._budgets.check(partial(self._usage.read_spent, user_id))

    def measure(self, response: Response, model_input: Any, model: str = "") -> AnswerUsage:
        """Return the usage of an answer, estimated if the server reported none.

        Args:
            model: the model's name, used if the response contains none.
        """
        fallback = model or self._model
        usage = response.usage
        is_reported = usage is not None and usage.total_tokens > 0
        if usage is not None and is_reported:
            cached = getattr(usage.input_tokens_details, "cached_tokens", 0)
            tokens = (usage.input_tokens, cached or 0, usage.output_tokens)
        else:
            output = [item.model_dump_json(exclude_unset=True) for item in response.output]
            tokens = (_estimate_tokens(model_input), 0, _estimate_tokens("".join(output)))
        name = response.model or fallback
        price = self._prices.find_price(name) or self._prices.find_price(fallback)
        return AnswerUsage(
            day=utc_now().date(),
            model=name,
            input_tokens=tokens[0],
            cached_tokens=tokens[1],
            output_tokens=tokens[2],
            cost_micros=price.cost_micros(*tokens) if price is not None else None,
            is_estimated=not is_reported,
        )


def _estimate_tokens(value: Any) -> int:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return -(-len(text) // CHARS_PER_TOKEN)
