"""Writes large JSON documents chunk by chunk, from rows that are read page by page."""

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
)
from typing import Any, Final, TypeVar

import msgspec

CHUNK_BYTES: Final = 64 * 1024

RowT = TypeVar("RowT")


async def iter_rows(
    read_page: Callable[[RowT | None], Awaitable[list[RowT]]],
    page_size: int,
    first_page: list[RowT] | None = None,
) -> AsyncIterator[RowT]:
    """Yield all rows, with one page in memory at a time.

    Args:
        read_page: returns the rows after a row, or the first ones for None; fewer than `page_size`
            are the last.
        first_page: the first page, if it has been read before.
    """
    page = await read_page(None) if first_page is None else first_page
    while True:
        for row in page:
            yield row
        if len(page) < page_size:
            return
        page = await read_page(page[-1])


async def stream_json_object(
    members: Mapping[str, Any], arrays: Mapping[str, AsyncIterable[bytes | AsyncIterable[bytes]]]
) -> AsyncGenerator[bytes, None]:
    """Yield a JSON object in chunks: its members, then its arrays.

    Args:
        members: encoded as a whole.
        arrays: their elements, encoded; an element may be a stream of chunks itself.
    """
    opening = msgspec.json.encode(members).removesuffix(b"}")
    for name, elements in arrays.items():
        comma = b"" if opening == b"{" else b","
        yield opening + comma + msgspec.json.encode(name) + b":["
        separator = b""
        async for element in elements:
            if isinstance(element, bytes):
                yield separator + element
            else:
                yield separator
                async for chunk in element:
                    yield chunk
            separator = b","
        opening = b"]"
    yield opening + b"}"


async def join_chunks(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    """Join small chunks into chunks of at least CHUNK_BYTES, except for the last."""
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        if len(buffer) >= CHUNK_BYTES:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)
