"""Parts that several cards and lists have in common."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from chatkit.widgets import DynamicWidgetRoot

from todo_agent.zones import zone
from todochat.contracts.tasks import Task

MESSAGE_CARD: Final = "message-card"
DELETED: Final = "No longer exists"


def widget(root: dict[str, Any]) -> DynamicWidgetRoot:
    """Build a widget from plain data, since ChatKit's named classes are deprecated."""
    return DynamicWidgetRoot.model_validate(root)


def message_card(text: str) -> dict[str, Any]:
    """Return a card with a message and no buttons."""
    return {
        "type": "Card",
        "key": MESSAGE_CARD,
        "size": "sm",
        "children": [{"type": "Text", "value": text}],
    }


def button(label: str, action: dict[str, Any], **properties: str | bool) -> dict[str, Any]:
    """Return a small button, by default outlined."""
    return {
        "type": "Button",
        "label": label,
        "size": "sm",
        "variant": "outline",
        "onClickAction": action,
        **properties,
    }


def deleted_texts(title: str) -> list[dict[str, Any]]:
    """Return the title of a deleted task, struck through, and a line that says it is gone."""
    struck = {"type": "Text", "value": title, "lineThrough": True, "color": "secondary"}
    return [*([struck] if title else []), {"type": "Caption", "value": DELETED}]


def due_text(task: Task, timezone: str) -> str:
    """Return the due date in the user's time zone as text; empty if there is none."""
    due = task.due
    if due is None:
        return ""
    if due.at is not None:
        at = due.at.astimezone(zone(timezone))
        return f"{at:%a} {at.day} {at:%b} {at:%H:%M}"
    day = due.date
    if day is None:
        return ""
    return f"{day:%a} {day.day} {day:%b}"


def day_text(day: date, today: date) -> str:
    """Return "today", "tomorrow", or the day with its weekday."""
    near = {today: "today", today + timedelta(days=1): "tomorrow"}
    return near.get(day) or f"{day:%A}, {day.day} {day:%B}"


def titles_in(card: Mapping[str, Any]) -> str:
    """Return a card's texts and titles as plain text, for copying."""
    own = [str(card["value"])] if card.get("type") in {"Text", "Title"} else []
    nested = [titles_in(child) for child in card.get("children") or ()]
    return "\n".join([*own, *filter(None, nested)])
