"""Items of every kind, to be stored and told apart."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ClientToolCallItem,
    HiddenContextItem,
    StructuredInputFreeform,
    StructuredInputItem,
    ThreadItem,
    WidgetItem,
)

from todochat.clock import utc_now
from todochat.ids import new_id


class Items:
    """Makes items for one thread, each later than the one before."""

    def __init__(self, thread_id: str) -> None:
        self._base: dict[str, Any] = {"thread_id": thread_id}
        self._now = utc_now()

    def answer(self, text: str = "done", **fields: Any) -> AssistantMessageItem:
        content = [AssistantMessageContent(text=text)]
        return AssistantMessageItem(content=content, **self._fields(fields))

    def hidden(self, **fields: Any) -> HiddenContextItem:
        return HiddenContextItem(content={"note": "n"}, **self._fields(fields))

    def tool_call(self, **fields: Any) -> ClientToolCallItem:
        made = self._fields(fields)
        return ClientToolCallItem(call_id=made["id"], name="ask", arguments={}, **made)

    def widget(self, **fields: Any) -> WidgetItem:
        card = {"type": "Card", "children": [{"type": "Text", "value": "hi"}]}
        return WidgetItem.model_validate({"widget": card, **self._fields(fields)})

    def question(self, **fields: Any) -> StructuredInputItem:
        inputs = [StructuredInputFreeform(id="q1", question="Which list?")]
        return StructuredInputItem(inputs=inputs, **self._fields(fields))

    def _fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        self._now += timedelta(seconds=1)
        return {"id": new_id("msg"), "created_at": self._now, **self._base, **fields}


@pytest.fixture
def items() -> Callable[[str], Items]:
    """Make items for a thread."""
    return Items


def text_of(item: ThreadItem) -> str:
    assert isinstance(item, AssistantMessageItem)
    return item.content[0].text
