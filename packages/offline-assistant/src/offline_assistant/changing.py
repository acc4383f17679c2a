"""Plans that change tasks and lists. Changes of many tasks need a confirmation."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from offline_assistant import replies, tool_calls
from offline_assistant.date_text import format_due
from offline_assistant.intents import (
    AddIntent,
    ByFilter,
    ChangeListIntent,
    Changes,
    CompleteIntent,
    ConfirmIntent,
    CreateListIntent,
    DeleteIntent,
    DeleteListIntent,
    DiscardIntent,
    Filter,
    NewTask,
    ReopenIntent,
    RestoreIntent,
    SnoozeIntent,
    Target,
    Topic,
    UndoIntent,
    UpdateIntent,
)
from offline_assistant.lookup import (
    Place,
    Plan,
    PlanContext,
    ResolvedTarget,
    known_section,
    locate_section,
    read_named_tasks,
    resolve_target,
    similar_list,
)
from offline_assistant.markdown import escape, mention, quote
from offline_assistant.mentions import is_placeholder
from offline_assistant.own_times import on_own_day, snoozed_reminders
from offline_assistant.prompts import Prompt
from offline_assistant.tool_calls import FunctionCall, FunctionOutput, TaskResult
from task_phrases.due_date import DueDate
from task_phrases.lists import DETERMINER
from task_phrases.patterns import rx

MAX_AT_ONCE: Final = 200  # limit of the tools
MAX_UNCONFIRMED: Final = 3  # changes of more tasks need a confirmation
_UNDER: Final = rx(r"(?P<title>.+) under (?:the )?(?P<section>\S+(?: \S+){0,2})")
_IN_LIST: Final = rx(
    rf"(?P<title>.+?) (?:to|in|on) (?:{DETERMINER} )?(?P<list>\S+(?: \S+){{0,2}}?)(?: list)?"
)


def add_tasks(intent: AddIntent, context: PlanContext) -> Plan:
    """Add all tasks in one step; the tool creates a missing list or section."""
    places: dict[tuple[str, str | None], Place] = {}
    tasks: list[NewTask] = []
    for task in (yield from _take_known_section(intent.tasks)):
        if task.section is not None:
            wanted = (task.section, task.list_name)
            if wanted not in places:
                places[wanted] = yield from locate_section(*wanted)
            place = places[wanted]
            if place.reply:
                return place.reply
            task = replace(task, list_name=place.list_name, section=place.section)  # noqa: PLW2901
        tasks.append(task)
    outputs = yield [tool_calls.add_task(task) for task in tasks]
    added = [output.task for output in outputs if output.is_ok and output.task]
    texts = []
    with_list = any(task.list_name or task.section for task in tasks)
    if len(added) == 1:
        described = replies.describe_task(added[0], context.clock, with_list=with_list)
        texts.append(f"Added {described}.")
    elif added:
        where = f" to {quote(added[0].list_name)}" if with_list and added[0].list_name else ""
        listed = replies.format_tasks(added, context.clock)
        texts.append(f"Added {len(added)} tasks{where}:\n\n{listed}")
    texts.extend(
        replies.describe_failure(f"add {quote(str(output.call.arguments.get('title')))}", output)
        for output in outputs
        if not output.is_ok
    )
    if added and intent.wants_repeat:
        texts.append("Tell me how often it repeats, such as **repeat it every week**.")
    elif added and intent.wants_reminder and not any(task.due for task in tasks):
        texts.append(
            "It has no date, so I can't remind you of it. Say **move it to tomorrow at 9**."
        )
    return "\n\n".join(texts)


def _take_known_section(
    tasks: tuple[NewTask, ...],
) -> Generator[Sequence[FunctionCall], Sequence[FunctionOutput], tuple[NewTask, ...]]:
    """Return tasks in the section in "milk to Groceries under Dairy", if there is one like that.

    Otherwise "hide the keys under the mat" is the title.
    """
    under = _UNDER.fullmatch(tasks[-1].title)
    if under is None or tasks[-1].section is not None:
        return tasks
    (output,) = yield [tool_calls.find_lists()]
    names = [known.name for known in output.lists]
    title, list_name = under["title"], tasks[-1].list_name
    in_list = _IN_LIST.fullmatch(title) if list_name is None else None
    if list_name is not None:
        list_name = similar_list(list_name, names) or list_name
    elif in_list is not None and (named := similar_list(in_list["list"], names)) is not None:
        title, list_name = in_list["title"], named
    place = known_section(under["section"], list_name, output.lists)
    if place is None:
        return tasks
    titles = [*(task.title for task in tasks[:-1]), title]
    return tuple(
        replace(task, title=each, section=under["section"], list_name=list_name or task.list_name)
        for task, each in zip(tasks, titles, strict=True)
    )


def complete_tasks(intent: CompleteIntent, context: PlanContext) -> Plan:
    """Complete tasks; a single one that is already done isn't changed."""
    resolved = yield from resolve_target(intent.target, context)
    done = tuple(task for task in resolved.tasks if task.is_completed)
    if len(done) == 1 == len(resolved.numbers):
        return f"{mention(done[0].number, done[0].title)} is already done."
    if is_bulk(intent.target, resolved):
        call = tool_calls.ask_to_change(resolved.numbers[:MAX_AT_ONCE], Changes(), completed=True)
        return (yield from _ask_first(resolved, call, "Mark {} as done".format, context))
    return (
        yield from _change_each(
            resolved, tool_calls.complete_task, "complete", replies.report_completed
        )
    )


