"""Texts of the assistant's replies. All user text goes through `markdown.quote`."""

from collections.abc import Sequence

from offline_assistant.date_text import (
    format_day,
    format_due,
    format_due_range,
    format_minutes,
    format_repeat,
    format_time,
    is_overdue,
)
from offline_assistant.intents import Changes, ShowTasksIntent, Topic
from offline_assistant.markdown import escape, mention, mention_deleted, quote
from offline_assistant.prompts import Prompt
from offline_assistant.tool_calls import FunctionOutput, TaskResult
from task_phrases.clock import Clock
from task_phrases.due_date import DueDate

MAX_LINES = 25
WHAT_I_AM = (
    "I'm the offline assistant: a small program that comes with this server, not a language model. "
    "I understand simple English commands and questions about your tasks and lists."
)
EXAMPLES = (
    "- **add buy milk tomorrow at 5pm**, **add milk, eggs and bread to my shopping list**\n"
    "- **what's due today?**, **what's overdue?**, **what should I do next?**\n"
    "- **add gym every monday at 7 for 1 hour**, **remind me 30 minutes before**, **plan my day**\n"
    "- **complete 3**, **I bought the milk**, **reopen it**\n"
    "- **move 3 to friday**, **rename 3 to ...**, **make 3 urgent**, **tag 3 with home**\n"
    "- **add milk to the dairy section of my shopping list**, **move 3 to the dairy section**\n"
    "- **snooze 3 for 2 hours**, **move 3 to 10am**\n"
    "- **delete 3**, **restore 3**, **delete all done ones**"
)
_TOPICS = {
    Topic.GREETING: "Hello! I'm the offline assistant for your tasks. Tell me what to add, or ask **what's due today?**",
    Topic.FEELING: "I'm running fine, thank you. I'm only a small offline program, but your tasks are in good hands.",
    Topic.THANKS: "You're welcome!",
    Topic.GOODBYE: "Goodbye! Your tasks will be here.",
    Topic.ACKNOWLEDGED: "Okay. Tell me when you want to add or complete a task.",
    Topic.HELP: f"{WHAT_I_AM} You can say, for example:\n\n{EXAMPLES}",
    Topic.IDENTITY: f"{WHAT_I_AM} To use a language model instead, set up an OpenAI key or a compatible server.",
    Topic.LEFT_ALONE: "All right, nothing was changed.",
    Topic.QUESTION_CHANGES_NOTHING: "I changed nothing, because that was a question. Phrase it as a command, and I'll do it.",
    Topic.NOTHING_TO_CONFIRM: "There is nothing to confirm. Tell me what to do with your tasks.",
    Topic.NO_NEW_LIST_NAME: "Say the new name of the list, too: **rename the work list to Office**.",
    Topic.NOTHING_TO_UNDO: "There is nothing to undo in this conversation.",
    Topic.NO_RESTORING: "I can undo the last change in this conversation: say **undo**. A deleted task comes back by its number: say **restore 3**; the trash on the site shows the numbers. To reopen a completed task, say **reopen 3**.",
    Topic.NO_SECTION_CHANGES: "I can't change sections themselves; the site can. A section is created when a task goes into it: **add milk to the dairy section of my shopping list**.",
    Topic.NO_CONDITIONS: "I can't send a reminder when something happens. I can add a task with a date: **add call Ann tomorrow at 9**.",
    Topic.NO_STEPS: "I can't think of the steps myself; a language model can. Tell me the steps: **break 3 down into: pack boxes, rent a van**.",
    Topic.OUT_OF_SCOPE: f"I can't help with that: I only manage your tasks and lists. {WHAT_I_AM} Say **help** to see what I understand.",
    Topic.TOO_LONG: "That message is too long for me. Please use a few short sentences.",
    Topic.TOO_MANY: "I can't do more than that at once. Please send the rest again.",
    Topic.NO_FILES: "Please type what you want to do.",
    Topic.EMPTY: "Tell me what to add, or ask **what's due today?**",
    Topic.UNKNOWN: f"I didn't understand that. {WHAT_I_AM} You can say, for example:\n\n{EXAMPLES}",
}


