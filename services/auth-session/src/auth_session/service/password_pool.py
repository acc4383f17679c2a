"""Hashes passwords with argon2id in a few dedicated threads, with bounded, fair queues.

Hashing is slow and memory-intensive by design: without bounds, a burst of sign-ins would starve
the event loop or the machine. Callers take turns, so a burst delays and evicts only its own
requests. Beyond the bounds the response is 503, beyond the limit of wrong passwords 429.
"""

import asyncio
import ctypes
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from auth_session.errors import PasswordPoolFullError, TooManySignInsError
from auth_session.metrics import PASSWORDS_IN_WORK
from auth_session.service.fair_queue import FairQueue, FairQueueFullError
from todochat.http.rate_limit import RateLimit

# OWASP's Password Storage Cheat Sheet for argon2id: 19 MiB, 2 passes, 1 lane; about 40 ms here.
_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2
_LANES: Final = 1

_MMAP_THRESHOLD: Final = -3  # M_MMAP_THRESHOLD of malloc.h
_MMAP_THRESHOLD_BYTES: Final = 1024 * 1024

# Includes waiting for a thread. At the default size, a full queue drains in about 3 s.
MAX_WAIT_S: Final = 15.0

ResultT = TypeVar("ResultT")


class PasswordVerification(msgspec.Struct, frozen=True):
    """The result of a verification; `new_hash` replaces a hash made with older parameters."""

    is_correct: bool
    new_hash: str | None = None


def create_hasher() -> PasswordHasher:
    """Return a hasher with this service's parameters."""
    return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)


def release_freed_blocks() -> None:
    """Let the C library return the memory of a hash to the system as soon as it is freed.

    By default glibc keeps 19 MiB for each thread that has hashed a password. A hash takes a fifth
    longer, since its memory is always new. No-op with another C library.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)


class PasswordCaller(msgspec.Struct, frozen=True, kw_only=True):
    """The caller whose share of the work and limits a password uses.

    Attributes:
        key: an address group, or the user of a session.
        has_session: whether the request has a session of the account in question.
    """

    key: str
    has_session: bool = False

    @classmethod
    def from_address(cls, address: str) -> "PasswordCaller":
        """Return a caller known only by the group of its address (`address_group`)."""
        return cls(key=address)

    @classmethod
    def from_user(cls, user_id: str) -> "PasswordCaller":
        """Return a caller with a session of the account."""
        return cls(key=user_id, has_session=True)


class _Job(msgspec.Struct, frozen=True, eq=False):
    """A password to hash or verify, and the future of its result."""

    work: Callable[[], Any]
    result: asyncio.Future[Any]


class PasswordPool:
    """Hashes and verifies at most `threads` passwords at once, while a bounded number wait.

    Callers with a session of the account in question wait in a separate queue. While both queues
    have jobs, each gets every other thread that becomes free.

    Args:
        queue: the limit of passwords that wait in each of the two queues.
        queue_per_caller: the limit of waiting passwords of one caller.
        failures: the limit of wrong passwords per caller.
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
        release_freed_blocks()
        self._hasher = hasher or create_hasher()
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._threads = threads
        self._working = 0
        self._owners = FairQueue[_Job](queue, queue_per_caller)
        self._others = FairQueue[_Job](queue, queue_per_caller)
        self._turns = [self._owners, self._others]
        self._failures = failures
        self._decoy_hash = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str, caller: PasswordCaller) -> str:
        """Return a password's hash in PHC form.

        Raises:
            PasswordPoolFullError: the queue is full, or the wait took too long.
        """
        return await self._run(caller, lambda: self._hasher.hash(password))

    async def verify(
        self, password: str, password_hash: str | None, caller: PasswordCaller
    ) -> PasswordVerification:
        """Compare a password with a hash; None, for an unknown account, takes as long.

        Raises:
            TooManySignInsError: too many wrong passwords of the caller.
            PasswordPoolFullError: the queue is full, or the wait took too long.
        """
        # Counted first, so that of many concurrent requests only as many as the limit are verified.
        wait_s = await self._failures.take(caller.key)
        if wait_s > 0:
            raise TooManySignInsError(wait_s)
        try:
            verified = await self._run(caller, lambda: self._verify(password, password_hash))
        except PasswordPoolFullError:
            await self._failures.refund(caller.key)
            raise
        if verified.is_correct:
            await self._failures.refund(caller.key)
        return verified

    def close(self) -> None:
        """Stop the threads; waiting passwords are dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, caller: PasswordCaller, work: Callable[[], ResultT]) -> ResultT:
        job = _Job(work, asyncio.get_running_loop().create_future())
        if self._working < self._threads:
            self._start(job)
        else:
            queue = self._owners if caller.has_session else self._others
            try:
                evicted = queue.push(caller.key, job)
            except FairQueueFullError:
                raise PasswordPoolFullError from None
            if evicted is not None and not evicted.result.done():
                evicted.result.set_exception(PasswordPoolFullError())
        self._update_gauge()
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                result: ResultT = await job.result
        except TimeoutError:
            raise PasswordPoolFullError from None
        return result

    def _start(self, job: _Job) -> None:
        # A thread is free when its work is done, not when the caller stops waiting: a thread can't
        # be interrupted, so a client that disconnects must not make room for another.
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
        following = self._pop_next()
        if following is not None:
            self._start(following)
        self._update_gauge()

    def _pop_next(self) -> _Job | None:
        for queue in tuple(self._turns):
            while (job := queue.pop()) is not None:
                if not job.result.done():  # otherwise the client has disconnected
                    self._turns.sort(key=lambda each: each is queue)  # the other queue is next
                    return job
        return None

    def _update_gauge(self) -> None:
        PASSWORDS_IN_WORK.set(self._working + len(self._owners) + len(self._others))

    def _verify(self, password: str, password_hash: str | None) -> PasswordVerification:
        try:
            self._hasher.verify(password_hash or self._decoy_hash, password)
        except VerifyMismatchError:
            return PasswordVerification(is_correct=False)
        if password_hash is None:
            return PasswordVerification(is_correct=False)
        if self._hasher.check_needs_rehash(password_hash):
            return PasswordVerification(is_correct=True, new_hash=self._hasher.hash(password))
        return PasswordVerification(is_correct=True)
