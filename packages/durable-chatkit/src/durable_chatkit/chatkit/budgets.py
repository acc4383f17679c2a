"""Daily budgets of tokens and cost, per user and in total, for a UTC day.

Budgets are checked when a message is accepted and before each model call, against the usage of
finished model answers. Answers in progress at that moment may exceed a budget.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from durable_chatkit.errors import BudgetExceededError
from durable_chatkit.metrics import BUDGET_REFUSALS
from durable_chatkit.settings import ChatSettings
from durable_chatkit.storage.usage_repository import Spent
from todochat.clock import utc_now

MICROS: Final = 1_000_000


class Budgets(msgspec.Struct, frozen=True, kw_only=True):
    """Daily limits; None means no limit. Costs are in millionths of the currency."""

    user_tokens: int | None = None
    user_cost_micros: int | None = None
    total_tokens: int | None = None
    total_cost_micros: int | None = None

    @classmethod
    def from_settings(cls, settings: ChatSettings) -> "Budgets":
        """Read the limits from the settings, where 0 means no limit."""
        return cls(
            user_tokens=settings.budget_user_tokens or None,
            user_cost_micros=round(settings.budget_user_cost * MICROS) or None,
            total_tokens=settings.budget_total_tokens or None,
            total_cost_micros=round(settings.budget_total_cost * MICROS) or None,
        )

    @property
    def is_limited(self) -> bool:
        """True if any limit is set."""
        return any(limit is not None for limit in msgspec.structs.astuple(self))

    @property
    def has_total(self) -> bool:
        """True if a limit on the usage of all users together is set."""
        return self.total_tokens is not None or self.total_cost_micros is not None

    async def check(self, read: Callable[[date], Awaitable[Spent]]) -> None:
        """Check a user's budget and the total budget.

        Args:
            read: reads the usage of a day.

        Raises:
            BudgetExceededError: one of the budgets is used up.
        """
        if not self.is_limited:
            return
        now = utc_now()
        spent = await read(now.date())
        for budget, name, amount, limit in (
            ("user", "Your budget", spent.user_tokens, self.user_tokens),
            ("user", "Your budget", spent.user_cost_micros, self.user_cost_micros),
            ("total", "The total budget", spent.total_tokens, self.total_tokens),
            ("total", "The total budget", spent.total_cost_micros, self.total_cost_micros),
        ):
            if limit is not None and amount >= limit:
                BUDGET_REFUSALS.labels(budget).inc()
                resets_at = datetime.combine(now.date() + timedelta(days=1), time.min, UTC)
                left_s = (resets_at - now).total_seconds()
                hours, minutes = divmod(int(left_s) // 60, 60)
                when = f"in {hours} h {minutes} min" if hours else f"in {minutes} min"
                message = f"{name} for today is used up. It resets at 00:00 UTC, {when}."
                raise BudgetExceededError(message, resets_at=resets_at, retry_after_s=left_s)


NO_BUDGETS: Final = Budgets()
