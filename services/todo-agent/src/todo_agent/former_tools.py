"""The tools of the previous version, for runs that it began and this one finishes.

A run's journal has the model's answers. If one calls a tool that was since renamed, a later attempt
at the run still finds it here: a finished call returns its recorded result, and an unfinished one is
executed by the tool that replaced it. No model is offered these tools in a run's first attempt.
"""

from collections.abc import Mapping
from typing import Any, Final

# By the former name: the tool that replaced it.
FORMER_TOOLS: Final[Mapping[str, str]] = {
    "list_tasks": "find_tasks",
    "update_task": "change_tasks",
    "complete_task": "change_tasks",
    "delete_task": "delete_tasks",
    "ask_to_delete": "delete_tasks",
    "confirm_changes": "answer_pending",
    "discard_changes": "answer_pending",
    "create_list": "save_list",
    "list_lists": "find_lists",
}


def present_arguments(former: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with which the present tool does what a call of a former one asks."""
    arguments = dict(given)
    if former == "list_tasks":
        return {
            "filter": _to_filter(arguments),
            "text": arguments.get("text"),
            "limit": arguments.get("limit"),
        }
    if former in {"update_task", "complete_task", "delete_task"}:
        task = arguments.pop("task", None)
        arguments["tasks"] = None if task is None else [task]
    match former:
        case "update_task":  # tags were the complete new list, which is unknown here
            arguments["add_tags"] = arguments.pop("tags", None)
        case "complete_task":
            arguments["completed"] = True
        case "ask_to_delete":
            arguments["ask"] = True
        case "confirm_changes" | "discard_changes":
            return {"confirm": former == "confirm_changes"}
        case "list_lists":
            return {}
    return arguments


def _to_filter(arguments: Mapping[str, Any]) -> str:
    """Return the conditions of `list_tasks` as a filter."""
    status = {"completed": "status = completed", "all": "(status = open | status = completed)"}
    texts = {
        "list": 'list = "{}"',
        "priority": "priority = {}",
        "tag": 'tag = "{}"',
        "due_from": "due >= {}",
        "due_to": "due <= {}",
    }
    conditions = [status.get(arguments.get("status") or "", "")]
    conditions += [
        text.format(arguments[name]) for name, text in texts.items() if arguments.get(name)
    ]
    if arguments.get("overdue") is not None:
        conditions.append("overdue" if arguments["overdue"] else "!overdue")
    return " & ".join(filter(None, conditions))
