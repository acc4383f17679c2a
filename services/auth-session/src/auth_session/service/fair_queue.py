"""A bounded queue in which callers take turns, however much each of them asks for."""

from collections import deque
from typing import Final, Generic, TypeVar

ItemT = TypeVar("ItemT")

# Callers served last that are remembered, so that they aren't newcomers when they return.
_REMEMBERED: Final = 1000
_MAX_NEWCOMERS_IN_A_ROW: Final = 3  # while somebody else waits


class QueueFullError(Exception):
    """The queue has no room for another item of this caller."""


class FairQueue(Generic[ItemT]):
    """First in, first out for each caller; the callers take turns, one item at a time.

    Newcomers, which haven't been served lately, come first, but for every fourth turn. So a flood
    from many addresses, which soon are all known, delays a newcomer by a turn and not by one of
    each. The idea is that of the new and old flows of FQ-CoDel (RFC 8290, 4.2).

    Args:
        size: of items in total.
        size_per_caller: of items of one caller.
    """

    def __init__(self, size: int, size_per_caller: int) -> None:
        self._size = size
        self._size_per_caller = size_per_caller
        # The items of each caller that has any, in the order of the callers' turns.
        self._newcomers: dict[str, deque[ItemT]] = {}
        self._regulars: dict[str, deque[ItemT]] = {}
        self._newcomers_in_a_row = 0
        self._served: dict[str, None] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def push(self, caller: str, item: ItemT) -> ItemT | None:
        """Append an item.

        Returns:
            The item that had to make room, if any: the newest one of the caller with the most.

        Raises:
            QueueFullError: the caller has as many as it may, or nobody has more than it has.
        """
        is_regular = caller in self._regulars or caller in self._served
        callers = self._regulars if is_regular else self._newcomers
        own = len(callers.get(caller, ()))
        if own >= self._size_per_caller:
            raise QueueFullError
        dropped = self._make_room(own) if self._count >= self._size else None
        callers.setdefault(caller, deque()).append(item)
        self._count += 1
        return dropped

    def pop(self) -> ItemT | None:
        """Remove and return the next item, None if there is none."""
        if not self._count:
            return None
        if self._regulars and (
            not self._newcomers or self._newcomers_in_a_row >= _MAX_NEWCOMERS_IN_A_ROW
        ):
            callers, self._newcomers_in_a_row = self._regulars, 0
        else:
            callers = self._newcomers
            self._newcomers_in_a_row += 1 if self._regulars else 0
        caller = next(iter(callers))
        items = callers.pop(caller)
        item = items.popleft()
        if items:
            self._regulars[caller] = items  # at the end: the others come first
        self._served.pop(caller, None)
        self._served[caller] = None
        if len(self._served) > _REMEMBERED:
            del self._served[next(iter(self._served))]
        self._count -= 1
        return item

    def _make_room(self, own: int) -> ItemT:
        waiting = [*self._regulars.values(), *self._newcomers.values()]
        most = max(waiting, key=len, default=deque[ItemT]())
        # With two more at least: afterwards this caller hasn't more than that one.
        if len(most) < own + 2:
            raise QueueFullError
        self._count -= 1
        return most.pop()
