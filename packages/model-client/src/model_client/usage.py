"""Token counts as servers report them: missing, negative, or absurd."""

import re
from collections.abc import Mapping
from typing import Any, Final

from openai.types.responses.response_usage import (
    InputTokensDetails,
    OutputTokensDetails,
    ResponseUsage,
)

MAX_TOKENS: Final = 1_000_000_000  # beyond any context window; more is a fault of the server

_DIGITS: Final = re.compile("[0-9]{1,12}")


def clean_usage(reported: Any) -> ResponseUsage | None:
    """Return the usage that can be read, None without any.

    Args:
        reported: the `usage` of either API.
    """
    if not isinstance(reported, Mapping):
        return None
    input_tokens = _count(reported, "input_tokens", "prompt_tokens")
    output_tokens = _count(reported, "output_tokens", "completion_tokens")
    total = max(_count(reported, "total_tokens"), input_tokens + output_tokens)
    if total == 0:
        return None
    input_details = _details(reported, "input_tokens_details", "prompt_tokens_details")
    output_details = _details(reported, "output_tokens_details", "completion_tokens_details")
    cached = _count(input_details, "cached_tokens") or _count(reported, "prompt_cache_hit_tokens")
    written = min(_count(input_details, "cache_write_tokens"), input_tokens)
    reasoning = min(_count(output_details, "reasoning_tokens"), output_tokens)
    return ResponseUsage(
        input_tokens=input_tokens,
        input_tokens_details=InputTokensDetails(
            cached_tokens=min(cached, input_tokens), cache_write_tokens=written
        ),
        output_tokens=output_tokens,
        output_tokens_details=OutputTokensDetails(reasoning_tokens=reasoning),
        total_tokens=total,
    )


def _count(numbers: Mapping[str, Any], *names: str) -> int:
    """Return the first of the named counts that can be read, 0 without one."""
    for name in names:
        number = numbers.get(name)
        if isinstance(number, str) and _DIGITS.fullmatch(number):
            number = int(number)
        if isinstance(number, bool) or not isinstance(number, int | float):
            continue
        if 0 < number <= MAX_TOKENS:
            return int(number)
    return 0


def _details(numbers: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        details = numbers.get(name)
        if isinstance(details, Mapping):
            return details
    return {}
