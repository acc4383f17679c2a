"""What the assistant says. Every text a user wrote goes through `markdown.quote`."""

from collections.abc import Sequence

from offline_assistant.clock import Clock
from offline_assistant.date_text import format_day, format_due, format_time, is_overdue
from offline_assistant.intents import Topic
from offline_assistant.markdown import escape, mention, mention_deleted, quote
from offline_assistant.prompts import Prompt
from offline_assistant.tool_calls import FunctionOutput, TaskResult

MAX_LINES = 25
WHAT_I_AM = (
    "I'm the offline assistant: a small program that comes with this server, not a language model. "
    "I understand plain English about your tasks and lists."
)
EXAMPLES = (
    "- **add buy milk tomorrow at 5pm**, **add milk, eggs and bread to my shopping list**\n"
    "- **what's due today?**, **what's overdue?**, **what should I do next?**\n"
    "- **complete 3**, **I bought the milk**, **reopen it**\n"
    "- **move 3 to friday**, **rename 3 to ...**, **make 3 urgent**, **tag 3 with home**\n"
    "- **delete 3**, **delete all done ones**"
)
_TOPICS = {
    Topic.GREETING: "Hello! I'm the offline assistant for your tasks. Tell me what to add, or ask **what's due today?**",
    Topic.FEELING: "I'm running fine, thank you. I'm only a small offline program, but your tasks are in good hands.",
    Topic.THANKS: "You're welcome!",
    Topic.GOODBYE: "Goodbye! Your tasks will be here.",
    Topic.ACKNOWLEDGED: "Good. Tell me when there is something to add or to tick off.",
    Topic.HELP: f"{WHAT_I_AM} You can say, for example:\n\n{EXAMPLES}",
    Topic.IDENTITY: f"{WHAT_I_AM} Set up an OpenAI key or a compatible server to talk with a real model instead.",
    Topic.LEFT_ALONE: "All right, I've left everything as it is.",
    Topic.QUESTION_CHANGES_NOTHING: "I've changed nothing, since that was a question. Say it without the question, and I'll do it.",
    Topic.NOTHING_TO_CONFIRM: "There is nothing waiting for a yes or a no. Tell me what to do with your tasks.",
    Topic.NO_RENAMING_LISTS: "I can't rename a list. You can make a new one and move its tasks: **move 3 to the work list**.",
    Topic.NOTHING_TO_UNDO: "There is nothing to undo in this conversation.",
    Topic.NO_RESTORING: "I can take back what was changed last in this conversation: say **undo**. A task that is done opens again with **reopen 3**.",
    Topic.NO_CONDITIONS: "I can't watch for something to happen and remind you then. I can add a task with a date: **add call Ann tomorrow at 9**.",
    Topic.OUT_OF_SCOPE: f"I can't help with that: I only look after your tasks and lists. {WHAT_I_AM} Ask me for **help** to see what I understand.",
    Topic.TOO_LONG: "That is too long for me. Please tell me in a few short sentences.",
    Topic.TOO_MANY: "That's as much as I do at once; please send the rest again.",
    Topic.NO_FILES: "Tell me in words what to do.",
    Topic.EMPTY: "Tell me what to add, or ask **what's due today?**",
    Topic.UNKNOWN: f"I didn't understand that. {WHAT_I_AM} You can say, for example:\n\n{EXAMPLES}",
}


def talk(topic: Topic, clock: Clock) -> str:
    """Return what is said about a topic."""
    if topic is Topic.CLOCK:
        return f"It is {format_time(clock.now, clock)} on {format_day(clock.today, clock).removeprefix('today ').strip('()')}."
    return _TOPICS[topic]


def describe_unreadable_files(files: Sequence[str]) -> str:
    """Return what is said of attached files, each with its type."""
    return f"I can't read attached files: {', '.join(quote(name) for name in files)}."


def describe_task(task: TaskResult, clock: Clock, *, with_list: bool = False) -> str:
    """Return a task with what is worth knowing about it."""
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
    parts.extend(f"tag {quote(tag)}" for tag in task.tags)
    return ", ".join(parts)


def format_tasks(tasks: Sequence[TaskResult], clock: Clock, total: int = 0) -> str:
    """Return tasks as a list, with how many more there are."""
    several_lists = len({task.list_name for task in tasks}) > 1
    shown = [
        f"- {describe_task(task, clock, with_list=several_lists)}" for task in tasks[:MAX_LINES]
    ]
    more = max(total, len(tasks)) - len(shown)
    if more > 0:
        shown.append(f"- ... and {more} more")
    return "\n".join(shown)


def changed(done: str, output: FunctionOutput) -> str:
    """Say which tasks and lists a call has changed."""
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
    if len(names) == 1:
        return f"{done}: {names[0]}."
    lines = [f"- {name}" for name in names[:MAX_LINES]]
    if len(names) > MAX_LINES:
        lines.append(f"- ... and {len(names) - MAX_LINES} more")
    return f"{done}, {len(names)} changes:\n\n" + "\n".join(lines)


def describe_failure(doing: str, output: FunctionOutput) -> str:
    """Explain why a call failed, in the user's terms."""
    number = output.call.arguments.get("task")
    known = {
        "task-not-found": f"there is no task #{number}",
        "not-found": f"there is no task #{number}" if number else "it does not exist",
        "list-not-found": f"there is no list called {quote(str(output.call.arguments.get('list')))}",
        "list-exists": "a list of that name exists already",
        "tool-failed": "something went wrong",
    }
    reason = known.get(output.code) or _plain(output.error) or "something went wrong"
    return f"I couldn't {doing}: {reason}."


def with_prompt(question: str, prompt: Prompt) -> str:
    """Return a question with the words that end it."""
    return f"{question} {prompt.value}".strip()


def _plain(error: str) -> str:
    """Return a tool's error text as part of a sentence; it may contain what a user wrote."""
    text = escape(error).rstrip(".")
    return text[:1].lower() + text[1:]
