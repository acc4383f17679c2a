"""Plans that change tasks and lists. Changing many at once asks first."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from offline_assistant import replies, tool_calls
from offline_assistant.date_text import format_due
from offline_assistant.intents import (
    AddIntent,
    ByFilter,
    Changes,
    CompleteIntent,
    CreateListIntent,
    DeleteIntent,
    DeleteListIntent,
    Filter,
    ReopenIntent,
    Target,
    Topic,
    UpdateIntent,
)
from offline_assistant.lookup import Plan, PlanContext, ResolvedTarget, find, similar_list
from offline_assistant.markdown import escape, mention, mention_deleted, quote
from offline_assistant.prompts import Prompt
from offline_assistant.tool_calls import (
    FunctionCall,
    FunctionOutput,
    TaskResult,
    add_task,
    ask_to_delete,
    change_tasks,
    complete_task,
    confirm_changes,
    create_list,
    delete_list,
    delete_task,
    discard_changes,
    list_lists,
    list_tasks,
    reopen_task,
    update_task,
)

MAX_AT_ONCE: Final = 200  # what the tools take
MAX_UNASKED: Final = 3  # more tasks are changed only after a yes


def add(intent: AddIntent, context: PlanContext) -> Plan:
    """Add all tasks in one step; the tool makes a list that is missing."""
    outputs = yield [add_task(task) for task in intent.tasks]
    added = [output.task for output in outputs if output.is_ok and output.task]
    texts = []
    with_list = any(task.list_name for task in intent.tasks)
    if len(added) == 1:
        texts.append(
            f"Added {replies.describe_task(added[0], context.clock, with_list=with_list)}."
        )
    elif added:
        where = f" to {quote(added[0].list_name)}" if with_list and added[0].list_name else ""
        texts.append(
            f"Added {len(added)} tasks{where}:\n\n{replies.format_tasks(added, context.clock)}"
        )
    texts.extend(
        replies.describe_failure(f"add {quote(str(output.call.arguments.get('title')))}", output)
        for output in outputs
        if not output.is_ok
    )
    if added and intent.wants_repeat:
        texts.append("I can't repeat tasks yet, so this is there once.")
    elif added and intent.wants_reminder:
        texts.append("I can't send reminders yet: you'll find it when you ask what's due.")
    return "\n\n".join(texts)


def complete(intent: CompleteIntent, context: PlanContext) -> Plan:
    """Complete tasks, many only after a yes; one that is done already is only named."""
    found = yield from find(intent.target, context)
    done = tuple(task for task in found.tasks if task.is_completed)
    if len(done) == 1 == len(found.numbers):
        return f"{mention(done[0].number, done[0].title)} is done already."
    if _is_bulk(intent.target, found):
        call = change_tasks(found.numbers[:MAX_AT_ONCE], Changes(), completed=True)
        return (yield from _ask_first(found, call, "Mark {} as done", context))
    return (yield from _change_each(found, complete_task, "complete", "Done"))


def reopen(intent: ReopenIntent, context: PlanContext) -> Plan:
    """Reopen tasks, many only after a yes; words mean completed ones."""
    found = yield from find(intent.target, context, prefers_completed=True)
    if _is_bulk(intent.target, found):
        call = change_tasks(found.numbers[:MAX_AT_ONCE], Changes(), completed=False)
        return (yield from _ask_first(found, call, "Open {} again", context))
    return (yield from _change_each(found, reopen_task, "reopen", "Open again"))


def delete(intent: DeleteIntent, context: PlanContext) -> Plan:
    """Delete a task; more than one, or what a rule picked out, only after a yes."""
    found = yield from find(intent.target, context)
    if found.is_selection or len(found.numbers) > 1:
        call = ask_to_delete(found.numbers[:MAX_AT_ONCE])
        return (yield from _ask_first(found, call, "Delete {}", context))
    return (yield from _change_each(found, delete_task, "delete", "Deleted", mention_deleted))


def update(intent: UpdateIntent, context: PlanContext) -> Plan:
    """Change tasks, many only after a yes; one task's tags are read first, since all are sent."""
    found = yield from find(intent.target, context)
    if not found.numbers:
        return found.reply
    changes = intent.changes
    if _is_bulk(intent.target, found):
        if changes.title is not None or changes.notes is not None:
            return "I change titles and notes of one task at a time. Nothing was changed."
        call = change_tasks(found.numbers[:MAX_AT_ONCE], changes, completed=None)
        return (yield from _ask_first(found, call, _phrase(changes, context), context))
    known = {task.number: task for task in found.tasks}
    if (changes.add_tags or changes.drop_tags) and not known:
        (output,) = yield [list_tasks(Filter(status="all"))]
        known = {task.number: task for task in output.tasks}
    outputs = yield [
        update_task(number, changes, _tags(changes, known.get(number))) for number in found.numbers
    ]
    return _report_update(outputs, context)


def undo(context: PlanContext) -> Plan:
    """Take back what the last turn has changed."""
    (output,) = yield [tool_calls.undo()]
    if output.code == "nothing-to-undo":
        return replies.talk(Topic.NOTHING_TO_UNDO, context.clock)
    if output.waits:
        return f"Undo all of that? It changes much. {Prompt.CONFIRM.value}"
    if not output.is_ok:
        return replies.describe_failure("undo that", output)
    return replies.changed("Undone", output)


def confirm(context: PlanContext) -> Plan:
    """Carry out what the turn before asked about."""
    (output,) = yield [confirm_changes()]
    if output.code == "nothing-waits":
        return replies.talk(Topic.NOTHING_TO_CONFIRM, context.clock)
    if not output.is_ok:
        return replies.describe_failure("do that", output)
    left = str(output.data.get("left") or "")
    return "\n\n".join(filter(None, [replies.changed("Done", output), escape(left)]))


