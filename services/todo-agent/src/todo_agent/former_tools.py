"""The tools of the previous version, for runs that it began and this one finishes.

A run's journal has the model's answers. If one calls a tool that was since renamed, a later attempt
at the run still finds it here: a finished call returns its recorded result, and an unfinished one is
executed by the tool that replaced it. No model is offered these tools in a run's first attempt.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

Arguments = dict[str, Any]


def _one_task(arguments: Arguments) -> Arguments:
    """Name a single task as the only one of several."""
    task = arguments.pop("task", None)
    return {"tasks": None if task is None else [task], **arguments}


def _update_task(arguments: Arguments) -> Arguments:
    """Tags were the complete new list, which is unknown here: they are added."""
    tags = arguments.pop("tags", None)
    return _one_task({**arguments, "add_tags": tags})


def _list_tasks(arguments: Arguments) -> Arguments:
    """Write the conditions as a filter."""
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
    return {
        "filter": " & ".join(filter(None, conditions)),
        "text": arguments.get("text"),
        "limit": arguments.get("limit"),
    }


# By the former name: the present one, and what makes its arguments.
FORMER_TOOLS: Final[Mapping[str, tuple[str, Callable[[Arguments], Arguments]]]] = {
    "list_tasks": ("find_tasks", _list_tasks),
    "update_task": ("change_tasks", _update_task),
    "complete_task": ("change_tasks", lambda given: {**_one_task(given), "completed": True}),
    "delete_task": ("delete_tasks", _one_task),
    "ask_to_delete": ("delete_tasks", lambda given: {**given, "ask": True}),
    "confirm_changes": ("answer_pending", lambda _: {"confirm": True}),
    "discard_changes": ("answer_pending", lambda _: {"confirm": False}),
    "create_list": ("save_list", lambda given: given),
    "list_lists": ("find_lists", lambda _: {}),
}
