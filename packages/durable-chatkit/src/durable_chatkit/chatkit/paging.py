"""Validates ids and cursors received from clients."""

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
    """Return whether text has the form of an id; PostgreSQL rejects some other text."""
    return _PLAUSIBLE_ID.fullmatch(text) is not None


def check_id(text: str, kind: str) -> None:
    """Check that text has the form of an id.

    Raises:
        UnknownResourceError: it doesn't, so no resource of this kind can exist.
    """
    if not looks_like_id(text):
        raise UnknownResourceError(kind)


async def resolve_cursor(
    after: str | None, kind: str, load: Callable[[str], Awaitable[ThreadRow | ItemRow | None]]
) -> Cursor | None:
    """Return the position after which a page starts, None for the first page.

    Args:
        after: a cursor or the id of the last item of the previous page.

    Raises:
        UnknownResourceError: `after` is an id that `load` doesn't find.
    """
    if not after:
        return None
    check_id(after, kind)
    cursor = parse_cursor(after)
    if cursor is not None:
        return cursor
    last = await load(after)
    if last is None:
        raise UnknownResourceError(kind)
    return Cursor(last.id, last.created_at)


def next_page_cursor(rows: Sequence[ThreadRow] | Sequence[ItemRow], size: int) -> str | None:
    """Return the cursor of the next page, None unless more than `size` rows were read."""
    if len(rows) <= size:
        return None
    last = rows[size - 1]
    return encode_cursor(last.created_at, last.id)


def page_size(limit: int, max_size: int = MAX_PAGE) -> int:
    """Return the number of rows of a page for a requested limit."""
    return min(max(limit, 1), max_size)


def page_order(order: str) -> Order:
    """Return the sort order; any value except `asc` means newest first."""
    return "asc" if order == "asc" else "desc"
