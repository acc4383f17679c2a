"""Tools that answer a pending change, and undo."""

from typing import Any, Final

import msgspec

from task_tools.arguments import AnswerPendingArguments, InvalidArgumentsError, NoArguments
from task_tools.tool_spec import AnsweredPending, ToolOutcome
from task_tools.tool_tasks import CONFIRMATION_REQUIRED, ToolTasks
from todochat.contracts.task_changes import ChangeOutcome, PendingChange
from todochat.http.client import UpstreamProblemError

MAX_NAMED: Final = 10
NOTHING_CHANGED: Final = "Nothing was changed."


class _RecordedPending(msgspec.Struct):
    """The fields used of a journaled `PendingChange`; earlier versions recorded only these."""

    id: str
    revision: int


async def answer_pending(tasks: ToolTasks, arguments: AnswerPendingArguments) -> ToolOutcome:
    """Confirm the previous turn's pending change if the user says a plain yes, or discard it."""
    if arguments.confirm and not tasks.host.says_yes():
        msg = "the user has not answered with a plain yes; only that, or the card, confirms"
        raise InvalidArgumentsError(msg)

    async def read_pending() -> bytes:
        group = await tasks.host.find_answerable_group()
        return msgspec.json.encode(None if group is None else await tasks.find_pending(group))

    # Every attempt answers the change that the first one read.
    recorded = await tasks.host.once("pending", read_pending)
    pending = msgspec.json.decode(recorded, type=_RecordedPending | None)
    if pending is None:
        return ToolOutcome(
            {"ok": False, "code": "nothing-waits", "error": "There is no pending change."}
        )
    path = f"/changes/pending/{pending.id}"
    if not arguments.confirm:
        await tasks.client.change(tasks.caller, "POST", f"{path}/discard")
        view = AnsweredPending(pending.id, None)
        return ToolOutcome({"ok": True, "note": NOTHING_CHANGED}, view)
    body = {"revision": pending.revision}
    response = await tasks.client.change(tasks.caller, "POST", f"{path}/confirm", body)
    confirmed = msgspec.json.decode(response, type=PendingChange)
    return ToolOutcome(outcome_summary(confirmed.outcome), AnsweredPending(pending.id, confirmed))


async def undo(tasks: ToolTasks, arguments: NoArguments) -> ToolOutcome:  # noqa: ARG001
    """Undo the last turn that changed something; may require a confirmation unless requested."""
    caller = tasks.caller
    if tasks.host.says_undo():  # the user requested it, so no limit applies
        caller = msgspec.structs.replace(caller, confirm_above=None)
    body = {"scope_id": tasks.caller.thread_id}
    try:
        response = await tasks.client.change(caller, "POST", "/changes/undo", body)
    except UpstreamProblemError as problem:
        group_id = problem.extensions.get("group_id")
        if problem.code != CONFIRMATION_REQUIRED or group_id is None:
            raise
        raise await tasks.hold_operations([{"type": "undo", "group_id": group_id}]) from problem
    undone = msgspec.json.decode(response, type=ChangeOutcome)
    return ToolOutcome({**outcome_summary(undone), "note": undone_text(undone)})


def outcome_summary(outcome: ChangeOutcome | None) -> dict[str, Any]:
    """Return the outcome of a confirmation or an undo, for the model."""
    if outcome is None:
        return {"ok": True, "changed": []}
    return {
        "ok": True,
        "changed": [
            {"number": task.number, "title": task.title, "deleted": task.deleted}
            for task in outcome.tasks
        ],
        "lists": [{"name": changed.name, "deleted": changed.deleted} for changed in outcome.lists],
        **({"left": skipped_text(outcome)} if outcome.left else {}),
    }


def skipped_text(outcome: ChangeOutcome | None) -> str:
    """Return a sentence that names the skipped operations; empty if there are none."""
    if outcome is None or not outcome.left:
        return ""
    named = [f"“{each.title}”" for each in outcome.left[:MAX_NAMED]]
    if len(outcome.left) > MAX_NAMED:
        named.append(f"{len(outcome.left) - MAX_NAMED} more")
    return f"Skipped because they changed in the meantime: {', '.join(named)}."


def undone_text(outcome: ChangeOutcome) -> str:
    """Return a sentence about the outcome of an undo."""
    counts = ((len(outcome.tasks), "task"), (len(outcome.lists), "list"))
    if sum(count for count, _ in counts) == 1:
        name = outcome.tasks[0].title if outcome.tasks else outcome.lists[0].name
        return f"Undone: “{name}” is back to its previous state."
    named = [plural(count, noun) for count, noun in counts if count]
    return f"Undone: {' and '.join(named)} are back to their previous state."


def plural(count: int, noun: str) -> str:
    """Return a number with its noun, such as "3 tasks"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
