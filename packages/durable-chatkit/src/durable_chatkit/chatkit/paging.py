"""Ids and cursors that come from clients, on their way to the store."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from durable_chatkit.errors import UnknownResourceError
from durable_chatkit.storage.cursor import Cursor, Order, encode_cursor, parse_cursor
from durable_chatkit.storage.item_repository import ItemRow
from durable_chatkit.storage.thread_repository import ThreadRow

MAX_PAGE: Final = 100
_PLAUSIBLE_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")


def looks_like_id(text: str) -> bool:
    """Tell what can be an id from what PostgreSQL would choke on."""
    return _PLAUSIBLE_ID.fullmatch(text) is not None


def check_id(text: str, kind: str) -> None:
    """Refuse what can't be an id.

    Raises:
        UnknownResourceError: it can't.
    """
    if not looks_like_id(text):
        raise UnknownResourceError(kind)


async def resolve_cursor(
    after: str | None, kind: str, load: Callable[[str], Awaitable[ThreadRow | ItemRow | None]]
) -> Cursor | None:
    """Return the place that `after` names, None for the beginning.

    Raises:
        UnknownResourceError: it is a bare id that `load` doesn't find.
    """
    if not after:
        return None
    check_id(after, kind)
    place = parse_cursor(after)
    if place is not None:
        return place
    last = await load(after)
    if last is None:
        raise UnknownResourceError(kind)
    return Cursor(last.id, last.created_at)


def next_page_cursor(rows: Sequence[ThreadRow] | Sequence[ItemRow], size: int) -> str | None:
    """Return the cursor of the next page; there is one if more than `size` rows were read."""
    if len(rows) <= size:
        return None
    last = rows[size - 1]
    return encode_cursor(last.created_at, last.id)


def page_size(limit: int) -> int:
    """Return how many rows a page has when `limit` are asked for."""
    return min(max(limit, 1), MAX_PAGE)


def page_order(order: str) -> Order:
    """Return the order; anything but `asc` is the newest first."""
    return "asc" if order == "asc" else "desc"