def discard(context: PlanContext) -> Plan:
    """Drop what the turn before asked about."""
    yield [discard_changes()]
    return replies.talk(Topic.LEFT_ALONE, context.clock)


def new_list(intent: CreateListIntent) -> Plan:
    """Create a list."""
    (output,) = yield [create_list(intent.name)]
    if not output.is_ok:
        return replies.describe_failure(f"create the list {quote(intent.name)}", output)
    return f"Created the list {quote(intent.name)}."


def remove_list(intent: DeleteListIntent) -> Plan:
    """Delete a list, only after a yes."""
    (output,) = yield [list_lists()]
    if not output.is_ok:
        return replies.describe_failure("look at your lists", output)
    known = {found.name: found for found in output.lists}
    name = similar_list(intent.name, list(known))
    if name is None:
        names = ", ".join(quote(other) for other in known) or "none"
        return f"There is no list called {quote(intent.name)}. Your lists: {names}."
    (output,) = yield [delete_list(name, with_tasks=intent.with_tasks)]
    if not output.waits:
        return replies.describe_failure(f"delete the list {quote(name)}", output)
    count = known[name].open_tasks
    tasks = f"{count} open task{'' if count == 1 else 's'}"
    fate = "are deleted with it" if intent.with_tasks else "move to your default list"
    return f"Delete the list {quote(name)}? Its tasks ({tasks}) {fate}. {Prompt.CONFIRM.value}"


def _change_each(
    found: ResolvedTarget,
    call: Callable[[int], FunctionCall],
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
        replies.describe_failure(f"{doing} #{output.call.arguments.get('task')}", output)
        for output in outputs
        if not (output.is_ok or output.waits)
    )
    texts.extend(_waiting(outputs))
    return "\n\n".join(texts)


def _waiting(outputs: Sequence[FunctionOutput]) -> list[str]:
    """Ask about the calls that wait: the message changed others before."""
    waiting = [f"#{output.call.arguments.get('task')}" for output in outputs if output.waits]
    if not waiting:
        return []
    return [f"Still waiting: {', '.join(waiting)}. That's much at once. {Prompt.CONFIRM.value}"]


def _is_bulk(target: Target, found: ResolvedTarget) -> bool:
    """Tell whether to ask first: a rule picked several tasks, or they are more than a few."""
    picked = isinstance(target, ByFilter) and len(found.numbers) > 1
    return picked or len(found.numbers) > MAX_UNASKED


def _ask_first(found: ResolvedTarget, call: FunctionCall, doing: str, context: PlanContext) -> Plan:
    """Ask before many are changed, and show them; the tool keeps them until the yes.

    Args:
        doing: what would be done, with {} for the tasks.
    """
    if not found.numbers:
        return found.reply
    if not found.tasks:
        (output,) = yield [list_tasks(Filter(status="all"))]
        wanted = tuple(task for task in output.tasks if task.number in found.numbers)
        found = replace(found, tasks=wanted if len(wanted) == len(found.numbers) else ())
    (output,) = yield [call]
    if not output.waits:
        return replies.describe_failure("ask about that", output)
    numbers = found.numbers[:MAX_AT_ONCE]
    if found.tasks:
        shown = replies.format_tasks(found.tasks[: replies.MAX_LINES], context.clock)
        rest = numbers[replies.MAX_LINES :]
    else:
        shown, rest = "", numbers
    also = (
        f"\n\n{'Also ' if shown else ''}{', '.join(f'#{number}' for number in rest)}."
        if rest
        else ""
    )
    count = "this task" if len(numbers) == 1 else f"these {len(numbers)} tasks"
    more = "\n\nThere are more; ask again for the rest." if found.has_more else ""
    return f"{doing.format(count)}?\n\n{shown}{also}{more}\n\n{Prompt.CONFIRM.value}"


def _phrase(changes: Changes, context: PlanContext) -> str:
    """Say what changes do, with {} for the tasks."""
    parts = []
    if changes.due is not None:
        parts.append(f"Move {{}} to {format_due(changes.due, context.clock)}")
    if changes.clear_due:
        parts.append("Remove the date of {}")
    if changes.list_name is not None:
        parts.append(f"Move {{}} to {_braced(quote(changes.list_name))}")
    if changes.priority is not None:
        level = "no" if changes.priority == "none" else changes.priority
        parts.append(f"Set {{}} to {level} priority")
    if changes.add_tags or changes.drop_tags:
        parts.append("Change the tags of {}")
    return parts[0] if len(parts) == 1 else "Change {}"


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _tags(changes: Changes, task: TaskResult | None) -> tuple[str, ...] | None:
    if not changes.add_tags and not changes.drop_tags:
        return None
    dropped = {tag.casefold() for tag in changes.drop_tags}
    kept = [tag for tag in (task.tags if task else ()) if tag.casefold() not in dropped]
    return tuple(dict.fromkeys([*kept, *changes.add_tags]))


def _report_update(outputs: Sequence[FunctionOutput], context: PlanContext) -> str:
    tasks = [output.task for output in outputs if output.is_ok and output.task]
    texts = []
    if len(tasks) == 1:
        has_moved = "list" in outputs[0].call.arguments
        changed = replies.describe_task(tasks[0], context.clock, with_list=has_moved)
        texts.append(f"Changed: {changed}.")
    elif tasks:
        texts.append(f"Changed {len(tasks)} tasks:\n\n{replies.format_tasks(tasks, context.clock)}")
    texts.extend(
        replies.describe_failure(f"change #{output.call.arguments.get('task')}", output)
        for output in outputs
        if not (output.is_ok or output.waits)
    )
    texts.extend(_waiting(outputs))
    return "\n\n".join(texts)
