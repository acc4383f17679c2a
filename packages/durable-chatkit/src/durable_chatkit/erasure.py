"""Erasing a person: close the account, stop what runs, delete everything."""

import asyncio
from typing import Final

import structlog

from durable_chatkit.errors import ErasureInProgressError
from durable_chatkit.events.run_signals import RunSignals
from durable_chatkit.storage.acceptance_repository import AcceptanceRepository
from durable_chatkit.storage.erasure_repository import ErasureRepository, refuse_erased
from todochat.bus.erasing import erase_runs
from todochat.bus.redis_client import RedisClient
from todochat.database import Database

LOCK_WAIT_S: Final = 2.0
STOP_WAIT_S: Final = 4.0  # auth-session gives the whole call 10 s and asks again
POLL_S: Final = 0.1
RETRY_AFTER_S: Final = 3

log = structlog.get_logger(__name__)


class AccountGuard:
    """Tells which accounts are open."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def check_open(self, user_id: str) -> None:
        """Go on only for an account that is open.

        Raises:
            AccountLockedError: it is being erased, or was.
        """
        async with self._db.transaction(user_id) as session:
            await refuse_erased(session)


class AccountEraser:
    """Erases accounts, each as often as it is asked to.

    Args:
        stop_wait_s: how long workers get to let go of the account's runs, per call.
    """

    def __init__(
        self,
        db: Database,
        redis: RedisClient,
        signals: RunSignals,
        *,
        stop_wait_s: float = STOP_WAIT_S,
    ) -> None:
        self._db = db
        self._redis = redis
        self._signals = signals
        self._stop_wait_s = stop_wait_s

    async def erase(self, user_id: str) -> None:
        """Delete everything of a user, here and of the runs in Redis.

        From its first step on the account takes nothing new. Workers are asked to stop, since
        tools may still act for the user elsewhere; one that is dead is not waited for. What a
        worker wants to write afterwards finds its run gone.

        Raises:
            ErasureInProgressError: a worker still has runs; nothing is deleted yet.
            BusUnavailableError: Redis is away; nothing is deleted yet.
        """
        async with self._db.transaction(user_id) as session:
            await AcceptanceRepository(session, user_id).lock(LOCK_WAIT_S)
            stopped = await ErasureRepository(session, user_id).begin()
        await self._signals.request_stop(stopped)
        await self._wait_until_let_go(user_id)
        async with self._db.transaction(user_id) as session:
            await AcceptanceRepository(session, user_id).lock(LOCK_WAIT_S)
            erasure = ErasureRepository(session, user_id)
            runs = await erasure.lock_runs()
            if runs.held:
                raise ErasureInProgressError(runs.held, RETRY_AFTER_S)
            # First Redis: afterwards nobody would know which keys there were.
            await erase_runs(self._redis, runs.run_ids)
            await erasure.delete_everything()
        log.info("account.erased", user_id=user_id, runs=len(runs.run_ids))

    async def _wait_until_let_go(self, user_id: str) -> None:
        deadline = asyncio.get_running_loop().time() + self._stop_wait_s
        while asyncio.get_running_loop().time() < deadline:
            async with self._db.transaction(user_id) as session:
                if await ErasureRepository(session, user_id).count_held() == 0:
                    return
            await asyncio.sleep(POLL_S)
