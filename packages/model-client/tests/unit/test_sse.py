from collections.abc import Iterable

import pytest

from model_client.sse import EventTooLargeError, SseParser


def parse(data: bytes, size: int | None = None) -> list[tuple[bytes, bytes]]:
    parser = SseParser()
    step = size or max(len(data), 1)
    events: list[tuple[bytes, bytes]] = []
    for start in range(0, len(data), step):
        events += parser.feed(data[start : start + step])
    return [*events, *parser.close()]


SIZES = pytest.mark.parametrize("size", [None, 1, 2, 7])


@SIZES
@pytest.mark.parametrize(
    "stream",
    [
        b"data: a\n\ndata: b\n\n",
        b"data: a\r\n\r\ndata: b\r\n\r\n",
        b"data: a\r\rdata: b\r\r",
        b"data: a\n\ndata: b\r\n\r\n",
        b"data:a\n\ndata:b\n\n",
        b"\xef\xbb\xbfdata: a\n\ndata: b\n\n",
        b": hello\n\ndata: a\n\n: ping\ndata: b\n\n",
        b"retry: 3000\n\nid: 1\ndata: a\n\nid\ndata: b\n\n",
        b"data: a\n\n\n\n\ndata: b\n\n\n",
        b"data: a\n\ndata: b\n",
        b"data: a\n\ndata: b",
        b"unknown: x\ndata: a\n\nunknown\ndata: b\n\n",
        b"event: gone\n\ndata: a\n\ndata: b\n\n",
    ],
)
def test_two_events(stream: bytes, size: int | None) -> None:
    assert parse(stream, size) == [(b"", b"a"), (b"", b"b")]


@SIZES
def test_name_belongs_to_one_event(size: int | None) -> None:
    stream = b"event: response.created\ndata: {}\n\ndata: {}\n\n"

    assert parse(stream, size) == [(b"response.created", b"{}"), (b"", b"{}")]


@SIZES
@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: a\ndata: b\n\n", b"a\nb"),
        (b"data: a\r\ndata\r\ndata: b\r\n\r\n", b"a\n\nb"),
        (b"data:  a:b\n\n", b" a:b"),
        (b"data:\n\n", b""),
        ("data: \u2028é\n\n".encode(), "\u2028é".encode()),
        (b"data: \xff\n\n", b"\xff"),
    ],
)
def test_data_lines(stream: bytes, data: bytes, size: int | None) -> None:
    assert parse(stream, size) == [(b"", data)]


@SIZES
@pytest.mark.parametrize("stream", [b"", b"\n", b"\r\n", b"\xef\xbb\xbf", b": only\n", b"event: x"])
def test_stream_without_events(stream: bytes, size: int | None) -> None:
    assert parse(stream, size) == []


def test_byte_order_mark_counts_only_at_the_start() -> None:
    assert parse(b"data: a\n\n\xef\xbb\xbfdata: b\n\n") == [(b"", b"a")]


def test_events_are_returned_by_the_read_that_completes_them() -> None:
    parser = SseParser()

    received = [parser.feed(read) for read in (b"data: a", b"\n", b"\r", b"\ndata: b\r\n", b"\r")]

    assert received == [[], [], [(b"", b"a")], [], [(b"", b"b")]]


def feed_all(parser: SseParser, reads: Iterable[bytes]) -> None:
    for read in reads:
        parser.feed(read)


@pytest.mark.parametrize(
    "reads",
    [[b"data: 12345678901"], [b"data: 12345\n", b"data: 67890\n"], [b"data: 1", b"234", b"567890"]],
)
def test_event_over_the_limit_is_an_error(reads: list[bytes]) -> None:
    with pytest.raises(EventTooLargeError, match="larger than 11 bytes"):
        feed_all(SseParser(max_event_bytes=11), reads)


def test_limit_is_for_one_event_and_not_for_comments() -> None:
    feed_all(SseParser(max_event_bytes=11), [b"data: 1\n\n: ping\n"] * 20)
