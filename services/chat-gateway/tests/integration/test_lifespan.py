"""Shutdown of the process's background jobs."""

import asyncio

import pytest

from chat_gateway.app import create_app
from chat_gateway.lifespan import open_gateway
from chat_gateway.settings import ChatGatewaySettings
from chat_gateway.streams.sign_out_watcher import SignOutWatcher


async def test_shutdown_ends_although_a_job_loses_its_first_cancellation(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """redis-py awaits `asyncio.wait_for`, which loses a cancellation below Python 3.12.

    That happens when the reply arrives in the same loop iteration (python/cpython#86296).
    """
    is_waiting = asyncio.Event()

    async def recheck_that_loses_a_cancellation(_: SignOutWatcher) -> None:
        is_waiting.set()
        reply = asyncio.get_running_loop().create_future()
        try:
            await reply
        except asyncio.CancelledError:
            return

    monkeypatch.setattr(SignOutWatcher, "recheck", recheck_that_loses_a_cancellation)
    monkeypatch.setattr("todochat.background.STOP_TIMEOUT_S", 0.1)
    app = create_app(ChatGatewaySettings.load(environ))

    async with asyncio.timeout(10):
        async with open_gateway(app):
            await is_waiting.wait()
