"""JSON as model servers write it: mostly valid, and always quick to read."""

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from pydantic import BaseModel

from todochat.surrogates import replace_surrogates

_END_MARK: Final = b"[done]"
_TOO_DEEP: Final = "the JSON is nested too deeply"


def decode_json(data: bytes, *, keeps_surrogates: bool = False) -> Any:
    """Decode JSON; invalid UTF-8 becomes U+FFFD, NaN and Infinity null.

    Args:
        keeps_surrogates: keep lone surrogates, for streams that split a pair of them between two
            texts; else each becomes U+FFFD.

    Raises:
        ValueError: it is no JSON, or nested too deeply.
    """
    try:
        return msgspec.json.decode(data)  # rejects what is handled below
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    try:
        # Not strict: some servers write control characters into strings.
        text = data.decode(errors="replace")
        value = json.loads(text, strict=False, parse_constant=lambda _: None)
        return value if keeps_surrogates else replace_surrogates(value)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error


def decode_values(data: bytes) -> list[Any]:
    """Decode an event's JSON, or that of lines separated by one newline instead of two.

    Lone surrogates are kept; a line `[DONE]` is text.

    Raises:
        ValueError: it is anything else.
    """
    try:
        return [decode_json(data, keeps_surrogates=True)]
    except ValueError:
        lines = [line for line in data.split(b"\n") if line.strip()]
        if len(lines) == 1 or not data.startswith(b"{"):
            raise
    return [
        line.decode()
        if line.strip().lower() == _END_MARK
        else decode_json(line, keeps_surrogates=True)
        for line in lines
    ]


def decode_each(texts: Sequence[bytes]) -> list[Any] | None:
    """Decode many texts at once, which costs less than one by one.

    Returns:
        A value for each text, None if one isn't plain JSON: `decode_values` may be able to read it.
    """
    try:
        values: list[Any] = msgspec.json.decode(b"[%b]" % b",".join(texts))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return values if len(values) == len(texts) else None


def encode_json(value: Any) -> bytes:
    """Encode a request's JSON; lone surrogates become U+FFFD.

    Raises:
        TypeError: there is an object that JSON has no form for.
    """
    try:
        return msgspec.json.encode(value, enc_hook=_encode_model)
    except UnicodeEncodeError:
        return msgspec.json.encode(replace_surrogates(value), enc_hook=_encode_model)


def _encode_model(value: Any) -> Any:
    """Return a pydantic model's fields that were set; msgspec encodes everything else."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True, by_alias=True)
    msg = f"{type(value).__name__} can't be sent to a model server"
    raise TypeError(msg)
