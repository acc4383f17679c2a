"""A database that isn't used before its role has been found to be under row-level security."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from todochat.database import BypassingRoleError, Database, refuse_bypassing_role
from todochat.database.outage import is_outage

log = structlog.get_logger(__name__)


class CheckedDatabase(Database):
    """Checks its role at start, or as soon as PostgreSQL can be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self._is_checked = False

    async def check_at_start(self) -> None:
        """Check the role now; an outage leaves the check to the first transaction.

        Raises:
            BypassingRoleError: the role would see everybody's rows.
        """
        try:
            await self._check()
        except BypassingRoleError as error:
            log.critical("start.refused", reason=str(error))
            raise
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("start.without_database", error=repr(error))

    @asynccontextmanager
    async def transaction(self, user_id: str | None = None) -> AsyncIterator[AsyncSession]:
        """Open a transaction, after the check.

        Raises:
            BypassingRoleError: the role would see everybody's rows.
        """
        await self._check()
        async with super().transaction(user_id) as session:
            yield session

    async def _check(self) -> None:
        if not self._is_checked:
            await refuse_bypassing_role(self.engine)
            self._is_checked = True
