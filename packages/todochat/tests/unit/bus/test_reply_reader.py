"""Replies read from a transport: split, erroneous, and after the connection has ended."""

import asyncio
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, ResponseError

from todochat.bus.reply_reader import ReplyReader


class Wire(asyncio.Transport):
    """A transport that records what is written, and whether it was cut."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_aborted = False

    def write(self, data: Any) -> None:
        self.written += data

    def abort(self) -> None:
        self.is_aborted = True


def make_reader(
    wire: Wire, replies: list[Any], error: type[Exception] = ResponseError
) -> ReplyReader:
    return ReplyReader(wire, replies.append, error)


async def test_reply_in_pieces_is_passed_once_complete() -> None:
    replies: list[Any] = []
    reader = make_reader(Wire(), replies)

    for byte in b"*2\r\n$4\r\nnews\r\n:1\r\n+OK\r\n":
        reader.data_received(bytes([byte]))

    assert replies == [[b"news", 1], b"OK"]


async def test_error_reply_is_passed_like_any_reply() -> None:
    replies: list[Any] = []
    reader = make_reader(Wire(), replies)

    reader.data_received(b"-WRONGTYPE no\r\n+OK\r\n")

    assert isinstance(replies[0], ResponseError)
    assert replies[1:] == [b"OK"]
    assert not reader.closed.done()


async def test_server_that_refuses_the_connection_ends_it() -> None:
    replies: list[Any] = []
    wire = Wire()
    reader = make_reader(wire, replies, RedisConnectionError)

    reader.data_received(b"-LOADING not yet\r\n+OK\r\n")

    with pytest.raises(RedisConnectionError, match="LOADING"):
        await reader.closed
    assert wire.is_aborted
    assert replies == []


@pytest.mark.parametrize("sent", [b"HTTP/1.1 400 Bad Request\r\n", b"*x\r\n"])
async def test_other_protocol_ends_the_connection(sent: bytes) -> None:
    wire = Wire()
    reader = make_reader(wire, [])

    reader.data_received(sent)

    with pytest.raises(InvalidResponse):
        await reader.closed
    assert wire.is_aborted


async def test_failing_receiver_ends_the_connection() -> None:
    def fail(_: Any) -> None:
        raise LookupError

    wire = Wire()
    reader = ReplyReader(wire, fail, ResponseError)

    reader.data_received(b"+OK\r\n")

    with pytest.raises(LookupError):
        await reader.closed
    assert wire.is_aborted


async def test_first_reason_for_the_end_is_kept() -> None:
    reader = make_reader(Wire(), [])

    reader.connection_lost(OSError("reset"))
    reader.connection_lost(None)

    with pytest.raises(RedisConnectionError, match="reset"):
        await reader.closed


async def test_commands_are_written_together() -> None:
    wire = Wire()

    make_reader(wire, []).send((b"GET", "käse"), [b"SUBSCRIBE", b"a"], ("EXPIRE", b"k", 7))

    assert wire.written == (
        b"*2\r\n$3\r\nGET\r\n$5\r\nk\xc3\xa4se\r\n"
        b"*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n"
        b"*3\r\n$6\r\nEXPIRE\r\n$1\r\nk\r\n$1\r\n7\r\n"
    )
