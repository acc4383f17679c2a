"""The assistant's items as text: messages with their sources, images, tasks in progress."""

from collections.abc import Mapping
from typing import Any, Final

SHOWN_TYPES: Final = frozenset({"assistant_message", "generated_image"})
_TASKS: Final = {
    "thought": "thinking",
    "web_search": "searching",
    "file": "reading files",
    "image": "generating an image",
}


def item_text(item: Mapping[str, Any]) -> str:
    """Return a message with the list of its sources, or the link to an image."""
    if item["type"] == "generated_image":
        return f"Image: {(item.get('image') or {}).get('url', '')}"
    text = "".join(part.get("text", "") for part in item["content"])
    sources = dict.fromkeys(
        _source_text(annotation["source"])
        for part in item["content"]
        for annotation in part.get("annotations", [])
    )
    if not sources:
        return text
    return "\n".join([text, "", "Sources:", "", *(f"* {source}" for source in sources)])


def task_text(task: Mapping[str, Any]) -> str:
    """Return what the assistant does, in a few words."""
    kind = task.get("type", "")
    title = task.get("title") or task.get("title_query")
    activity = _TASKS.get(kind)
    if activity is None:
        return str(title or "working")
    return f"{activity}: {title}" if title else activity


def _source_text(source: Mapping[str, Any]) -> str:
    place = source.get("url") or source.get("filename")
    title = source.get("title") or place or ""
    return f"{title}: {place}" if place and place != title else str(title)