def topic_reply(topic: Topic, clock: Clock) -> str:
    """Return the reply to a topic."""
    if topic is Topic.CLOCK:
        return f"It is {format_time(clock.now, clock)} on {format_day(clock.today, clock).removeprefix('today ').strip('()')}."
    return _TOPICS[topic]


def describe_unreadable_files(files: Sequence[str]) -> str:
    """Return the reply to attached files, given their names or types."""
    return f"I can't read attached files: {', '.join(quote(name) for name in files)}."


def describe_task(task: TaskResult, clock: Clock, *, with_list: bool = False) -> str:
    """Return a task with its state, due date, priority, list and tags."""
    parts = [mention(task.number, task.title)]
    if task.is_completed:
        parts.append("done")
    if task.due is not None:
        is_late = not task.is_completed and is_overdue(task.due, clock)
        parts.append(f"{'overdue, was ' if is_late else ''}due {format_due(task.due, clock)}")
    if task.priority in {"high", "medium", "low"}:
        parts.append(f"{task.priority} priority")
    if with_list and task.list_name:
        parts.append(f"in {quote(task.list_name)}")
    if with_list and task.section:
        parts.append(f"section {quote(task.section)}")
    parts.extend(f"tag {quote(tag)}" for tag in task.tags)
    if task.repeat:
        parts.append(format_repeat(task.repeat))
    if task.duration_minutes:
        parts.append(f"takes {format_minutes(task.duration_minutes)}")
    parts.extend(
        f"reminder {format_minutes(minutes)} before" if minutes else "reminder when it is due"
        for minutes in task.reminders
    )
    parts.extend(
        f"reminder {format_due(DueDate(at=at), clock)}"
        for at in task.reminder_times
        if at > clock.now
    )
    if task.is_pinned:
        parts.append("pinned")
    return ", ".join(parts)


def format_tasks(tasks: Sequence[TaskResult], clock: Clock, total: int = 0) -> str:
    """Return at most `MAX_LINES` tasks as a list, and the number of the others."""
    several_lists = len({task.list_name for task in tasks}) > 1
    shown = [
        f"- {describe_task(task, clock, with_list=several_lists)}" for task in tasks[:MAX_LINES]
    ]
    more = max(total, len(tasks)) - len(shown)
    if more > 0:
        shown.append(f"- ... and {more} more")
    return "\n".join(shown)


def report_completed(tasks: Sequence[TaskResult]) -> str:
    """Return which tasks are completed."""
    return _report("Done", [mention(task.number, task.title) for task in tasks])


def report_reopened(tasks: Sequence[TaskResult]) -> str:
    """Return which tasks are reopened."""
    return _report("Reopened", [mention(task.number, task.title) for task in tasks])


def report_deleted(tasks: Sequence[TaskResult]) -> str:
    """Return which tasks are deleted."""
    return _report("Deleted", [mention_deleted(task.number, task.title) for task in tasks])


def _report(done: str, names: Sequence[str], noun: str = "tasks") -> str:
    if len(names) == 1:
        return f"{done}: {names[0]}."
    lines = [f"- {name}" for name in names[:MAX_LINES]]
    if len(names) > MAX_LINES:
        lines.append(f"- ... and {len(names) - MAX_LINES} more")
    return f"{done}, {len(names)} {noun}:\n\n" + "\n".join(lines)


def describe_changes(done: str, output: FunctionOutput) -> str:
    """Return the tasks and lists that a call changed, after the word `done`."""
    names = [
        mention_deleted(number, title) if is_deleted else mention(number, title)
        for number, title, is_deleted in output.changed
    ]
    names += [
        f"the list {quote(name)}{' (deleted)' if is_deleted else ''}"
        for name, is_deleted in output.changed_lists
    ]
    if not names:
        return "Nothing was changed."
    return _report(done, names, "changes")


