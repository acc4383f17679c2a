"""One line of an import: a thread of another ChatKit store with its items.

    {"user_id": "...", "thread": {...}, "items": [{...}, ...]}

`thread` and `items` are openai-chatkit's models as JSON, the items in the order of the conversation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from chatkit.store import StoreItemType
from chatkit.types import ThreadItem, ThreadMetadata, UserMessageItem
from pydantic import TypeAdapter, ValidationError

from durable_chatkit.chatkit.context import ID_PREFIXES
from durable_chatkit.chatkit.paging import looks_like_id
from durable_chatkit.storage.cursor import parse_cursor
from todochat.ids import derived_id, is_user_id

_THREAD: Final[TypeAdapter[ThreadMetadata]] = TypeAdapter(ThreadMetadata)
_ITEM: Final[TypeAdapter[ThreadItem]] = TypeAdapter(ThreadItem)
ModelT = TypeVar("ModelT")
_TICK: Final = timedelta(microseconds=1)
_KINDS: Final[dict[str, StoreItemType]] = {
    "client_tool_call": "tool_call",
    "task": "task",
    "workflow": "workflow",
    "sdk_hidden_context": "sdk_hidden_context",
}


class LineError(ValueError):
    """A line can't be imported; the message names the field."""


@dataclass(frozen=True, kw_only=True)
class ImportedThread:
    """A thread to import.

    Args:
        thread: with the id of the other store.
        items: in order, each later than the one before; their ids are unique and valid here.
        new_item_ids: ids of the other store that could not be kept, each with its new id.
    """

    user_id: str
    thread: ThreadMetadata
    items: list[ThreadItem]
    new_item_ids: list[tuple[str, str]]

    @property
    def attachment_ids(self) -> list[str]:
        """The attachments that its messages refer to."""
        messages = (item for item in self.items if isinstance(item, UserMessageItem))
        return list(dict.fromkeys(file.id for item in messages for file in item.attachments))


def parse_line(
    line: bytes, *, user_id: str | None, user_key: str, timezone: ZoneInfo
) -> ImportedThread:
    """Parse and check a line.

    Args:
        user_id: owner of all threads; None reads it from each line.
        user_key: path of the field with the owner, for example `thread.metadata.user`.
        timezone: of times without a zone.

    Raises:
        LineError: a field is missing or invalid.
    """
    try:
        document = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"not JSON: {error}"
        raise LineError(msg) from None
    if not isinstance(document, dict):
        raise LineError("not a JSON object")
    owner: Any = user_id
    if not owner:
        owner = document
        for name in user_key.split("."):
            owner = owner.get(name) if isinstance(owner, Mapping) else None
    if not isinstance(owner, str) or not is_user_id(owner):
        msg = f"{user_key}: not a user ID, which has 1 to 128 characters of A-Z a-z 0-9 . _ | : @ -"
        raise LineError(msg)
    thread = _validate(_THREAD, document.get("thread"), "thread")
    entries = document.get("items")
    if not isinstance(entries, list):
        raise LineError("items: not a list")
    items = _parse_items(entries, thread.id, timezone)
    thread.created_at = _aware(thread.created_at, timezone)
    return ImportedThread(
        user_id=owner, thread=thread, items=items, new_item_ids=_replace_ids(thread.id, items)
    )


def is_usable_id(text: str) -> bool:
    """Return whether an id of another store can be kept: valid here, and not like a cursor."""
    return looks_like_id(text) and parse_cursor(text) is None


def _parse_items(entries: list[Any], thread_id: str, timezone: ZoneInfo) -> list[ThreadItem]:
    """Return the items, each later than the one before: they are sorted by time, then by id."""
    items: list[ThreadItem] = []
    earliest = datetime.min.replace(tzinfo=UTC)
    for index, entry in enumerate(entries):
        field = f"items[{index}]"
        given = {"thread_id": thread_id, **entry} if isinstance(entry, dict) else entry
        item = _validate(_ITEM, given, field)
        if item.thread_id != thread_id:
            msg = f"{field}.thread_id: {item.thread_id!r} is not the thread's ID, {thread_id!r}"
            raise LineError(msg)
        item.created_at = max(_aware(item.created_at, timezone), earliest)
        earliest = item.created_at + _TICK
        items.append(item)
    return items


def _replace_ids(thread_id: str, items: list[ThreadItem]) -> list[tuple[str, str]]:
    """Give a new id to each item whose id is repeated or unusable; equal in each import."""
    replaced, used = [], set()
    for index, item in enumerate(items):
        if item.id in used or not is_usable_id(item.id):
            prefix = ID_PREFIXES[_KINDS.get(item.type, "message")]
            new_id = derived_id(prefix, "import", thread_id, index)
            replaced.append((item.id, new_id))
            item.id = new_id
        used.add(item.id)
    return replaced


def _aware(moment: datetime, timezone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone)).astimezone(UTC)


def _validate(adapter: TypeAdapter[ModelT], value: object, field: str) -> ModelT:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = first["loc"]
        if isinstance(value, dict) and path[:1] == (value.get("type"),):
            path = path[1:]  # in an item it begins with the item's type
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
        msg = f"{field}{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise LineError(msg) from None
