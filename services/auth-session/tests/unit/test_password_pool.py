"""The hash parameters, and the order in which passwords are hashed."""

import asyncio
import platform
import subprocess
import sys
import threading
from collections.abc import Iterator

import argon2
import pytest
from argon2 import PasswordHasher

from auth_session.errors import PasswordPoolFullError
from auth_session.service import password_pool
from auth_session.service.password_pool import PasswordCaller, PasswordPool
from todochat.bus.redis_client import create_redis
from todochat.http.rate_limit import RateLimit
from todochat.testing.waiting import wait_until


@pytest.fixture
def real_hasher(cheap_hashing: None, monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    monkeypatch.undo()
    return password_pool.create_hasher()


def test_passwords_are_hashed_with_argon2id_and_owasp_parameters(
    real_hasher: PasswordHasher,
) -> None:
    parameters = argon2.extract_parameters(real_hasher.hash("a password"))

    assert parameters.type is argon2.Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19456, 2, 1)


HASH_IN_TWO_THREADS = """
from concurrent.futures import ThreadPoolExecutor
import psutil
from auth_session.service.password_pool import create_hasher, release_freed_blocks
release_freed_blocks()
hasher = create_hasher()
hasher.hash("a password")
before = psutil.Process().memory_info().rss
with ThreadPoolExecutor(2) as threads:
    list(threads.map(hasher.hash, ["a password"] * 6))
    print(psutil.Process().memory_info().rss - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators keep no block")
def test_memory_of_a_hash_is_returned_to_the_system() -> None:
    result = subprocess.run(
        [sys.executable, "-c", HASH_IN_TWO_THREADS],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert int(result.stdout) < 4 * 2**20


class RecordingHasher(PasswordHasher):
    """Records the passwords it hashes, and waits while its gate is closed."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.hashed: list[str | bytes] = []
        self.gate = threading.Event()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.hashed.append(password)
        assert self.gate.wait(10)
        return super().hash(password, salt=salt)


class Rush:
    """A pool with one thread, which is busy with its first password until `finish`."""

    def __init__(self, queue: int, queue_per_caller: int) -> None:
        self.hasher = RecordingHasher()
        self.hasher.gate.set()
        unlimited = RateLimit(create_redis("redis://127.0.0.1:1/0"), "unused", limit=0, window_s=1)
        self.pool = PasswordPool(
            threads=1,
            queue=queue,
            queue_per_caller=queue_per_caller,
            failures=unlimited,
            hasher=self.hasher,
        )
        self.hasher.gate.clear()
        self.hasher.hashed.clear()
        self.running: dict[str, asyncio.Task[str]] = {}

    async def send(self, *passwords: str, has_session: bool = False) -> None:
        """Submit passwords of the callers named by their first letters."""
        for password in passwords:
            hashing = self.pool.hash(
                password, PasswordCaller(key=password[0], has_session=has_session)
            )
            self.running[password] = asyncio.create_task(hashing)
        await asyncio.sleep(0)  # every task runs until it waits

    async def finish(self) -> list[str | bytes]:
        """Release the thread, and return the passwords in the order of their turns."""
        self.hasher.gate.set()
        await asyncio.gather(*self.running.values(), return_exceptions=True)
        return self.hasher.hashed

    def refused(self) -> list[str]:
        return [
            password
            for password, task in self.running.items()
            if not task.cancelled() and isinstance(task.exception(), PasswordPoolFullError)
        ]


@pytest.fixture
def rush() -> Iterator[Rush]:
    rush = Rush(queue=4, queue_per_caller=3)
    yield rush
    rush.hasher.gate.set()
    rush.pool.close()


async def test_another_caller_waits_for_one_password_of_a_flood(rush: Rush) -> None:
    await rush.send("a0", "a1", "a2", "a3", "a4", "b0")

    assert await rush.finish() == ["a0", "a1", "b0", "a2", "a3"]
    assert rush.refused() == ["a4"]


async def test_another_caller_gets_into_a_queue_filled_by_a_few(rush: Rush) -> None:
    await rush.send("a0", "a1", "a2", "b1", "b2", "c0")

    assert await rush.finish() == ["a0", "a1", "b1", "c0", "b2"]
    assert rush.refused() == ["a2"]


async def test_callers_with_a_session_get_every_other_turn_and_a_separate_queue(
    rush: Rush,
) -> None:
    await rush.send("a0", "b0", "c0", "d0", "e0", "f0")
    await rush.send("u0", "v0", has_session=True)

    assert await rush.finish() == ["a0", "u0", "b0", "v0", "c0", "d0", "e0"]
    assert rush.refused() == ["f0"]


async def test_others_get_every_other_turn_in_a_flood_with_sessions(rush: Rush) -> None:
    await rush.send("u0", "u1", "u2", "u3", "v0", has_session=True)
    await rush.send("a0", "a1")

    assert await rush.finish() == ["u0", "u1", "a0", "v0", "a1", "u2", "u3"]


async def test_a_password_of_a_disconnected_client_is_not_hashed(rush: Rush) -> None:
    await rush.send("a0", "a1", "a2")
    rush.running["a1"].cancel()
    await wait_until(rush.running["a1"].done)

    assert await rush.finish() == ["a0", "a2"]


async def test_waiting_times_out(rush: Rush, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_pool, "MAX_WAIT_S", 0.01)

    await rush.send("a0", "b0")
    await wait_until(rush.running["b0"].done)

    assert rush.refused() == ["a0", "b0"]
    assert await rush.finish() == ["a0"]


async def test_an_error_of_the_hasher_is_raised_and_frees_the_thread(
    rush: Rush, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rush.hasher, "hashed", None)  # recording raises
    await rush.send("a0")
    await wait_until(rush.running["a0"].done)
    monkeypatch.undo()

    await rush.send("b0")

    assert isinstance(rush.running["a0"].exception(), AttributeError)
    assert await rush.finish() == ["b0"]
