"""Turns failures of tools into results that tell the model what to do instead."""

from typing import Any, Final

import msgspec

from task_tools.arguments import InvalidArgumentsError
from task_tools.references import UnresolvedReferenceError
from task_tools.tasks_client import may_have_arrived
from task_tools.tool_spec import ToolOutcome, ToolSpec
from task_tools.tool_tasks import AwaitsConfirmationError, ToolTasks
from todochat.errors import ServiceError

WAITING: Final = "waiting-for-confirmation"
# A plain failure makes models repeat the change in another way.
WAITS: Final = (
    "Not done yet: the user must confirm it first, on the card that appears below your answer or "
    "with a plain yes. Don't try another way; tell the user that a confirmation is needed."
)
MAYBE_DONE: Final = "It is unknown whether this was done. Check before you do it again."
HINTS: Final = {
    "open-subtasks": (
        "Ask the user whether the open subtasks are done, too; if so, complete them together with "
        "it, in one call, the subtasks first."
    ),
}


# What a tool raises for the model; anything else ends the attempt, such as `RunLostError`.
FAILURES: Final = (
    AwaitsConfirmationError,
    InvalidArgumentsError,
    UnresolvedReferenceError,
    ServiceError,
)


async def execute(spec: ToolSpec, tasks: ToolTasks, arguments: msgspec.Struct) -> ToolOutcome:
    """Execute a call.

    Raises:
        RunLostError: a later attempt at the run has made changes.
    """
    try:
        return await spec.run(tasks, arguments)
    except FAILURES as error:
        return failure_of(spec, error)


def failure_of(spec: ToolSpec, error: Exception) -> ToolOutcome:
    """Return the result of a call that raised one of `FAILURES`."""
    match error:
        case AwaitsConfirmationError():
            return failure(WAITING, WAITS)
        case UnresolvedReferenceError():
            return failure(error.code, str(error), **error.members)
        case ServiceError() if spec.changes and may_have_arrived(error):
            return failure(error.code, f"{error.detail} {MAYBE_DONE}", maybe_done=True)
        case ServiceError():
            return failure(
                error.code, " ".join(filter(None, (error.detail, HINTS.get(error.code))))
            )
        case _:
            return failure("invalid-arguments", str(error))


def failure(code: str, detail: str, **members: Any) -> ToolOutcome:
    """Return the result of a call that failed."""
    return ToolOutcome({"ok": False, "code": code, "error": detail, **members})
