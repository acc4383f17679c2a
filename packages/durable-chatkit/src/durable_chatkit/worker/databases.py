"""The worker's connections to the chat database: three pools, as two roles."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, NamedTuple

from litestar.datastructures import State
from typing_extensions import override

from durable_chatkit.settings import ChatSettings
from durable_chatkit.worker.run_handle import RunReleasedError
from todochat.database import Database, create_engine
from todochat.database.checked import CheckedDatabase, open_checked_database
from todochat.database.outage import is_outage

JOBS_POOL_SIZE: Final = 5
LEASES_POOL_SIZE: Final = 2  # claims and renewals


class RunDatabase(Database):
    """The database as a run's driver uses it: raises RunReleasedError during an outage.

    openai-chatkit turns every Exception into an error event, so a restart of PostgreSQL would fail
    active runs. A released run continues when PostgreSQL is back.
    """

    @override
    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        try:
            yield
        except Exception as error:
            if not is_outage(error):
                raise
            raise RunReleasedError("the database is unreachable") from error


class WorkerDatabases(NamedTuple):
    """One database, opened three times.

    Attributes:
        app: for the rows of a run's user.
        jobs: for runs and journals of all users.
        leases: the same role with a separate pool: renewals don't wait for the journals of fifty
            runs.
    """

    app: CheckedDatabase
    jobs: CheckedDatabase
    leases: CheckedDatabase

    async def wait_checked(self) -> None:
        """Wait until both roles have been checked."""
        for database in self:
            await database.wait_checked()

    async def ping(self) -> None:
        """Raise if PostgreSQL is unreachable or must not be used."""
        for database in self:
            await database.check()
        await self.jobs.ping()


async def open_databases(
    settings: ChatSettings, name: str, state: State, stack: AsyncExitStack
) -> WorkerDatabases:
    """Open the databases with this application name, even while PostgreSQL is unreachable.

    Raises:
        BypassingRoleError: a role could read every user's rows.
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
