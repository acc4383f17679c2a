"""Deltas of a server's stream are merged as they are read: of one read, and within a window."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from model_client.errors import ModelBrokenOffError
from model_client.merging import Message, merge_messages
from model_client.model_stream import ModelStream
from todochat.testing import wait_until

LONG_S = 1e9  # a window that no test outlasts


class Source:
    """A response's body, whose reads the test sends.

    Attributes:
        collects: set while the kernel collects bytes, `until` the end of the window.
    """

    def __init__(self) -> None:
        self.collects = asyncio.Event()
        self.until = 0.0
        self._reads: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    def send(self, *messages: Any) -> None:
        """Send messages in one read."""
        self.send_bytes(b"".join(b"data: %b\n\n" % msgspec.json.encode(each) for each in messages))

    def send_bytes(self, read: bytes | Exception) -> None:
        self._reads.put_nowait(read)

    async def readany(self) -> bytes:
        read = await self._reads.get()
        if isinstance(read, Exception):
            raise read
        return read

    def collect(self, size: int, until: float = 0.0) -> None:
        self.until = until
        if size:
            self.collects.set()
        else:
            self.collects.clear()

    def fail(self, error: Exception) -> None:
        self._reads.put_nowait(error)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def reads(source: Source) -> AsyncIterator[AsyncIterator[list[Message]]]:
    """The reads of a stream within a text, whose deltas may wait for each other."""
    stream = ModelStream(source, b"data: %b\n\n" % msgspec.json.encode(text("a")), "m", LONG_S)
    async with contextlib.aclosing(aiter(stream)) as batches:
        assert texts(await anext(batches)) == ["a"]
        stream.window_s = LONG_S
        yield batches


@contextlib.asynccontextmanager
async def after_window(
    source: Source,
) -> AsyncIterator[tuple[ModelStream, AsyncIterator[list[Message]]]]:
    """A stream within a text, after a window that has ended with a delta, and its reads."""
    stream = ModelStream(source, b"data: %b\n\n" % msgspec.json.encode(text("a")), "m", LONG_S)
    async with contextlib.aclosing(aiter(stream)) as batches:
        await anext(batches)
        stream.window_s = 0.001
        source.send(text("b"))
        assert texts(await anext(batches)) == ["b"]
        yield stream, batches


def text(delta: str, item_id: str = "msg_1", **fields: Any) -> dict[str, Any]:
    """A delta of the Responses API."""
    return {
        "type": "response.output_text.delta",
        "item_id": item_id,
        "output_index": 0,
        "content_index": 0,
        "delta": delta,
        **fields,
    }


def chunk(**delta: Any) -> dict[str, Any]:
    """A chunk of a chat completion."""
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def finished(**delta: Any) -> dict[str, Any]:
    """The last chunk of a chat completion."""
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]}


def texts(messages: list[Message]) -> list[Any]:
    """The text of each delta, and the type of anything else."""
    return [data.get("delta", data["type"]) for _, data in messages]


def merge(*messages: Any) -> list[Any]:
    merged, _ = merge_messages([(b"", each) for each in messages])
    return [data for _, data in merged]


async def test_deltas_within_the_window_are_merged(
    source: Source, reads: AsyncIterator[list[Message]]
) -> None:
    source.send(text("b"))
    source.send(text("c"), text("d"))
    source.send({"type": "response.output_text.done"})

    assert texts(await anext(reads)) == ["bcd", "response.output_text.done"]


async def test_end_of_the_window_releases_the_deltas(source: Source) -> None:
    async with after_window(source):
        pass  # asserted there


async def test_next_window_begins_before_its_first_delta(source: Source) -> None:
    async with after_window(source) as (stream, batches):
        stream.window_s = LONG_S
        reading = asyncio.ensure_future(anext(batches))

        await asyncio.wait_for(source.collects.wait(), 10)
        source.send(text("c"))
        source.send({"type": "response.output_text.done"})

        assert texts(await reading) == ["c", "response.output_text.done"]
        source.send_bytes(b"")
        source.send_bytes(b"")
        assert [read async for read in batches] == []
        assert not source.collects.is_set()


async def test_delta_after_an_empty_window_is_read_at_once(source: Source) -> None:
    async with after_window(source) as (_, batches):
        reading = asyncio.ensure_future(anext(batches))
        await asyncio.wait_for(source.collects.wait(), 10)
        await wait_until(lambda: asyncio.get_running_loop().time() > source.until)

        source.send(text("c"))

        assert texts(await reading) == ["c"]


async def test_first_delta_of_another_text_does_not_wait(
    source: Source, reads: AsyncIterator[list[Message]]
) -> None:
    source.send(text("b"))
    source.send(text("x", "msg_2"))

    assert texts(await anext(reads)) == ["b", "x"]


async def test_part_of_a_delta_does_not_end_the_wait(
    source: Source, reads: AsyncIterator[list[Message]]
) -> None:
    event = b"data: %b\n\n" % msgspec.json.encode(text("c"))
    source.send(text("b"))
    source.send_bytes(event[:20])
    source.send_bytes(event[20:])
    source.send({"type": "response.completed"})

    assert texts(await anext(reads)) == ["bc", "response.completed"]


@pytest.mark.parametrize("kind", [None, 1, ["chunk"], {"name": "chunk"}], ids=str)
async def test_type_of_a_chat_chunk_is_ignored(source: Source, kind: object) -> None:
    first = msgspec.json.encode({**chunk(content="a"), "type": kind})
    stream = ModelStream(source, b"data: %b\n\n" % first, "m", LONG_S)
    async with contextlib.aclosing(aiter(stream)) as batches:
        await anext(batches)
        stream.window_s = LONG_S
        source.send({**chunk(content="b"), "type": kind})
        source.send({**chunk(content="c"), "type": kind}, finished())

        deltas = [data["choices"][0]["delta"] for _, data in await anext(batches)]

    assert deltas == [{"content": "bc"}, {}]


async def test_end_of_the_body_releases_the_deltas(
    source: Source, reads: AsyncIterator[list[Message]]
) -> None:
    source.send(text("b"))
    source.send_bytes(b"")
    source.send_bytes(b"")  # a body that has ended stays so

    assert [texts(read) async for read in reads] == [["b"]]


@pytest.mark.parametrize("failure", [aiohttp.ClientPayloadError("reset"), b'data: {"type\n\n'])
async def test_failure_releases_the_deltas_before_it(
    source: Source, reads: AsyncIterator[list[Message]], failure: bytes | Exception
) -> None:
    source.send(text("b"))
    source.send_bytes(failure)

    assert texts(await anext(reads)) == ["b"]
    with pytest.raises(ModelBrokenOffError):
        await anext(reads)


def test_merged_by_text() -> None:
    done = {"type": "response.output_text.done"}

    merged = merge(text("a"), text("b"), text("c", "msg_2"), done, text("d", "msg_2"))

    assert [each.get("delta") for each in merged] == ["ab", "c", None, "d"]


def test_deltas_with_log_probabilities_stay_as_they_are() -> None:
    scored = [text(token, logprobs=[{"token": token}]) for token in ("a", "b")]

    assert [each["delta"] for each in merge(*scored)] == ["a", "b"]


def test_chunks_of_a_chat_completion_are_merged() -> None:
    merged = merge(
        chunk(role="assistant", content=""),
        chunk(reasoning_content="think", content=None),
        chunk(reasoning_content="ing", content=None),
        chunk(content="H"),
        chunk(content="ello"),
        finished(content="!"),
    )

    assert [each["choices"][0]["delta"] for each in merged] == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "thinking", "content": None},
        {"content": "Hello"},
        {"content": "!"},
    ]


@pytest.mark.parametrize(
    "other",
    [
        chunk(tool_calls=[{"index": 0, "function": {"arguments": "{"}}]),
        chunk(content=[{"type": "text", "text": "b"}]),
        chunk(content="b", annotations=[{"type": "url_citation"}]),
        {"id": "c", "choices": [{"index": 1, "delta": {"content": "b"}, "finish_reason": None}]},
        {"id": "c", "choices": []},
        {"error": {"message": "overloaded"}},
        "[DONE]",
    ],
    ids=["call", "parts", "annotations", "choice", "usage", "error", "end"],
)
def test_chunk_with_anything_else_is_not_merged(other: Any) -> None:
    assert merge(chunk(content="a"), other) == [chunk(content="a"), other]
