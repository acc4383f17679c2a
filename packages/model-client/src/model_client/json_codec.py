"""JSON as model servers write it: mostly valid, and always quick to read."""

import json
import re
from typing import Any, Final

import msgspec

_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def decode_json(data: bytes) -> Any:
    """Decode JSON; invalid UTF-8 and lone surrogates become U+FFFD, NaN and Infinity null.

    Raises:
        ValueError: it is no JSON, or nested too deeply.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    except RecursionError as error:
        msg = "the JSON is nested too deeply"
        raise ValueError(msg) from error
    try:
        # Not strict: some servers write control characters into strings.
        text = data.decode(errors="replace")
        value = json.loads(text, strict=False, parse_constant=lambda _: None)
    except RecursionError as error:
        msg = "the JSON is nested too deeply"
        raise ValueError(msg) from error
    return replace_surrogates(value)


def encode_json(value: Any) -> bytes:
    """Encode a request's JSON; lone surrogates become U+FFFD."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(replace_surrogates(value))


def replace_surrogates(value: Any) -> Any:
    """Return a copy of a JSON value with each lone surrogate replaced by U+FFFD."""
    match value:
        case str():
            return _SURROGATES.sub("\ufffd", value)
        case dict():
            return {
                replace_surrogates(key): replace_surrogates(each) for key, each in value.items()
            }
        case list() | tuple():
            return [replace_surrogates(each) for each in value]
        case _:
            return value
