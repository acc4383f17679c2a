"""The database as a run's driver uses it: when it is down, the run is released, not failed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from durable_chatkit.worker.errors import RunReleasedError
from todochat.database import Database
from todochat.database.outage import is_outage


class RunDatabase(Database):
    """Raises RunReleasedError where the database can't be reached.

    openai-chatkit makes an error event of every Exception, so a restart of PostgreSQL would fail
    the runs it meets. Left alone, they go on when it is back.
    """

    @override
    @asynccontextmanager
    async def transaction(self, user_id: str | None = None) -> AsyncIterator[AsyncSession]:
        try:
            async with super().transaction(user_id) as session:
                yield session
        except Exception as error:
            if not is_outage(error):
                raise
            raise RunReleasedError("the database can't be reached") from error
