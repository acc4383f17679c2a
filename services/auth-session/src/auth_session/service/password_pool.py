"""Hashing passwords with argon2id in a few threads of their own, with bounded, fair queues.

Hashing is made to be slow and takes memory: without a bound, a burst of sign-ins would starve the
event loop or the machine. Callers take turns, so a burst delays and displaces its own requests
only. Beyond the bounds the answer is 503, beyond the limit of wrong passwords 429.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from auth_session.domain.caller import Caller
from auth_session.errors import PasswordPoolFullError, TooManySignInsError
from auth_session.metrics import PASSWORDS_IN_WORK
from auth_session.service.fair_queue import FairQueue, QueueFullError
from todochat.http.rate_limit import RateLimit

# OWASP's Password Storage Cheat Sheet for argon2id: 19 MiB, 2 passes, 1 lane; about 40 ms here.
_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2
_LANES: Final = 1

# Includes the wait for a thread. At the default size, a full queue drains in about 3 s.
MAX_WAIT_S: Final = 15.0

ResultT = TypeVar("ResultT")


class Verification(msgspec.Struct, frozen=True):
    """Whether a password was right; `new_hash` replaces one made with older parameters."""

    is_right: bool
    new_hash: str | None = None


def create_hasher() -> PasswordHasher:
    """Return the hasher with this service's parameters."""
    return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)


class _Job(msgspec.Struct, frozen=True, eq=False):
    """A password to hash or verify, and who waits for it."""

    work: Callable[[], Any]
    result: asyncio.Future[Any]


class PasswordPool:
    """Hashes and verifies at most `threads` passwords at once, while a bounded number wait.

    Callers that carry a session of the account in question wait in a queue of their own. While
    both queues have somebody, each gets every other thread that becomes free.

    Args:
        queue: passwords that may wait in each of the two queues.
        queue_per_caller: those of one caller among them.
        failures: the limit of wrong passwords by caller.
    """

    def __init__(
        self,
        *,
        threads: int,
        queue: int,
        queue_per_caller: int,
        failures: RateLimit,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._hasher = hasher or create_hasher()
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._threads = threads
        self._working = 0
        self._owners = FairQueue[_Job](queue, queue_per_caller)
        self._strangers = FairQueue[_Job](queue, queue_per_caller)
        self._turns = [self._owners, self._strangers]
        self._failures = failures
        self._nobodys_hash = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str, caller: Caller) -> str:
        """Return a password's hash in PHC form.

        Raises:
            PasswordPoolFullError: as many passwords as may are in work or waiting.
        """
        return await self._run(caller, lambda: self._hasher.hash(password))

    async def verify(
        self, password: str, password_hash: str | None, caller: Caller
    ) -> Verification:
        """Compare a password with a hash; None, for an unknown account, takes the same time.

        Raises:
            TooManySignInsError: the caller's passwords were wrong too often.
            PasswordPoolFullError: as many passwords as may are in work or waiting.
        """
        # Counted before, so that of many sent at once no more than the limit are verified.
        wait_s = await self._failures.take(caller.key)
        if wait_s > 0:
            raise TooManySignInsError(wait_s)
        try:
            verified = await self._run(caller, lambda: self._verify(password, password_hash))
        except PasswordPoolFullError:
            await self._failures.refund(caller.key)
            raise
        if verified.is_right:
            await self._failures.refund(caller.key)
        return verified

    def close(self) -> None:
        """Let the threads end; passwords that still wait are dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, caller: Caller, work: Callable[[], ResultT]) -> ResultT:
        job = _Job(work, asyncio.get_running_loop().create_future())
        if self._working < self._threads:
            self._start(job)
        else:
            queue = self._owners if caller.is_known else self._strangers
            try:
                dropped = queue.push(caller.key, job)
            except QueueFullError:
                raise PasswordPoolFullError from None
            if dropped is not None and not dropped.result.done():
                dropped.result.set_exception(PasswordPoolFullError())
        self._measure()
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                result: ResultT = await job.result
        except TimeoutError:
            raise PasswordPoolFullError from None
        return result

    def _start(self, job: _Job) -> None:
        # The thread is free when its work is done, not when the caller stops waiting: a thread
        # can't be interrupted, so a client that hangs up must not make room for another.
        self._working += 1
        work = asyncio.get_running_loop().run_in_executor(self._executor, job.work)
        work.add_done_callback(partial(self._finish, job))

    def _finish(self, job: _Job, work: asyncio.Future[Any]) -> None:
        self._working -= 1
        if work.cancelled():
            job.result.cancel()
        elif (error := work.exception()) is not None:
            if not job.result.done():
                job.result.set_exception(error)
        elif not job.result.done():
            job.result.set_result(work.result())
        following = self._next()
        if following is not None:
            self._start(following)
        self._measure()

    def _next(self) -> _Job | None:
        for queue in tuple(self._turns):
            while (job := queue.pop()) is not None:
                if not job.result.done():  # else the client has hung up
                    self._turns.sort(key=lambda each: each is queue)  # the other one is next
                    return job
        return None

    def _measure(self) -> None:
        PASSWORDS_IN_WORK.set(self._working + len(self._owners) + len(self._strangers))

    def _verify(self, password: str, password_hash: str | None) -> Verification:
        try:
            self._hasher.verify(password_hash or self._nobodys_hash, password)
        except VerifyMismatchError:
            return Verification(is_right=False)
        if password_hash is None:
            return Verification(is_right=False)
        if self._hasher.check_needs_rehash(password_hash):
            return Verification(is_right=True, new_hash=self._hasher.hash(password))
        return Verification(is_right=True)
