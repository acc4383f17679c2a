"""Fractional keys of a manual order: there is always room for one more between two keys.

A key is the fraction of a number in base 62, compared as ASCII. Keys have no trailing zero, so
that no two of them are the same number. The service doesn't use the package
`fractional-indexing`: it requires setuptools at run time, and its variable-length integers can't be
computed in SQL, which the default key needs.
"""

import string
from typing import Final

MAX_POSITION_CHARS: Final = 60  # a longer key has its list rebalanced

_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase  # in ASCII order
_NUMBER_DIGITS: Final = 10  # of the largest task number
_MIDDLE: Final = "V"


def default_position(number: int) -> str:
    """Return the key of a task that was never moved: tasks are ordered by number.

    `storage.records.POSITION_SQL` computes the same in SQL.
    """
    return f"{number:0{_NUMBER_DIGITS}}{_MIDDLE}"


def position_between(low: str, high: str | None) -> str:
    """Return a key between two others; "" is the start and None the end of the order."""
    shared = 0
    while high is not None and shared < len(high) and high[shared] == low[shared : shared + 1]:
        shared += 1
    if high is not None and shared == len(low):  # a missing digit counts as zero
        while high[shared] == _DIGITS[0]:
            shared += 1
    prefix, rest = (high or "")[:shared], low[shared:]
    limit = len(_DIGITS) if high is None else _DIGITS.index(high[shared])
    digit = _DIGITS.index(rest[0]) if rest else 0
    if limit - digit > 1:
        return prefix + _DIGITS[(digit + limit) // 2]
    if high is not None and shared + 1 < len(high):
        return high[: shared + 1]
    return prefix + _DIGITS[digit] + position_between(rest[1:], None)


def spread_positions(low: str, high: str | None, count: int) -> list[str]:
    """Return ascending keys between two others, all of about the same length."""
    if count == 0:
        return []
    before = count // 2
    middle = position_between(low, high)
    return [
        *spread_positions(low, middle, before),
        middle,
        *spread_positions(middle, high, count - before - 1),
    ]
