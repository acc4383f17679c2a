"""JSON as model servers write it: mostly valid, and always quick to read."""

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec

from todochat.surrogates import replace_surrogates

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
