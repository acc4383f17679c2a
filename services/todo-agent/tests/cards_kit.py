"""Reads and clicks widgets of the todo agent."""

from typing import Any

from chatkit.types import WidgetItem

from todo_agent.action_payloads import OPEN

ID = "tsk_" + "0" * 25 + "{}"


def components(widget: Any, kind: str) -> list[dict[str, Any]]:
    """Return all components of a type, in display order."""
    root = widget if isinstance(widget, dict) else widget.model_dump(mode="json")
    found = [root] if root.get("type") == kind else []
    for child in root.get("children") or ():
        found += components(child, kind)
    return found


def texts(widget: Any) -> list[str]:
    """Return the texts and titles of a widget."""
    return [part["value"] for part in components(widget, "Text") + components(widget, "Title")]


def boxes(widget: Any) -> list[tuple[str, bool]]:
    """Return labels and states of all check boxes."""
    return [(box["label"], box["defaultChecked"]) for box in components(widget, "Checkbox")]


async def widgets(chat: Any, run: Any) -> list[WidgetItem]:
    """Return the stored widgets of a run's thread."""
    return [item for item in await chat.items(run) if item.type == "widget"]


async def the_list(chat: Any, run: Any) -> WidgetItem:
    """Return the first widget."""
    return (await widgets(chat, run))[0]


def click_body(run: Any, kind: str, item: Any = None, /, **payload: Any) -> dict[str, Any]:
    """Return the request of a click."""
    return {
        "type": "threads.custom_action",
        "params": {
            "thread_id": run.thread_id,
            "item_id": item.id if item is not None else None,
            "action": {"type": kind, "payload": payload},
        },
    }


async def click(chat: Any, run: Any, kind: str, item: Any = None, /, **payload: Any) -> Any:
    """Click, and wait for the end of the action."""
    acted = await chat.request(click_body(run, kind, item, **payload))
    await chat.wait_for_end(acted)
    return acted


async def said(chat: Any, run: Any, kind: str) -> list[Any]:
    """Return the events of a kind."""
    return [event for event in await chat.events(run) if event.type == kind]


async def open_card(chat: Any, run: Any, task_id: str) -> WidgetItem:
    """Click on Edit and return the new card."""
    await click(chat, run, OPEN, await the_list(chat, run), task_id=task_id)
    return (await widgets(chat, run))[-1]


def action_of(widget: Any, label: str) -> dict[str, Any]:
    """Return the action of the button with a label."""
    (button,) = [each for each in components(widget, "Button") if each["label"] == label]
    action: dict[str, Any] = button["onClickAction"]
    return action


async def press(chat: Any, run: Any, item: Any, label: str) -> Any:
    """Press a button of a widget."""
    action = action_of(item.widget, label)
    return await click(chat, run, action["type"], item, **action["payload"])
