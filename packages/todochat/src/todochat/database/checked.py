"""A database that is used only after a check that row-level security applies to its role."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import structlog
from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from todochat.background import stop_task
from todochat.database.engine import BypassingRoleError, Database, refuse_bypassing_role
from todochat.database.outage import is_invalid_password, is_outage

RETRY_S: Final = 1.0

log = structlog.get_logger(__name__)


class CheckedDatabase(Database):
    """Checks its role at start, or as soon as PostgreSQL is reachable."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self._checked = asyncio.Event()

    async def check(self) -> None:
        """Check the role, unless it was checked before.

        Raises:
            BypassingRoleError: the role would see the rows of all users.
        """
        if not self._checked.is_set():
            await refuse_bypassing_role(self.engine)
            self._checked.set()

    async def wait_checked(self) -> None:
        """Return once the role has passed the check."""
        await self._checked.wait()

    async def check_at_start(self) -> None:
        """Check the role now; during an outage `check_when_back` does it later.

        Raises:
            BypassingRoleError: the role would see the rows of all users.
        """
        try:
            await self.check()
        except BypassingRoleError as error:
            log.critical("start.refused", reason=str(error))
            raise
        except Exception as error:
            if not is_outage(error) or is_invalid_password(error):
                raise
            log.warning("start.without_database", error=error)

    async def check_when_back(self, on_refused: Callable[[], None]) -> None:
        """Retry the check of the role until it succeeds.

        Args:
            on_refused: called if the role would see the rows of all users, to end the process, which
                would have refused to start.
        """
        while not self._checked.is_set():
            await asyncio.sleep(RETRY_S)
            try:
                await self.check()
            except BypassingRoleError as error:
                log.critical("start.refused", reason=str(error))
                on_refused()
                return
            except Exception as error:
                if not is_outage(error):
                    log.exception("database.check_failed")

    @override
    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Check the role before the first transaction.

        Raises:
            BypassingRoleError: the role would see the rows of all users.
        """
        await self.check()
        yield

    async def ping(self) -> None:
        """Raise if the database is unreachable, or must not be used."""
        await self.check()
        await super().ping()


async def open_checked_database(
    stack: AsyncExitStack, state: State, engine: AsyncEngine
) -> CheckedDatabase:
    """Open a database as a role under row-level security; `stack` closes it.

    While PostgreSQL is down the role can't be checked: the process starts anyway, and ends if the
    role fails the check later. `state.is_refused` signals this to `todochat.http.server.run`.

    Args:
        state: the application's.

    Raises:
        BypassingRoleError: the role would see the rows of all users.
    """

    def end_process() -> None:
        state.is_refused = True
        signal.raise_signal(signal.SIGTERM)

    database = CheckedDatabase(engine)
    stack.push_async_callback(database.aclose)
    await database.check_at_start()
    checking = asyncio.create_task(database.check_when_back(end_process))
    stack.push_async_callback(stop_task, checking)
    return database
