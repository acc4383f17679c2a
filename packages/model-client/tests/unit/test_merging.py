"""Merging of deltas: those of one read, and those within a window, by a clock of the test's own."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import pytest
from agents.items import TResponseStreamEvent
from openai.types.responses import (
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseInProgressEvent,
    ResponseTextDeltaEvent,
)

from model_client.merging import DeltaWindow

WINDOW_S = 3600.0  # no timer of a test ends unless it moves the clock
END = object()


class Clock:
    """The event loop's timers, run by `pass_window`."""

    def __init__(self) -> None:
        self.timers: list[asyncio.TimerHandle] = []

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any
    ) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        assert delay == WINDOW_S
        timer = asyncio.TimerHandle(loop.time() + delay, callback, args, loop)
        self.timers.append(timer)
        return timer

    @property
    def running(self) -> list[asyncio.TimerHandle]:
        """The timers that were neither cancelled nor run."""
        return [timer for timer in self.timers if not timer.cancelled()]

    def pass_window(self) -> None:
        for timer in self.running:
            timer._run()
            timer.cancel()


class Model:
    """A stream whose next events the test sends."""

    def __init__(self) -> None:
        self.is_closed = False
        self._sent: asyncio.Queue[Any] = asyncio.Queue()

    def send(self, *events: Any) -> None:
        for event in events:
            self._sent.put_nowait(event)

    async def stream(self) -> AsyncGenerator[TResponseStreamEvent, None]:
        try:
            while (event := await self._sent.get()) is not END:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self.is_closed = True


class Viewer:
    """Receives the merged events as texts, until the stream ends."""

    def __init__(self, events: AsyncGenerator[TResponseStreamEvent, None]) -> None:
        self.seen: list[str] = []
        self._task = asyncio.ensure_future(self._watch(events))

    async def _watch(self, events: AsyncGenerator[TResponseStreamEvent, None]) -> None:
        async with aclosing(events):
            async for event in events:
                self.seen.append(getattr(event, "delta", event.type))

    async def take(self) -> list[str]:
        """Return what arrived since the last call, once nothing more can happen."""
        for _ in range(20):
            await asyncio.sleep(0)
        seen, self.seen = self.seen, []
        return seen

    async def end(self) -> list[str]:
        """Return the rest once the stream has ended; raise its error."""
        await self._task
        return self.seen

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(asyncio.get_running_loop(), "call_later", made.call_later)
    return made


@pytest.fixture
async def model() -> Model:
    return Model()


@pytest.fixture
async def viewer(clock: Clock, model: Model) -> Viewer:
    return Viewer(DeltaWindow(WINDOW_S).merge(model.stream()))


def text(delta: str, item_id: str = "msg_1", content_index: int = 0) -> ResponseTextDeltaEvent:
    return ResponseTextDeltaEvent(
        type="response.output_text.delta",
        item_id=item_id,
        output_index=0,
        content_index=content_index,
        delta=delta,
        logprobs=[],
        sequence_number=0,
    )


def arguments(delta: str) -> ResponseFunctionCallArgumentsDeltaEvent:
    return ResponseFunctionCallArgumentsDeltaEvent(
        type="response.function_call_arguments.delta",
        item_id="fc_1",
        output_index=0,
        delta=delta,
        sequence_number=0,
    )


def other() -> TResponseStreamEvent:
    return ResponseInProgressEvent.model_construct(type="response.in_progress")


async def test_first_delta_does_not_wait(clock: Clock, model: Model, viewer: Viewer) -> None:
    model.send(text("a"))

    assert await viewer.take() == ["a"]
    assert clock.timers == []


async def test_following_deltas_are_one_event_when_window_ends(
    clock: Clock, model: Model, viewer: Viewer
) -> None:
    model.send(text("a"), text("b"), text("c"))
    assert await viewer.take() == ["a"]

    clock.pass_window()

    assert await viewer.take() == ["bc"]
    model.send(text("d"))
    assert await viewer.take() == []
    clock.pass_window()
    assert await viewer.take() == ["d"]


async def test_timer_runs_only_while_something_is_held(
    clock: Clock, model: Model, viewer: Viewer
) -> None:
    model.send(text("a"), text("b"), text("c"))
    await viewer.take()
    assert len(clock.running) == 1

    model.send(other())
    await viewer.take()

    assert clock.running == []


async def test_other_events_and_texts_release_what_is_held(model: Model, viewer: Viewer) -> None:
    model.send(
        *[text("a"), text("b"), other(), text("c"), text("d")],
        *[text("e", "msg_2"), text("f", "msg_2"), text("g", "msg_2", 1), arguments("h")],
    )

    assert await viewer.take() == ["a", "b", "response.in_progress", "c", "d", "e", "f", "g", "h"]


async def test_arguments_of_calls_are_merged_too(
    clock: Clock, model: Model, viewer: Viewer
) -> None:
    model.send(arguments("{"), arguments('"a"'), arguments(":1}"))
    await viewer.take()

    clock.pass_window()

    assert await viewer.take() == ['"a":1}']


async def test_end_releases_what_is_held(model: Model, viewer: Viewer) -> None:
    model.send(text("a"), text("b"), text("c"), END)

    assert await viewer.end() == ["a", "bc"]


async def test_error_follows_what_was_held(clock: Clock, model: Model, viewer: Viewer) -> None:
    model.send(text("a"), text("b"), text("c"), ValueError("broken off"))

    with pytest.raises(ValueError, match="broken off"):
        await viewer.end()

    assert viewer.seen == ["a", "bc"]
    assert clock.running == []


async def test_cancelling_closes_stream_and_drops_what_is_held(
    clock: Clock, model: Model, viewer: Viewer
) -> None:
    model.send(text("a"), text("b"))
    assert await viewer.take() == ["a"]

    await viewer.leave()

    assert model.is_closed
    assert clock.running == []
    assert viewer.seen == []


async def test_slow_reader_stops_the_stream(model: Model) -> None:
    events = DeltaWindow(WINDOW_S).merge(model.stream())
    model.send(*[other() for _ in range(300)], END)

    async with aclosing(events):
        await anext(events)
        for _ in range(1000):
            await asyncio.sleep(0)

        assert model._sent.qsize() > 150
        assert len([event async for event in events]) == 299


async def test_merged_events_are_copies(clock: Clock, model: Model, viewer: Viewer) -> None:
    events = [text("a"), text("b"), text("c")]
    model.send(*events)
    await viewer.take()
    clock.pass_window()
    await viewer.take()

    assert [event.delta for event in events] == ["a", "b", "c"]