def reopen_tasks(intent: ReopenIntent, context: PlanContext) -> Plan:
    """Reopen tasks; words prefer completed ones."""
    resolved = yield from resolve_target(intent.target, context, prefer_completed=True)
    if is_bulk(intent.target, resolved):
        call = tool_calls.ask_to_change(resolved.numbers[:MAX_AT_ONCE], Changes(), completed=False)
        return (yield from _ask_first(resolved, call, "Reopen {}".format, context))
    return (
        yield from _change_each(resolved, tool_calls.reopen_task, "reopen", replies.report_reopened)
    )


def delete_tasks(intent: DeleteIntent, context: PlanContext) -> Plan:
    """Delete a task; several tasks, or a selection, need a confirmation."""
    resolved = yield from resolve_target(intent.target, context)
    if resolved.is_selection or len(resolved.numbers) > 1:
        call = tool_calls.ask_to_delete(resolved.numbers[:MAX_AT_ONCE])
        return (yield from _ask_first(resolved, call, "Delete {}".format, context))
    return (
        yield from _change_each(resolved, tool_calls.delete_task, "delete", replies.report_deleted)
    )


def update_tasks(intent: UpdateIntent, context: PlanContext) -> Plan:
    """Change tasks; a change of many needs a confirmation."""
    resolved = yield from resolve_target(intent.target, context)
    changes, clock = intent.changes, context.clock
    if resolved.numbers and changes.due is not None and changes.due.only_time is not None:
        named = yield from read_named_tasks(resolved)
        own = on_own_day(changes, named, clock)
        if own is None:
            reason = "These tasks have different days; say the new day, too."
            return (
                f"{reason if named else 'Say the day of the new time, too.'} Nothing was changed."
            )
        changes = own
    if resolved.numbers and (changes.place is not None or changes.section is not None):
        place = yield from _find_place(changes)
        if place.reply:
            return place.reply
        changes = replace(changes, list_name=place.list_name, section=place.section, place=None)
    if resolved.numbers and is_bulk(intent.target, resolved):
        if changes.title is not None or changes.notes is not None:
            return (
                "I can only change the title or notes of one task at a time. Nothing was changed."
            )
        call = tool_calls.ask_to_change(resolved.numbers[:MAX_AT_ONCE], changes, completed=None)

        def describe_change(tasks: str) -> str:
            return replies.describe_bulk_change(changes, tasks, clock)

        return (yield from _ask_first(resolved, call, describe_change, context))
    change_task = partial(tool_calls.change_task, changes=changes)

    def report(tasks: Sequence[TaskResult]) -> str:
        if len(tasks) > 1:
            return f"Changed {len(tasks)} tasks:\n\n{replies.format_tasks(tasks, clock)}"
        has_moved = changes.list_name is not None or changes.section is not None
        return f"Changed: {replies.describe_task(tasks[0], clock, with_list=has_moved)}."

    return (yield from _change_each(resolved, change_task, "change", report))


def snooze_task(intent: SnoozeIntent, context: PlanContext) -> Plan:
    """Remind of one task again later."""
    resolved = yield from resolve_target(intent.target, context)
    if len(resolved.numbers) > 1:
        return "I can only snooze one task at a time. Nothing was changed."
    found = yield from read_named_tasks(resolved)
    if not resolved.numbers or not found:
        return resolved.reply or f"There is no task #{resolved.numbers[0]}."
    reminders = snoozed_reminders(found[0], intent.until, context.clock)
    until = format_due(DueDate(at=intent.until), context.clock)
    return (
        yield from _change_each(
            resolved,
            partial(tool_calls.snooze_task, reminders=reminders),
            "snooze",
            lambda tasks: f"Snoozed until {until}: {mention(tasks[0].number, tasks[0].title)}.",
        )
    )


