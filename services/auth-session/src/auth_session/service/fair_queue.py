"""A bounded queue that serves its callers in turns, regardless of their demand."""

from collections import deque
from typing import Final, Generic, TypeVar

ItemT = TypeVar("ItemT")

# How many recently served callers are remembered, so that they don't return as newcomers.
_REMEMBERED: Final = 1000
_MAX_NEWCOMERS_IN_A_ROW: Final = 3  # while regular callers wait


class FairQueueFullError(Exception):
    """The queue has no room for another item of this caller."""


class FairQueue(Generic[ItemT]):
    """First in, first out for each caller; the callers take turns, one item at a time.

    Newcomers, which haven't been served recently, come first, except on every fourth turn. So a
    flood from many addresses, which soon are all regulars, delays a newcomer by one turn and not
    by one turn per address. The idea is that of new and old flows in FQ-CoDel (RFC 8290, 4.2).

    Args:
        size: the limit of items in total.
        size_per_caller: the limit of items of one caller.
    """

    def __init__(self, size: int, size_per_caller: int) -> None:
        self._size = size
        self._size_per_caller = size_per_caller
        # The items of each waiting caller, in the order of the callers' turns.
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
            The item that was evicted for it, if any: the newest one of the caller with the most.

        Raises:
            FairQueueFullError: the caller is at its limit, or no other caller has more items.
        """
        is_regular = caller in self._regulars or caller in self._served
        callers = self._regulars if is_regular else self._newcomers
        own = len(callers.get(caller, ()))
        if own >= self._size_per_caller:
            raise FairQueueFullError
        evicted = self._evict_for(own) if self._count >= self._size else None
        callers.setdefault(caller, deque()).append(item)
        self._count += 1
        return evicted

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

    def _evict_for(self, own: int) -> ItemT:
        waiting = [*self._regulars.values(), *self._newcomers.values()]
        most = max(waiting, key=len, default=deque[ItemT]())
        # At least two more, so that afterwards this caller has no more than the evicted one.
        if len(most) < own + 2:
            raise FairQueueFullError
        self._count -= 1
        return most.pop()
