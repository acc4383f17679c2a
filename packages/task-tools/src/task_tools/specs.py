"""The table of all tools."""

from typing import Final

from task_tools.adding import add_task
from task_tools.answering import answer_pending, undo
from task_tools.arguments import (
    AddTaskArguments,
    AnswerPendingArguments,
    ChangeTasksArguments,
    DeleteListArguments,
    DeleteTasksArguments,
    FindTasksArguments,
    NoArguments,
    PlanDayArguments,
    RestoreTasksArguments,
    SaveListArguments,
    ShowTaskArguments,
)
from task_tools.changing import change_tasks
from task_tools.changing_lists import delete_list, save_list
from task_tools.finding import find_lists, find_tasks, show_task
from task_tools.planning import plan_day
from task_tools.removing import delete_tasks, restore_tasks
from task_tools.tool_spec import ToolSpec

SPECS: Final = (
    ToolSpec(
        "add_task",
        "Add one task, with its subtasks if it has any.",
        AddTaskArguments,
        add_task,
    ),
    ToolSpec(
        "find_tasks",
        "Find tasks by a filter or by words, and show them to the user.",
        FindTasksArguments,
        find_tasks,
        changes=False,
    ),
    ToolSpec(
        "change_tasks",
        "Make the same change to one task, to several, or to all that a filter selects: complete, "
        "reopen, reschedule, repeat, remind, move, rename, tag, pin. More than three need the user's "
        "confirmation on a card.",
        ChangeTasksArguments,
        change_tasks,
        is_destructive=True,
    ),
    ToolSpec(
        "delete_tasks",
        "Delete tasks. One named task is deleted at once, with a button that undoes it; several, or "
        "those of a filter, after the user's confirmation on a card.",
        DeleteTasksArguments,
        delete_tasks,
        is_destructive=True,
    ),
    ToolSpec(
        "show_task",
        "Show one task as a form that the user can edit.",
        ShowTaskArguments,
        show_task,
        changes=False,
    ),
    ToolSpec("restore_tasks", "Restore deleted tasks.", RestoreTasksArguments, restore_tasks),
    ToolSpec(
        "undo",
        "Undo all changes of the last turn that changed something.",
        NoArguments,
        undo,
        is_destructive=True,
    ),
    ToolSpec(
        "answer_pending",
        "Apply (confirm true) or discard (confirm false) the changes of the previous turn that need "
        "a confirmation. Confirming works only if the user's message is a plain yes.",
        AnswerPendingArguments,
        answer_pending,
        is_destructive=True,
    ),
    ToolSpec(
        "find_lists",
        "Return the lists with their numbers of open tasks and their sections.",
        NoArguments,
        find_lists,
        changes=False,
    ),
    ToolSpec(
        "save_list",
        "Create a list (list null), or rename it, change its color or icon, archive it or bring it "
        "back.",
        SaveListArguments,
        save_list,
    ),
    ToolSpec(
        "delete_list",
        "Ask the user to confirm the deletion of a list, on a card below the answer.",
        DeleteListArguments,
        delete_list,
        is_destructive=True,
    ),
    ToolSpec(
        "plan_day",
        "Propose when to do which tasks of a day, on a card that the user accepts; nothing changes "
        "before. Find the tasks first.",
        PlanDayArguments,
        plan_day,
    ),
)
