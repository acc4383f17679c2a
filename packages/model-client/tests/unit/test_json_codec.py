import pytest

from model_client.json_codec import decode_json, encode_json


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": [1, "\xc3\xa9", null]}', {"a": [1, "é", None]}),
        (b'{"a": NaN, "b": -Infinity}', {"a": None, "b": None}),
        (b'"\xff"', "\ufffd"),
        (b'"\\ud83d"', "\ufffd"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"\\udc00": 1}', {"\ufffd": 1}),
        (b'"a\nb"', "a\nb"),
    ],
)
def test_decode(data: bytes, value: object) -> None:
    assert decode_json(data) == value


@pytest.mark.parametrize(
    "data", [b"", b"[DONE]", b"{", b"heartbeat", b"[" * 100_000, b"[" * 900 + b"NaN" + b"]" * 900]
)
def test_what_is_no_json_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode_json(data)


def test_encode_replaces_lone_surrogates() -> None:
    assert encode_json({"a": ["x\udc00"]}) == '{"a":["x\ufffd"]}'.encode()
