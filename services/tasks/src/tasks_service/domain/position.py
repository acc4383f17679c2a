"""Fractional keys of a manual order: there is always room for one more between two keys.

A key is the fraction of a number in base 62, compared as ASCII. Keys have no trailing zero, so
that no two of them are the same number. The service doesn't use the package
`fractional-indexing`: it requires setuptools at run time, and its variable-length integers can't be
computed in SQL, which the default key needs.
"""

import string
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from tasks_service.domain.text import invalid
from todochat.contracts.task_changes import Move

MAX_POSITION_CHARS: Final = 60  # a longer key has its list rebalanced

_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase  # in ASCII order
_NUMBER_DIGITS: Final = 10  # of the largest task number
_MIDDLE: Final = "V"


class Positioned(Protocol):
    """Something that a user orders; None has no position yet."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def position(self) -> str | None: ...  # noqa: D102


_Entry = TypeVar("_Entry", bound=Positioned)


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


def reordered(entry: _Entry, others: Sequence[_Entry], move: Move, *, kind: str) -> list[_Entry]:
    """Return an entry and the others, which are in their order, after a move.

    Args:
        kind: names what `before` and `after` must be in errors.

    Raises:
        InvalidInputError: there is no such other entry.
    """
    if move.to is not None:
        return [entry, *others] if move.to == "start" else [*others, entry]
    name, ref = ("before", move.before) if move.before is not None else ("after", move.after)
    places = [index for index, each in enumerate(others) if each.id == ref]
    if not places:
        pointer = f"/move/{name}"
        raise invalid(pointer, f"must be {kind}")
    place = places[0] + (name == "after")
    return [*others[:place], entry, *others[place:]]


def moved_positions(moved: Positioned, order: Sequence[Positioned]) -> list[str]:
    """Return the positions for a new order: only that of the moved entry is new.

    All are new if one has no position yet, or if the moved entry's would get too long.
    """
    positions = [each.position for each in order if each.position is not None]
    if len(positions) < len(order):
        return spread_positions("", None, len(order))
    place = next(index for index, each in enumerate(order) if each.id == moved.id)
    low = positions[place - 1] if place else ""
    high = positions[place + 1] if place + 1 < len(order) else None
    if low < positions[place] and (high is None or positions[place] < high):
        return positions
    if high is None or low < high:
        positions[place] = position_between(low, high)
    if positions != sorted(set(positions)) or len(positions[place]) > MAX_POSITION_CHARS:
        return spread_positions("", None, len(order))
    return positions
