"""Checks that the assistant's changes to tasks happened, and happened once."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from chaos.history import History, PlannedCall, StoredRun, Told, TurnId
from chaos.violation import Violation

CHANGE_OF: Final = {
    "add_task": "task.created.v1",
    "complete": "task.completed.v1",
    "delete": "task.deleted.v1",
}


def check_tasks(history: History) -> Iterator[Violation]:
    """Check that each added task exists once, completed or deleted as the model was informed."""
    times = Counter(task.title for task in history.tasks)
    planned = {call.title for plan in history.plans for call in plan.calls}
    for title in times.keys() - planned:
        yield Violation("doubled task", title, "no turn added it")
    states = {task.title: task for task in history.tasks}
    for turn_id, call, outcome in _calls(history):
        count = times[call.title]
        if call.tool == "add_task":
            if count > 1:
                yield Violation("doubled task", str(turn_id), f"{call.title} exists {count} times")
            elif outcome == "done" and count == 0:
                yield Violation("lost task", str(turn_id), f"{call.title} is missing")
        elif outcome == "done" and count:
            task = states[call.title]
            is_so = task.is_completed if call.tool == "complete" else task.is_deleted
            if not is_so:
                yield Violation(
                    "lost task", str(turn_id), f"{call.tool} {call.title} left no trace"
                )


def _calls(history: History) -> Iterator[tuple[TurnId, PlannedCall, Told]]:
    """Yield each planned change with the outcome that the model received."""
    for plan in history.plans:
        outcomes = history.outcomes.get(plan.turn_id, [])
        for number, call in enumerate(plan.calls):
            if call.tool != "find_tasks":
                yield plan.turn_id, call, outcomes[number] if number < len(outcomes) else "unknown"


def check_changes(history: History, runs: dict[str, list[StoredRun]]) -> Iterator[Violation]:
    """Check that the change feed has each change once, with its user.

    A call whose outcome was reported as unknown may have had its effect. A refused call had
    none: it would also be refused if it met its own earlier effect.
    """
    times = Counter((change.type, change.title) for change in history.changes)
    owners = {run.run_id for found in runs.values() for run in found}
    for (kind, title), count in times.items():
        if count > 1:
            yield Violation("doubled task", title, f"{kind} happened {count} times")
    for turn_id, call, outcome in _calls(history):
        if outcome == "done" and not times[CHANGE_OF[call.tool], call.title]:
            yield Violation("lost task", str(turn_id), f"no {CHANGE_OF[call.tool]} of {call.title}")
        if outcome == "refused" and times[CHANGE_OF[call.tool], call.title]:
            yield Violation(
                "lied", str(turn_id), f"{call.tool} {call.title} happened although refused"
            )
    for change in history.changes:
        if change.run_id not in owners:
            yield Violation("doubled task", change.title, f"changed by {change.run_id}")
