"""Deltas that arrive in one read are merged; all other events are unchanged."""

import json
from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai._streaming import ServerSentEvent, SSEDecoder

from durable_chatkit.agent.model_client import ModelEventDecoder


def sse(data: object, event: str = "") -> bytes:
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(data)}\n\n".encode()


def delta(text: str, item_id: str = "msg_1", **members: object) -> dict[str, Any]:
    return {
        "type": "response.output_text.delta",
        "item_id": item_id,
        "output_index": 0,
        "content_index": 0,
        "delta": text,
        **members,
    }


def chunk(content: str | None, finish: str | None = None, **more: object) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": content, **more}, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "choices": [choice]}


async def read(decoder: SSEDecoder, chunks: Sequence[bytes]) -> list[ServerSentEvent]:
    async def body() -> AsyncIterator[bytes]:
        for each in chunks:
            yield each

    return [event async for event in decoder.aiter_bytes(body())]


async def decoded(*chunks: bytes) -> list[Any]:
    return [event.json() for event in await read(ModelEventDecoder(), chunks)]


async def test_single_delta_is_forwarded_at_once() -> None:
    events = await decoded(sse(delta("One")), sse(delta(" two")))

    assert events == [delta("One"), delta(" two")]


async def test_deltas_in_one_read_are_merged() -> None:
    together = sse(delta("One", sequence_number=3)) + sse(delta(" two", sequence_number=4))

    assert await decoded(together) == [delta("One two", sequence_number=4)]


@pytest.mark.parametrize(
    "later",
    [
        delta("two", item_id="msg_2"),
        delta("two", content_index=1),
        delta("two", logprobs=[{"token": "two"}]),
        {**delta("two"), "type": "response.function_call_arguments.delta"},
        delta("two", delta=None),
        {"type": "response.output_text.done", "text": "One"},
        {"type": ["?"]},
    ],
    ids=["item", "part", "logprobs", "kind", "no-text", "end", "odd"],
)
async def test_deltas_of_different_items_are_not_merged(later: dict[str, Any]) -> None:
    assert await decoded(sse(delta("One")) + sse(later)) == [delta("One"), later]
    assert await decoded(sse(later) + sse(delta("One"))) == [later, delta("One")]


async def test_text_chunks_of_chat_completions_are_merged() -> None:
    first, last = chunk("", role="assistant"), chunk(None, finish="stop")
    body = b"".join(map(sse, [first, chunk("One"), chunk(" two"), last]))

    assert await decoded(body) == [chunk("One two", role="assistant"), last]


@pytest.mark.parametrize(
    "other",
    [
        chunk("!", finish="stop"),
        chunk("!", tool_calls=[{"index": 0}]),
        {**chunk("!"), "usage": {"total_tokens": 1}},
        {**chunk("!"), "id": "c2"},
        {**chunk("!"), "choices": []},
    ],
    ids=["finish", "call", "usage", "another", "no-choice"],
)
async def test_chunks_with_more_than_text_are_not_merged(other: dict[str, Any]) -> None:
    assert await decoded(sse(chunk("One")) + sse(other)) == [chunk("One"), other]


async def test_unusual_forms_are_decoded_by_the_library() -> None:
    body = (
        b": hello\n\n"
        b'data: {"a":\ndata: 1}\n\n'
        b"id: 7\nevent: e\ndata:{}\n\n"
        b'data: {"n": NaN}\n\n'
        b"data: not json\n\n"
        b"data: [1]\n\n"
        b"data: [DONE]\n\n"
        b'data: {"cut": "of'
    )

    ours, theirs = await read(ModelEventDecoder(), [body]), await read(SSEDecoder(), [body])

    assert [(e.event, e.data) for e in ours] == [(e.event, e.data) for e in theirs]
    assert len(ours) == 6


async def test_other_line_ends_are_left_to_the_library() -> None:
    body = (sse(delta("One"), "e") + sse(delta(" two"))).replace(b"\n", b"\r\n")

    assert await decoded(body[:30], body[30:]) == [delta("One"), delta(" two")]


@given(
    texts=st.lists(st.tuples(st.sampled_from("ab"), st.text()), max_size=20),
    cuts=st.lists(st.integers(1, 400)),
)
async def test_text_does_not_depend_on_read_boundaries(
    texts: list[tuple[str, str]], cuts: list[int]
) -> None:
    """Reads may end anywhere, even within a character; order and items are kept."""
    body = b"".join(sse(delta(text, item_id=item)) for item, text in texts)
    chunks, rest = [], body
    for cut in cuts:
        chunks.append(rest[:cut])
        rest = rest[cut:]

    events = await decoded(*chunks, rest)

    assert _texts([(event["item_id"], event["delta"]) for event in events]) == _texts(texts)


def _texts(deltas: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    groups = groupby(deltas, key=lambda pair: pair[0])
    return [(item, "".join(text for _, text in group)) for item, group in groups]
