"""Daily budgets: what a user, and all users together, may have models say and read in a UTC day.

They are checked when a message is accepted and before each model call, against what finished
answers have used; answers that are being written at that moment may go beyond.
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
    """Limits a day; None where there is none. Money is in millionths of the currency."""

    user_tokens: int | None = None
    user_cost_micros: int | None = None
    total_tokens: int | None = None
    total_cost_micros: int | None = None

    @classmethod
    def from_settings(cls, settings: ChatSettings) -> "Budgets":
        """Read the limits; 0 is none."""
        return cls(
            user_tokens=settings.budget_user_tokens or None,
            user_cost_micros=round(settings.budget_user_cost * MICROS) or None,
            total_tokens=settings.budget_total_tokens or None,
            total_cost_micros=round(settings.budget_total_cost * MICROS) or None,
        )

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit at all."""
        return any(limit is not None for limit in msgspec.structs.astuple(self))

    @property
    def has_total(self) -> bool:
        """Whether there is a limit for all people together."""
        return self.total_tokens is not None or self.total_cost_micros is not None

    async def check(self, read: Callable[[date], Awaitable[Spent]]) -> None:
        """Check a user's budget and everybody's.

        Args:
            read: what has been spent on a day.

        Raises:
            BudgetExceededError: one of them is spent.
        """
        if not self.is_limited:
            return
        now = utc_now()
        spent = await read(now.date())
        if _is_over(spent.user_tokens, self.user_tokens) or _is_over(
            spent.user_cost_micros, self.user_cost_micros
        ):
            BUDGET_REFUSALS.labels("user").inc()
            raise _spent("Your budget for today is spent", now)
        if _is_over(spent.total_tokens, self.total_tokens) or _is_over(
            spent.total_cost_micros, self.total_cost_micros
        ):
            BUDGET_REFUSALS.labels("total").inc()
            raise _spent("Everybody's budget for today is spent", now)


NO_BUDGETS: Final = Budgets()


def _is_over(spent: int, limit: int | None) -> bool:
    return limit is not None and spent >= limit


def _spent(what: str, now: datetime) -> BudgetExceededError:
    resets_at = datetime.combine(now.date() + timedelta(days=1), time.min, UTC)
    left = resets_at - now
    hours, minutes = divmod(int(left.total_seconds()) // 60, 60)
    when = f"in {hours} h {minutes} min" if hours else f"in {minutes} min"
    message = f"{what}. It begins anew at 00:00 UTC, {when}."
    return BudgetExceededError(message, resets_at=resets_at, retry_after_s=left.total_seconds())
