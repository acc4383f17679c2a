"""Shutdown of the process's background jobs."""

import asyncio
import sys
from collections.abc import Iterable

import pytest
from redis.asyncio.connection import Connection

from chat_gateway.app import create_app
from chat_gateway.lifespan import open_gateway
from chat_gateway.settings import ChatGatewaySettings
from chat_gateway.streams.sign_out_watcher import SignOutWatcher
from todochat.bus.redis_client import create_redis

JOB = "close-signed-out-streams"


async def test_shutdown_ends_although_redis_py_loses_a_cancellation(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """redis-py sends in `asyncio.wait_for`, which loses a cancellation below Python 3.12.

    That happens when the send completes in the same loop iteration (python/cpython#86296). The job
    of this test sends a command that does so, and then continues as a loop would.
    """
    is_sending, was_lost = asyncio.Event(), asyncio.Event()
    send = Connection._send_packed_command

    async def send_until_the_job_is_cancelled(
        connection: Connection, command: Iterable[bytes]
    ) -> None:
        await send(connection, command)
        (job,) = (task for task in asyncio.all_tasks() if task.get_name() == JOB)
        is_sending.set()
        while not job.cancelling():  # noqa: ASYNC110 - ends in that very loop iteration
            await asyncio.sleep(0)

    async def recheck_with_a_send_at_shutdown(_: SignOutWatcher) -> None:
        redis = create_redis(environ["REDIS_URL"])
        await redis.ping()  # connects, which sends other commands
        monkeypatch.setattr(Connection, "_send_packed_command", send_until_the_job_is_cancelled)
        try:
            await redis.ping()
            was_lost.set()
            await asyncio.get_running_loop().create_future()
        finally:
            monkeypatch.setattr(Connection, "_send_packed_command", send)
            await redis.aclose()

    monkeypatch.setattr(SignOutWatcher, "recheck", recheck_with_a_send_at_shutdown)
    monkeypatch.setattr("todochat.background.STOP_TIMEOUT_S", 0.1)
    app = create_app(ChatGatewaySettings.load(environ))

    async with asyncio.timeout(10):
        async with open_gateway(app):
            await is_sending.wait()

    assert was_lost.is_set() or sys.version_info >= (3, 12)
    assert JOB not in {task.get_name() for task in asyncio.all_tasks()}
