"""Hashing passwords with argon2id in a few threads of their own, with a bounded queue.

Hashing is made to be slow and takes memory: without a bound, a burst of sign-ins would starve the
event loop or the machine. Beyond the bound the answer is 503 with Retry-After.
"""

import asyncio
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from auth_session.errors import PasswordPoolFullError
from auth_session.metrics import PASSWORDS_IN_WORK

# OWASP's Password Storage Cheat Sheet for argon2id: 19 MiB, 2 passes, 1 lane; about 40 ms here.
_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2
_LANES: Final = 1

ResultT = TypeVar("ResultT")


class Verification(msgspec.Struct, frozen=True):
    """Whether a password was right; `new_hash` replaces one made with older parameters."""

    is_right: bool
    new_hash: str | None = None


def create_hasher() -> PasswordHasher:
    """Return the hasher with this service's parameters."""
    return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)


class PasswordPool:
    """Hashes and verifies at most `threads` passwords at once, while `queue` more may wait."""

    def __init__(self, *, threads: int, queue: int, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or create_hasher()
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._places = threading.BoundedSemaphore(threads + queue)
        self._nobodys_hash = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Return a password's hash in PHC form.

        Raises:
            PasswordPoolFullError: as many passwords as may are in work or waiting.
        """
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password: str, password_hash: str | None) -> Verification:
        """Compare a password with a hash; None, for an unknown account, takes the same time.

        Raises:
            PasswordPoolFullError: as many passwords as may are in work or waiting.
        """
        return await self._run(lambda: self._verify(password, password_hash))

    def close(self) -> None:
        """Let the threads end; passwords that still wait are dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, job: Callable[[], ResultT]) -> ResultT:
        if not self._places.acquire(blocking=False):
            raise PasswordPoolFullError
        # The place is given back when the thread is done, not when the caller stops waiting: a
        # thread can't be interrupted, so a client that hangs up must not make room for another.
        future = self._executor.submit(job)
        PASSWORDS_IN_WORK.inc()
        future.add_done_callback(self._give_back)
        return await asyncio.wrap_future(future)

    def _give_back(self, _: object) -> None:
        PASSWORDS_IN_WORK.dec()
        self._places.release()

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
