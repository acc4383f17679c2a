"""Prices of tokens, as configured by the operator."""

from typing import Any

import msgspec
import pytest

from durable_chatkit.agent.usage import Price, parse_prices
from todo_agent.settings import TodoAgentSettings
from todochat.settings import SettingsError

SETTINGS = TodoAgentSettings(redis_url="r", database_url="d", jobs_database_url="j")


def settings(**changes: Any) -> TodoAgentSettings:
    return msgspec.structs.replace(SETTINGS, **changes)


def test_price_with_the_longest_matching_name_is_used() -> None:
    prices = parse_prices(settings(prices="gpt-5=1.25/0.125/10, gpt-5-mini=0.25/0.025/2"))

    assert prices.find_price("gpt-5-2025-08-07") == Price(1.25, 0.125, 10)
    assert prices.find_price("gpt-5-mini-2025") == Price(0.25, 0.025, 2)
    assert prices.find_price("qwen3") is None


def test_cached_tokens_have_their_own_price() -> None:
    assert Price(2, 0.5, 10).cost_micros(1000, 400, 50) == 1900


@pytest.mark.parametrize(
    "text", ["gpt-5", "gpt-5=1/2", "gpt-5=1/2/3/4", "gpt-5=a/b/c", "=1/2/3", "gpt-5=1/2/-3"]
)
def test_invalid_prices_raise_an_error_with_the_setting_name(text: str) -> None:
    with pytest.raises(SettingsError, match="TODO_AGENT_PRICES"):
        parse_prices(settings(prices=text))


def test_cost_budget_requires_prices() -> None:
    with pytest.raises(SettingsError, match="required with a cost budget"):
        parse_prices(settings(budget_user_cost=1.0))
