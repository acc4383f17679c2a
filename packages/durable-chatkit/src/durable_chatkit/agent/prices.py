"""What tokens cost, as the operator has set it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from durable_chatkit.settings import ChatSettings
from todochat.settings import SettingsError

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

    def find(self, model: str) -> Price | None:
        """Return a model's price, the one of the longest name that its name begins with."""
        return next((price for name, price in self._prices.items() if model.startswith(name)), None)


def read_prices(settings: ChatSettings) -> Prices:
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
