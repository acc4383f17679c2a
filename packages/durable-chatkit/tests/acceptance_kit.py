"""Requests that are accepted by the tests of acceptance, and counts of stored rows."""

from collections.abc import Awaitable, Callable
from typing import Any

from chat_kit import Admin
from chatkit.types import ThreadItem

ListIds = Callable[[str], Awaitable[list[str]]]
Finish = Callable[[], Awaitable[None]]
# The thread's id, the user's message, and the items after it.
FinishedTurn = tuple[str, ThreadItem, list[ThreadItem]]


def retry(thread_id: str, item_id: str) -> dict[str, object]:
    return {
        "type": "threads.retry_after_item",
        "params": {"thread_id": thread_id, "item_id": item_id},
    }


def tool_output(thread_id: str, result: object) -> dict[str, Any]:
    return {
        "type": "threads.add_client_tool_output",
        "params": {"thread_id": thread_id, "result": result},
    }


GROCERIES: dict[str, Any] = {"answers": {"q1": {"values": ["Groceries"]}}}


def structured_input(
    thread_id: str, item_id: str, submitted: dict[str, Any] = GROCERIES
) -> dict[str, Any]:
    return {
        "type": "threads.add_structured_input",
        "params": {"thread_id": thread_id, "item_id": item_id, "input": submitted},
    }


def action(thread_id: str, item_id: str | None = None) -> dict[str, Any]:
    return {
        "type": "threads.custom_action",
        "params": {
            "thread_id": thread_id,
            "item_id": item_id,
            "action": {"type": "task.done", "payload": {"task": 3}},
        },
    }


async def count(admin: Admin, table: str) -> int:
    """Return the number of rows of a table."""
    return int(await admin.value(f"SELECT count(*) FROM {table}"))
