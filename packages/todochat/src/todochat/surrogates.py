"""Replaces lone surrogates: JSON escapes and models produce them, and UTF-8 can't represent them."""

import re
from typing import Any, Final

_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def replace_surrogates(value: Any) -> Any:
    """Return a copy of a JSON value with each lone surrogate replaced by U+FFFD."""
    match value:
        case str():
            return _SURROGATES.sub("\ufffd", value)
        case dict():
            return {
                replace_surrogates(key): replace_surrogates(item) for key, item in value.items()
            }
        case list() | tuple():
            return [replace_surrogates(item) for item in value]
        case _:
            return value
