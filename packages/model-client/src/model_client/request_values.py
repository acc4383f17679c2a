"""Values of model settings that are sent to a server."""

from collections.abc import Mapping
from typing import Any

from openai import NotGiven, Omit


def given_values(values: Any) -> dict[str, Any]:
    """Return the values of a mapping, except None and those that the `openai` package omits."""
    pairs = values.items() if isinstance(values, Mapping) else ()
    return {name: value for name, value in pairs if is_given(value)}


def is_given(value: Any) -> bool:
    """Return whether a value is sent."""
    return value is not None and not isinstance(value, Omit | NotGiven)


def text_values(*sources: Any) -> dict[str, str]:
    """Return headers or query parameters; later mappings take precedence."""
    return {name: str(value) for given in sources for name, value in given_values(given).items()}
