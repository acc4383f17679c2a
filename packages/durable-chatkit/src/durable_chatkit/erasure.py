"""Erases an account: closes it, stops its runs and deletes all its data."""

import asyncio
from typing import Final

import structlog

from durable_chatkit.errors import ErasureInProgressError
from durable_chatkit.events.run_signals import RunSignals
from durable_chatkit.storage.acceptance_repository import AcceptanceRepository
from durable_chatkit.storage.erasure_repository import ChatErasureRepository, check_account_open
from todochat.bus.erasing import erase_runs
from todochat.bus.redis_client import RedisClient
from todochat.database import Database

LOCK_WAIT_S: Final = 2.0
STOP_WAIT_S: Final = 4.0  # auth-session retries the call, with a timeout of 10 s
POLL_S: Final = 0.1
RETRY_AFTER_S: Final = 3

log = structlog.get_logger(__name__)


class AccountGuard:
    """Rejects requests for accounts that are being or were erased."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def check_open(self, user_id: str) -> None:
        """Check that an account is open.

        Raises:
            AccountLockedError: the account is being erased or was erased.
        """
        async with self._db.sql_transaction(user_id) as session:
            await check_account_open(session)


class AccountEraser:
    """Erases accounts; erasing one again is safe."""

    def __init__(self, db: Database, redis: RedisClient, signals: RunSignals) -> None:
        self._db = db
        self._redis = redis
        self._signals = signals

    async def erase(self, user_id: str) -> None:
        """Delete all data of a user in PostgreSQL, and the user's runs in Redis.

        The first step closes the account for new requests. Workers are signalled to stop first, because
        tools may still act for the user in other services; dead workers are not waited for. A
        worker that writes after the deletion finds that its run no longer exists.

        Raises:
            ErasureInProgressError: a worker still holds runs; nothing is deleted yet.
            BusUnavailableError: Redis is unavailable; nothing is deleted yet.
        """
        async with self._db.sql_transaction(user_id) as session:
            await AcceptanceRepository(session, user_id).lock_user(LOCK_WAIT_S)
            stopped = await ChatErasureRepository(session, user_id).begin_erasure()
        await self._signals.request_stop(stopped)
        await self._wait_until_released(user_id)
        async with self._db.sql_transaction(user_id) as session:
            await AcceptanceRepository(session, user_id).lock_user(LOCK_WAIT_S)
            erasure = ChatErasureRepository(session, user_id)
            runs = await erasure.lock_runs()
            if runs.held:
                raise ErasureInProgressError(runs.held, RETRY_AFTER_S)
            # Redis first: the keys are known only from the rows deleted below.
            await erase_runs(self._redis, runs.run_ids)
            await erasure.delete_everything()
        log.info("account.erased", user_id=user_id, runs=len(runs.run_ids))

    async def _wait_until_released(self, user_id: str) -> None:
        deadline = asyncio.get_running_loop().time() + STOP_WAIT_S
        while asyncio.get_running_loop().time() < deadline:
            async with self._db.sql_transaction(user_id) as session:
                if await ChatErasureRepository(session, user_id).count_held_runs() == 0:
                    return
            await asyncio.sleep(POLL_S)