def restore_tasks(intent: RestoreIntent, context: PlanContext) -> Plan:
    """Restore deleted tasks; the tool asks to confirm many."""
    (output,) = yield [tool_calls.restore_tasks(intent.numbers)]
    if output.needs_confirmation:
        return f"Restore these {len(intent.numbers)} tasks? {Prompt.CONFIRM.value}"
    if not output.is_ok:
        return replies.describe_failure("restore that", output)
    return f"Restored:\n\n{replies.format_tasks(output.tasks, context.clock)}"


def undo(_intent: UndoIntent, context: PlanContext) -> Plan:
    """Undo the changes of the last turn."""
    (output,) = yield [tool_calls.undo()]
    if output.code == "nothing-to-undo":
        return replies.topic_reply(Topic.NOTHING_TO_UNDO, context.clock)
    if output.needs_confirmation:
        return f"Undo all of that? It changes many tasks. {Prompt.CONFIRM.value}"
    if not output.is_ok:
        return replies.describe_failure("undo that", output)
    return replies.describe_changes("Undone", output)


def confirm(_intent: ConfirmIntent, context: PlanContext) -> Plan:
    """Carry out the change that the previous turn asked to confirm."""
    (output,) = yield [tool_calls.answer_pending(confirm=True)]
    if output.code == "nothing-waits":
        return replies.topic_reply(Topic.NOTHING_TO_CONFIRM, context.clock)
    if not output.is_ok:
        return replies.describe_failure("do that", output)
    left = str(output.data.get("left") or "")
    return "\n\n".join(filter(None, [replies.describe_changes("Done", output), escape(left)]))


def discard(_intent: DiscardIntent, context: PlanContext) -> Plan:
    """Discard the change that the previous turn asked to confirm."""
    yield [tool_calls.answer_pending(confirm=False)]
    return replies.topic_reply(Topic.LEFT_ALONE, context.clock)


def create_list(intent: CreateListIntent, _context: PlanContext) -> Plan:
    """Create a list."""
    (output,) = yield [tool_calls.create_list(intent.name)]
    if not output.is_ok:
        return replies.describe_failure(f"create the list {quote(intent.name)}", output)
    return f"Created the list {quote(intent.name)}."


def change_list(intent: ChangeListIntent, _context: PlanContext) -> Plan:
    """Rename a list, archive it or bring it back, or give it a color."""
    name: str | None = intent.name
    known: list[str] = []
    if not is_placeholder(intent.name):
        (output,) = yield [tool_calls.find_lists()]
        if not output.is_ok:
            return replies.describe_failure("load your lists", output)
        known = [found.name for found in output.lists]
        name = similar_list(intent.name, known)
    if name is None:
        return replies.describe_unknown_list(intent.name, known)
    (output,) = yield [tool_calls.change_list(name, intent)]
    if not output.is_ok:
        return replies.describe_failure(f"change the list {quote(name)}", output)
    if intent.new_name is not None:
        return f"Renamed the list {quote(name)} to {quote(intent.new_name)}."
    if intent.color is not None:
        return f"The list {quote(name)} is {intent.color} now."
    return f"{'Archived' if intent.is_archived else 'Brought back'} the list {quote(name)}."


def delete_list(intent: DeleteListIntent, _context: PlanContext) -> Plan:
    """Ask to confirm the deletion of a list."""
    if is_placeholder(intent.name):
        (output,) = yield [tool_calls.delete_list(intent.name, with_tasks=intent.with_tasks)]
        if not output.needs_confirmation:
            return replies.describe_failure(f"delete the list {quote(intent.name)}", output)
        fate = "are deleted with it" if intent.with_tasks else "move to your default list"
        return f"Delete the list {quote(intent.name)}? Its tasks {fate}. {Prompt.CONFIRM.value}"
    (output,) = yield [tool_calls.find_lists()]
    if not output.is_ok:
        return replies.describe_failure("load your lists", output)
    known = {found.name: found for found in output.lists}
    name = similar_list(intent.name, list(known))
    if name is None:
        return replies.describe_unknown_list(intent.name, list(known))
    (output,) = yield [tool_calls.delete_list(name, with_tasks=intent.with_tasks)]
    if not output.needs_confirmation:
        return replies.describe_failure(f"delete the list {quote(name)}", output)
    count = known[name].open_tasks
    tasks = f"{count} open task{'' if count == 1 else 's'}"
    fate = "are deleted with it" if intent.with_tasks else "move to your default list"
    return f"Delete the list {quote(name)}? Its tasks ({tasks}) {fate}. {Prompt.CONFIRM.value}"


