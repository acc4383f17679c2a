"""JSON as model servers write it: mostly valid, and always quick to read."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

_TOO_DEEP: Final = "the JSON is nested too deeply"
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


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
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    return value if keeps_surrogates else replace_surrogates(value)


def encode_json(value: Any, *, enc_hook: Callable[[Any], Any] | None = None) -> bytes:
    """Encode a request's JSON; lone surrogates become U+FFFD.

    Args:
        enc_hook: converts objects that JSON doesn't have.

    Raises:
        TypeError: there is such an object, and no conversion.
    """
    try:
        return msgspec.json.encode(value, enc_hook=enc_hook)
    except UnicodeEncodeError:
        return msgspec.json.encode(replace_surrogates(value), enc_hook=enc_hook)


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