def describe_failure(action: str, output: FunctionOutput) -> str:
    """Return "I couldn't {action}" with the reason in the user's terms."""
    number = output.call.task
    list_name = output.call.arguments.get("list") or output.data.get("list")
    known = {
        "task-not-found": f"there is no task #{number}",
        "not-found": f"there is no task #{number}" if number else "it does not exist",
        "list-not-found": f"there is no list called {quote(str(list_name))}",
        "section-not-found": "there is no section with that name",
        "list-exists": "a list with that name already exists",
        "tool-failed": "something went wrong",
        "invalid-filter": "something went wrong",
    }
    error = escape(output.error).rstrip(".")  # may contain user text
    reason = known.get(output.code) or error[:1].lower() + error[1:] or "something went wrong"
    return f"I couldn't {action}: {reason}."


def describe_unknown_list(name: str, known: Sequence[str]) -> str:
    """Return that there is no list with a name, and the names of those that exist."""
    names = ", ".join(quote(other) for other in known) or "none"
    return f"There is no list called {quote(name)}. Your lists: {names}."


def with_prompt(question: str, prompt: Prompt) -> str:
    """Return a question that ends with the words of a prompt."""
    return f"{question} {prompt.value}".strip()


def describe_bulk_change(changes: Changes, tasks: str, clock: Clock) -> str:
    """Return "Move these 3 tasks to tomorrow", given a phrase for the tasks."""
    parts = []
    if changes.due is not None:
        parts.append(f"Move {tasks} to {format_due(changes.due, clock)}")
    if changes.clear_due:
        parts.append(f"Remove the date of {tasks}")
    if changes.list_name is not None or changes.section is not None:
        parts.append(f"Move {tasks} {_describe_place(changes)}")
    if changes.priority is not None:
        level = "no" if changes.priority == "none" else changes.priority
        parts.append(f"Set {tasks} to {level} priority")
    if changes.repeat is not None:
        parts.append(f"Repeat {tasks}")
    if changes.clear_repeat:
        parts.append(f"Stop repeating {tasks}")
    if changes.reminders is not None:
        parts.append(f"Change the reminders of {tasks}")
    if changes.pinned is not None:
        parts.append(f"{'Pin' if changes.pinned else 'Unpin'} {tasks}")
    if changes.has_tags:
        parts.append(f"Change the tags of {tasks}")
    return parts[0] if len(parts) == 1 else f"Change {tasks}"


def _describe_place(changes: Changes) -> str:
    """Return where tasks move to: a section, or else a list."""
    if changes.section is None:
        return f"to {quote(str(changes.list_name))}"
    where = f" of {quote(changes.list_name)}" if changes.list_name else ""
    return f"to the section {quote(changes.section)}{where}"


def describe_query(intent: ShowTasksIntent, clock: Clock) -> str:
    """Return "open tasks due today in **work**"."""
    task_filter = intent.task_filter
    state = {"open": "open ", "completed": "completed ", "all": ""}[task_filter.status]
    parts = [f"{'overdue ' if task_filter.overdue else state}tasks"]
    if task_filter.has_due:
        parts.append(format_due_range(task_filter.due_from, task_filter.due_to, clock))
    if task_filter.priority:
        parts.insert(0, f"{task_filter.priority}-priority")
    if task_filter.section:
        parts.append(f"in the section {quote(task_filter.section)}")
    if task_filter.list_name:
        parts.append(f"{'of' if task_filter.section else 'in'} {quote(task_filter.list_name)}")
    if task_filter.tag:
        parts.append(f"with the tag {quote(task_filter.tag)}")
    if intent.only_dated and not task_filter.has_due and not task_filter.overdue:
        parts.append("with a due date")
    if intent.words:
        parts.append(f"about {quote(intent.words)}")
    return " ".join(parts)
