"""Large documents are written chunk by chunk."""

import json
from collections.abc import AsyncIterable, AsyncIterator

import pytest

from todochat.http.json_stream import CHUNK_BYTES, iter_rows, join_chunks, stream_json_object


async def elements(
    *values: bytes | AsyncIterable[bytes],
) -> AsyncIterator[bytes | AsyncIterable[bytes]]:
    for value in values:
        yield value


@pytest.mark.parametrize(
    ("size", "reads"), [(1, 4), (2, 2), (3, 2), (4, 1)], ids=["one", "two", "exact", "all"]
)
async def test_rows_are_read_page_by_page(size: int, reads: int) -> None:
    calls: list[int | None] = []

    async def read_page(last: int | None) -> list[int]:
        calls.append(last)
        return [1, 2, 3][last or 0 :][:size]

    rows = [row async for row in iter_rows(read_page, size)]

    assert rows == [1, 2, 3]
    assert len(calls) == reads


async def test_first_page_is_not_read_again() -> None:
    async def read_page(last: int | None) -> list[int]:
        assert last == 2
        return [3]

    assert [row async for row in iter_rows(read_page, 2, first_page=[1, 2])] == [1, 2, 3]


async def test_object_has_members_and_nested_arrays() -> None:
    inner = stream_json_object({"id": 1}, {"items": elements(b"1", b"2")})
    outer = stream_json_object({}, {"empty": elements(), "threads": elements(inner, b'{"id":2}')})

    document = json.loads(b"".join([chunk async for chunk in outer]))

    assert document == {"empty": [], "threads": [{"id": 1, "items": [1, 2]}, {"id": 2}]}


async def test_small_chunks_are_joined() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * (CHUNK_BYTES // 2)

    sizes = [len(chunk) async for chunk in join_chunks(chunks())]

    assert sizes == [CHUNK_BYTES, CHUNK_BYTES // 2]