def is_bulk(target: Target, resolved: ResolvedTarget) -> bool:
    """Return whether a change needs a confirmation: of a selection, or of more than a few tasks."""
    is_filtered = isinstance(target, ByFilter) and len(resolved.numbers) > 1
    return is_filtered or len(resolved.numbers) > MAX_UNCONFIRMED


def _find_place(
    changes: Changes,
) -> Generator[Sequence[FunctionCall], Sequence[FunctionOutput], Place]:
    """Return where a change moves tasks to; "move bread to produce" prefers a list with this name."""
    if changes.section is not None and changes.is_known_section:
        (output,) = yield [tool_calls.find_lists()]
        list_name = changes.list_name
        if list_name is not None:
            list_name = similar_list(list_name, [found.name for found in output.lists]) or list_name
        return known_section(changes.section, list_name, output.lists) or Place(
            reply=f"There is no section {quote(changes.section)}. Nothing was changed."
        )
    if changes.section is not None:
        return (yield from locate_section(changes.section, changes.list_name))
    name = changes.place or ""
    if is_placeholder(name):
        return Place(name)
    (output,) = yield [tool_calls.find_lists()]
    known = similar_list(name, [found.name for found in output.lists])
    if known is not None or not any(similar_list(name, each.sections) for each in output.lists):
        return Place(known or name)
    return (yield from locate_section(name, None))


def _change_each(
    resolved: ResolvedTarget,
    make_call: Callable[[int], FunctionCall],
    action: str,
    report: Callable[[Sequence[TaskResult]], str],
) -> Plan:
    """Change tasks by a call each; report changes, failures and calls that need a confirmation.

    Args:
        action: the action in "I couldn't {action} #3".
        report: describes the changed tasks, at least one.
    """
    if not resolved.numbers:
        return resolved.reply
    outputs = yield [make_call(number) for number in resolved.numbers[:MAX_AT_ONCE]]
    tasks = [output.task for output in outputs if output.is_ok and output.task]
    texts = [report(tasks)] if tasks else []
    texts.extend(
        replies.describe_failure(f"{action} #{output.call.task}", output)
        for output in outputs
        if not (output.is_ok or output.needs_confirmation)
    )
    waiting = [f"#{output.call.task}" for output in outputs if output.needs_confirmation]
    if waiting:  # earlier commands of the message changed other tasks
        texts.append(
            f"Not changed yet: {', '.join(waiting)}. That's a lot of changes at once. {Prompt.CONFIRM.value}"
        )
    return "\n\n".join(texts)


def _ask_first(
    resolved: ResolvedTarget,
    call: FunctionCall,
    describe_change: Callable[[str], str],
    context: PlanContext,
) -> Plan:
    """Show the tasks of a change and ask to confirm it; the tool keeps the change until the yes.

    Args:
        describe_change: describes the change, given a phrase for the tasks.
    """
    if not resolved.numbers:
        return resolved.reply
    if not resolved.tasks:
        (output,) = yield [tool_calls.find_tasks(Filter(status="all"))]
        wanted = tuple(task for task in output.tasks if task.number in resolved.numbers)
        is_complete = len(wanted) == len(resolved.numbers)
        resolved = replace(resolved, tasks=wanted if is_complete else ())
    (output,) = yield [call]
    if not output.needs_confirmation:
        return replies.describe_failure("prepare that change", output)
    numbers = resolved.numbers[:MAX_AT_ONCE]
    count = "this task" if len(numbers) == 1 else f"these {len(numbers)} tasks"
    tasks = replies.format_tasks(resolved.tasks[: replies.MAX_LINES], context.clock)
    unlisted = numbers[replies.MAX_LINES :] if resolved.tasks else numbers
    if unlisted:
        listed = ", ".join(f"#{number}" for number in unlisted)
        tasks = f"{tasks}\n\n{'Also ' if tasks else ''}{listed}."
    more = "\n\nMore tasks match; repeat the command for the rest." if resolved.has_more else ""
    return f"{describe_change(count)}?\n\n{tasks}{more}\n\n{Prompt.CONFIRM.value}"
