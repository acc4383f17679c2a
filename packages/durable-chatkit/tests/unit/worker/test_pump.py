"""A hosted server's events are pumped in one task, in lock-step with their consumer."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, cast

import pytest
from chatkit.types import ProgressUpdateEvent

from durable_chatkit.agent.run_scope import RunStoppedError
from durable_chatkit.worker.pump import ResponseCancelledError, ignore_abandoned_tasks, pump
from durable_chatkit.worker.run_handle import RunHandle
from todochat.background import run_cancellable


class Handle:
    """Records the response that a run handle would stop."""

    stopping = False
    response: Any = None

    def attach_result(self, result: Any) -> None:
        self.response = result


@pytest.fixture
def handle() -> Handle:
    return Handle()


def pumped(events: AsyncIterator[Any], handle: Handle) -> Any:
    return pump(events, cast("RunHandle", handle))


async def test_response_continues_only_after_its_event_is_consumed(handle: Handle) -> None:
    log: list[str] = []

    async def respond() -> AsyncIterator[Any]:
        for number in range(2):
            log.append(f"made {number}")
            yield ProgressUpdateEvent(text=str(number))
        log.append("end")

    async for event in pumped(respond(), handle):
        await asyncio.sleep(0)
        log.append(f"stored {event.text}")

    assert log == ["made 0", "stored 0", "made 1", "stored 1", "end"]


async def test_scopes_may_stay_open_across_events(handle: Handle) -> None:
    """A timeout belongs to the task in which it was entered."""

    async def respond() -> AsyncIterator[Any]:
        async with asyncio.timeout(5):
            yield ProgressUpdateEvent(text="one")
            await asyncio.sleep(0)
            yield ProgressUpdateEvent(text="two")

    assert [event.text async for event in pumped(respond(), handle)] == ["one", "two"]


async def test_cancelled_response_ends_where_it_waits(handle: Handle) -> None:
    ended: list[str] = []

    async def respond() -> AsyncIterator[Any]:
        try:
            yield ProgressUpdateEvent(text="one")
            handle.stopping = True
            asyncio.get_running_loop().call_soon(handle.response.cancel)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    events = pumped(respond(), handle)
    async with aclosing(events):
        assert [event.text async for event in events] == ["one"]

    assert ended == ["cancelled"]


async def test_response_that_cancels_itself_fails(handle: Handle) -> None:
    async def respond() -> AsyncIterator[Any]:
        raise asyncio.CancelledError
        yield

    with pytest.raises(ResponseCancelledError):
        await anext(pumped(respond(), handle))


@pytest.mark.parametrize("error", [ValueError("x"), RunStoppedError()])
async def test_exceptions_of_the_response_are_raised(handle: Handle, error: BaseException) -> None:
    async def respond() -> AsyncIterator[Any]:
        yield ProgressUpdateEvent(text="one")
        raise error

    with pytest.raises(type(error)):
        _ = [event async for event in pumped(respond(), handle)]


async def test_response_that_fails_to_close_ends(handle: Handle) -> None:
    class Response:
        """Events of a class of the author's, which can't be closed."""

        def __aiter__(self) -> AsyncIterator[Any]:
            return self

        async def __anext__(self) -> Any:
            raise StopAsyncIteration

        async def aclose(self) -> None:
            raise ValueError("x")

    async with asyncio.timeout(5):
        with pytest.raises(ValueError, match="x"):
            await anext(pumped(Response(), handle))


async def test_stopped_response_that_ignores_its_cancellation_is_left_behind(
    handle: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = asyncio.Event()

    async def respond() -> AsyncIterator[Any]:
        yield ProgressUpdateEvent(text="one")
        handle.stopping = True
        asyncio.get_running_loop().call_soon(handle.response.cancel)
        while not may_end.is_set():
            with suppress(asyncio.CancelledError):
                await may_end.wait()

    bounded = partial(run_cancellable, abandon_after_s=0.01)
    monkeypatch.setattr("durable_chatkit.worker.pump.run_cancellable", bounded)

    async with asyncio.timeout(5):
        assert [event.text async for event in pumped(respond(), handle)] == ["one"]
    may_end.set()


async def test_only_unexpected_ends_of_abandoned_tasks_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    ignore_abandoned_tasks(loop)

    with caplog.at_level(logging.ERROR, "asyncio"):
        for error in (StopAsyncIteration(), RunStoppedError(), ValueError("a bug")):
            loop.call_exception_handler({"message": repr(error), "exception": error})

    assert [record.message.split("\n")[0] for record in caplog.records] == ["ValueError('a bug')"]
