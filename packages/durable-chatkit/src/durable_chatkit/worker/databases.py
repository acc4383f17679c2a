"""The worker's connections to the chat database: three pools, as two roles."""

from contextlib import AsyncExitStack
from typing import Final, NamedTuple

from litestar.datastructures import State

from durable_chatkit.settings import ChatSettings
from todochat.database import create_engine
from todochat.database.checked import CheckedDatabase, open_checked_database

JOBS_POOL_SIZE: Final = 5
LEASES_POOL_SIZE: Final = 2  # claims and renewals


class WorkerDatabases(NamedTuple):
    """One database, opened three times.

    Attributes:
        app: what a user's run reads and writes.
        jobs: runs and journals of all users.
        leases: the same role, on connections of its own: renewals don't wait behind the journal
            of fifty runs.
    """

    app: CheckedDatabase
    jobs: CheckedDatabase
    leases: CheckedDatabase

    async def wait_checked(self) -> None:
        """Return once both roles have been found to be good ones."""
        for database in self:
            await database.wait_checked()

    async def ping(self) -> None:
        """Raise if PostgreSQL can't be reached, or must not be used."""
        for database in self:
            await database.check()
        await self.jobs.ping()


async def open_databases(
    settings: ChatSettings, name: str, state: State, stack: AsyncExitStack
) -> WorkerDatabases:
    """Open them under the name of the application, whether PostgreSQL is there or not.

    Raises:
        BypassingRoleError: a role would see every user's rows.
    """
    engines = (
        create_engine(
            settings.database_url, application_name=name, pool_size=settings.database_pool_size
        ),
        create_engine(
            settings.jobs_database_url, application_name=f"{name}-jobs", pool_size=JOBS_POOL_SIZE
        ),
        create_engine(
            settings.jobs_database_url,
            application_name=f"{name}-leases",
            pool_size=LEASES_POOL_SIZE,
        ),
    )
    app, jobs, leases = [await open_checked_database(stack, state, engine) for engine in engines]
    return WorkerDatabases(app, jobs, leases)
