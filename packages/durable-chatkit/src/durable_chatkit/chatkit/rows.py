"""Converts between openai-chatkit's models and database rows."""

from datetime import UTC, datetime
from typing import Any, Final

from chatkit.types import HiddenContextItem, SDKHiddenContextItem, ThreadItem, ThreadMetadata
from pydantic import TypeAdapter
from pydantic_core import from_json

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.encoding import clean_text, storable_json, storable_value
from durable_chatkit.storage.item_repository import NewItem
from durable_chatkit.storage.thread_repository import ThreadRow

_ITEMS: Final[TypeAdapter[list[ThreadItem]]] = TypeAdapter(list[ThreadItem])


def decode_items(payloads: list[str]) -> list[ThreadItem]:
    """Decode the JSON of stored items."""
    return _ITEMS.validate_json(f"[{','.join(payloads)}]")


def encode_item(thread_id: str, item: ThreadItem, context: RequestContext) -> NewItem:
    """Encode an item for writing and convert its time to UTC, in place."""
    item.created_at = as_utc(item.created_at)
    return NewItem(
        thread_id=thread_id,
        id=item.id,
        user_id=context.user_id,
        type=item.type,
        hidden=isinstance(item, HiddenContextItem | SDKHiddenContextItem),
        payload=storable_json(item),
        created_at=item.created_at,
        run_id=context.run_id,
        attempt=context.attempt,
    )


def decode_thread(row: ThreadRow) -> ThreadMetadata:
    """Decode the row of a thread."""
    domains: list[str] | None = None
    if row.allowed_image_domains is not None:
        domains = from_json(row.allowed_image_domains)
    return ThreadMetadata(
        id=row.id,
        title=row.title,
        created_at=row.created_at,
        status=from_json(row.status),
        metadata=from_json(row.metadata),
        allowed_image_domains=domains,
    )


def encode_thread(thread: ThreadMetadata) -> ThreadRow:
    """Encode a thread for writing and convert its time to UTC, in place."""
    thread.created_at = as_utc(thread.created_at)
    domains: Any = thread.allowed_image_domains
    return ThreadRow(
        id=thread.id,
        title=clean_text(thread.title) if thread.title is not None else None,
        status=storable_json(thread.status),
        metadata=storable_value(thread.metadata),
        allowed_image_domains=storable_value(domains) if domains is not None else None,
        created_at=thread.created_at,
    )


def as_utc(moment: datetime) -> datetime:
    """Return a time as aware UTC; a naive time is read as this machine's local time."""
    return moment.astimezone(UTC)


def as_local(moment: datetime) -> datetime:
    """Return a time in openai-chatkit's form: naive, in this machine's local time."""
    return moment.astimezone().replace(tzinfo=None)
