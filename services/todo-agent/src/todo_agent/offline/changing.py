"""Plans that change tasks and lists. Deleting more than one task at once asks first."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from todo_agent.offline import replies
from todo_agent.offline.intents import (
    Add,
    Changes,
    Complete,
    CreateList,
    Delete,
    DeleteList,
    Filter,
    Reopen,
    Restore,
    Update,
)
from todo_agent.offline.lookup import Found, Plan, Situation, find, similar_list
from todo_agent.offline.markdown import gone, mention, quote
from todo_agent.offline.prompts import Prompt
from todo_agent.offline.tool_calls import (
    TaskView,
    ToolCall,
    ToolOutput,
    add_task,
    ask_to_delete,
    complete_task,
    create_list,
    delete_list,
    delete_task,
    list_lists,
    list_tasks,
    reopen_task,
    restore_tasks,
    update_task,
)

MAX_AT_ONCE: Final = 100


def add(intent: Add, situation: Situation) -> Plan:
    """Add all tasks in one step; the tool makes a list that is missing."""
    outputs = yield [add_task(task) for task in intent.tasks]
    added = [output.task for output in outputs if output.is_ok and output.task]
    texts = []
    with_list = any(task.list_name for task in intent.tasks)
    if len(added) == 1:
        texts.append(f"Added {replies.describe(added[0], situation.clock, with_list=with_list)}.")
    elif added:
        where = f" to {quote(added[0].list_name)}" if with_list and added[0].list_name else ""
        texts.append(
            f"Added {len(added)} tasks{where}:\n\n{replies.bullets(added, situation.clock)}"
        )
    texts.extend(
        replies.failure(f"add {quote(str(output.call.arguments.get('title')))}", output)
        for output in outputs
        if not output.is_ok
    )
    if added and intent.wants_repeat:
        texts.append("I can't repeat tasks yet, so this is there once.")
    elif added and intent.wants_reminder:
        texts.append("I can't send reminders yet: you'll find it when you ask what's due.")
    return "\n\n".join(texts)


def complete(intent: Complete, situation: Situation) -> Plan:
    """Complete tasks; one that is done already is only named."""
    found = yield from find(intent.target, situation)
    done = tuple(task for task in found.tasks if task.is_completed)
    if len(done) == 1 == len(found.numbers):
        return f"{mention(done[0].number, done[0].title)} is done already."
    return (yield from _change_each(found, complete_task, "complete", "Done"))


def reopen(intent: Reopen, situation: Situation) -> Plan:
    """Reopen tasks; words mean completed ones."""
    found = yield from find(intent.target, situation, prefers_completed=True)
    return (yield from _change_each(found, reopen_task, "reopen", "Open again"))


def delete(intent: Delete, situation: Situation) -> Plan:
    """Delete a task; more than one, or what a rule picked out, only after a yes."""
    found = yield from find(intent.target, situation)
    if not intent.is_confirmed and (found.is_selection or len(found.numbers) > 1):
        if not found.tasks:
            (output,) = yield [list_tasks(Filter(status="all"))]
            wanted = tuple(task for task in output.tasks if task.number in found.numbers)
            found = replace(found, tasks=wanted if len(wanted) == len(found.numbers) else ())
        yield [ask_to_delete(found.numbers[:MAX_AT_ONCE])]  # if that fails, words suffice
        return _confirm_deleting(found, situation)
    return (yield from _change_each(found, delete_task, "delete", "Deleted", gone))


def restore(intent: Restore) -> Plan:
    """Bring deleted tasks back."""
    (output,) = yield [restore_tasks(intent.numbers)]
    tasks = output.tasks
    if not output.is_ok:
        return replies.failure("bring that back", output)
    if len(tasks) == 1:
        return f"Brought back: {mention(tasks[0].number, tasks[0].title)}."
    names = "\n".join(f"- {mention(task.number, task.title)}" for task in tasks)
    return f"Brought back {len(tasks)} tasks:\n\n{names}"


def update(intent: Update, situation: Situation) -> Plan:
    """Change tasks; their present tags are read first if tags change, since all are sent."""
    found = yield from find(intent.target, situation)
    changes = intent.changes
    known = {task.number: task for task in found.tasks}
    if found.numbers and (changes.add_tags or changes.drop_tags) and not known:
        (output,) = yield [list_tasks(Filter(status="all"))]
        known = {task.number: task for task in output.tasks}
    if not found.numbers:
        return found.reply
    outputs = yield [
        update_task(number, changes, _tags(changes, known.get(number)))
        for number in found.numbers[:MAX_AT_ONCE]
    ]
    return _report_update(outputs, situation)


def new_list(intent: CreateList) -> Plan:
    """Create a list."""
    (output,) = yield [create_list(intent.name)]
    if not output.is_ok:
        return replies.failure(f"create the list {quote(intent.name)}", output)
    return f"Created the list {quote(intent.name)}."


def remove_list(intent: DeleteList) -> Plan:
    """Delete a list; one that has open tasks only after a yes."""
    (output,) = yield [list_lists()]
    if not output.is_ok:
        return replies.failure("look at your lists", output)
    known = {found.name: found for found in output.lists}
    name = similar_list(intent.name, list(known))
    if name is None:
        names = ", ".join(quote(other) for other in known) or "none"
        return f"There is no list called {quote(intent.name)}. Your lists: {names}."
    chosen = known[name]
    if not intent.is_confirmed and (intent.with_tasks or chosen.open_tasks):
        tasks = f"{chosen.open_tasks} open task{'' if chosen.open_tasks == 1 else 's'}"
        fate = "are deleted with it" if intent.with_tasks else "move to your default list"
        return f"Delete the list {quote(name)}? Its tasks ({tasks}) {fate}. {Prompt.CONFIRM.value}"
    (output,) = yield [delete_list(name, with_tasks=intent.with_tasks)]
    if not output.is_ok:
        return replies.failure(f"delete the list {quote(name)}", output)
    return f"Deleted the list {quote(name)}."


def _change_each(
    found: Found,
    call: Callable[[int], ToolCall],
    doing: str,
    done: str,
    name: Callable[[int, str], str] = mention,
) -> Plan:
    if not found.numbers:
        return found.reply
    outputs = yield [call(number) for number in found.numbers[:MAX_AT_ONCE]]
    tasks = [output.task for output in outputs if output.is_ok and output.task]
    texts = []
    if len(tasks) == 1:
        texts.append(f"{done}: {name(tasks[0].number, tasks[0].title)}.")
    elif tasks:
        names = "\n".join(
            f"- {name(task.number, task.title)}" for task in tasks[: replies.MAX_LINES]
        )
        texts.append(f"{done}, {len(tasks)} tasks:\n\n{names}")
    texts.extend(
        replies.failure(f"{doing} #{output.call.arguments.get('task')}", output)
        for output in outputs
        if not output.is_ok
    )
    if len(found.numbers) > MAX_AT_ONCE:
        texts.append(f"Those were the first {MAX_AT_ONCE}; say it again for the rest.")
    return "\n\n".join(texts)


def _confirm_deleting(found: Found, situation: Situation) -> str:
    """Ask before deleting; all the numbers are in the question, and only they go after a yes."""
    numbers = found.numbers[:MAX_AT_ONCE]
    if found.tasks:
        shown = replies.bullets(found.tasks[: replies.MAX_LINES], situation.clock)
        rest = numbers[replies.MAX_LINES :]
    else:
        shown, rest = "", numbers
    also = (
        f"\n\n{'Also ' if shown else ''}{', '.join(f'#{number}' for number in rest)}."
        if rest
        else ""
    )
    count = "this task" if len(numbers) == 1 else f"these {len(numbers)} tasks"
    return f"Delete {count}?\n\n{shown}{also}\n\n{Prompt.CONFIRM.value}"


def _tags(changes: Changes, task: TaskView | None) -> tuple[str, ...] | None:
    if not changes.add_tags and not changes.drop_tags:
        return None
    dropped = {tag.casefold() for tag in changes.drop_tags}
    kept = [tag for tag in (task.tags if task else ()) if tag.casefold() not in dropped]
    return tuple(dict.fromkeys([*kept, *changes.add_tags]))


def _report_update(outputs: Sequence[ToolOutput], situation: Situation) -> str:
    tasks = [output.task for output in outputs if output.is_ok and output.task]
    texts = []
    if len(tasks) == 1:
        has_moved = "list" in outputs[0].call.arguments
        changed = replies.describe(tasks[0], situation.clock, with_list=has_moved)
        texts.append(f"Changed: {changed}.")
    elif tasks:
        texts.append(f"Changed {len(tasks)} tasks:\n\n{replies.bullets(tasks, situation.clock)}")
    texts.extend(
        replies.failure(f"change #{output.call.arguments.get('task')}", output)
        for output in outputs
        if not output.is_ok
    )
    return "\n\n".join(texts)
