"""Encoding and parsing of frames."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todochat.bus.frames import (
    Frame,
    LogEntry,
    cut_entry,
    encode_end,
    encode_frame,
    encode_snapshot,
    parse_entry,
    parse_frames,
    strip_ids,
)

json_lines = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
).map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def test_event_is_encoded_as_id_line_data_line_and_blank_line() -> None:
    assert encode_frame(7, b'{"a":1}') == b'id: 7\ndata: {"a":1}\n\n'


def test_markers_are_comments_only() -> None:
    assert encode_end(9, "failed") == b"id: 9\n: end failed\n\n"
    assert encode_snapshot(8) == b"id: 8\n: snapshot\n\n"


@pytest.mark.parametrize("data", [b'{"a":\n1}', b"{}\r", b"\n"])
def test_line_break_in_json_is_rejected(data: bytes) -> None:
    with pytest.raises(ValueError, match="one line"):
        encode_frame(1, data)


@given(st.lists(json_lines, max_size=6), st.integers(1, 10**9))
def test_frames_round_trip(texts: list[bytes], first: int) -> None:
    raw = b"".join(encode_frame(first + i, text) for i, text in enumerate(texts))

    assert parse_frames(raw) == [Frame(first + i, data=text) for i, text in enumerate(texts)]


def test_markers_round_trip() -> None:
    raw = encode_snapshot(10_001) + encode_frame(10_002, b"{}") + encode_end(10_003, "cancelled")

    assert parse_frames(raw) == [
        Frame(10_001, snapshot=True),
        Frame(10_002, data=b"{}"),
        Frame(10_003, end="cancelled"),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"id: 1\ndata: {}\n",
        b"id: 1\ndata: {}",
        b"data: {}\n\n",
        b"id: x\ndata: {}\n\n",
        b"id: 1\n\n",
        b"id: 1\nevent: x\n\n",
        b"id: 1\n: end soon\n\n",
        b"id: 1\n: end\n\n",
        b"\n\n",
    ],
)
def test_malformed_frame_is_rejected(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"frame|invalid literal"):
        parse_frames(raw)


@given(st.lists(json_lines, min_size=1, max_size=6), st.integers(1, 10**9))
def test_entry_has_first_and_last_seq_without_parsing_events(
    texts: list[bytes], first: int
) -> None:
    raw = b"".join(encode_frame(first + i, text) for i, text in enumerate(texts))

    assert parse_entry(raw) == LogEntry(first, first + len(texts) - 1, raw)


def test_entry_has_its_marker() -> None:
    end = parse_entry(encode_end(5, "completed"))
    snapshot = parse_entry(encode_snapshot(6))

    assert end.marker == Frame(5, end="completed")
    assert snapshot.marker == Frame(6, snapshot=True)


@pytest.mark.parametrize("raw", [b"", b"id: 5", b"hello\nworld\n\n"])
def test_malformed_entry_is_rejected(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"not found|invalid literal"):
        parse_entry(raw)


@given(st.lists(json_lines, min_size=2, max_size=6), st.data())
def test_entry_can_be_cut_after_any_frame(texts: list[bytes], data: st.DataObject) -> None:
    frames = [encode_frame(3 + i, text) for i, text in enumerate(texts)]
    after = data.draw(st.integers(3, 3 + len(texts) - 2))

    cut = cut_entry(parse_entry(b"".join(frames)), after)

    assert cut == LogEntry(after + 1, 2 + len(texts), b"".join(frames[after - 2 :]))


def test_strip_ids_removes_only_ids() -> None:
    raw = encode_frame(1, b'"id: 2 "') + encode_snapshot(2) + encode_end(3, "completed")

    assert strip_ids(raw) == b'data: "id: 2 "\n\n: snapshot\n\n: end completed\n\n'
