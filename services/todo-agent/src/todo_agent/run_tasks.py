"""Tool calls and clicks of a run as the tools' host: journaled choices, and the user's own words."""

from collections.abc import Awaitable, Callable
from typing import Final

from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.turns import find_previous_turn_id, plain_text_of
from offline_assistant.short_commands import is_undo, is_yes
from task_tools.tasks_client import TasksClient, ToolCaller
from task_tools.tool_tasks import MAX_UNCONFIRMED, ToolTasks
from todo_agent.zones import zone

HELD: Final = "held"  # a tool call has held changes for the user's confirmation
TASKS_CHANGED: Final = "tasks.changed"  # the client effect after each change


class RunHost:
    """A tool call or a click in an attempt at a run; see `task_tools.tool_tasks.ToolHost`.

    Args:
        confirm_above: see `ToolCaller`; enforced by the tasks service, which counts the changes of
            all runs of the turn.
    """

    def __init__(self, run: RunContext, *, confirm_above: int | None) -> None:
        self._run = run
        self._call = run.call
        self.zone = zone(run.request_context.timezone)
        self.locale = run.request_context.locale
        self.now = run.now
        self.caller = ToolCaller(
            user_id=run.user_id,
            run_id=run.scope.run_id,
            attempt=run.scope.attempt,
            key=self._call.idempotency_key,
            turn_id=run.turn_id,
            thread_id=run.thread.id,
            confirm_above=confirm_above,
        )

    async def once(self, name: str, decide: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return the result of `decide` in the first attempt that reached this point."""
        return await self._call.once(name, decide)

    async def note_held(self) -> None:
        """Show the card with the pending changes at the end of the turn."""
        self._call.note(HELD)
        await self._call.finish_at_end()

    async def find_answerable_group(self) -> str | None:
        """Return the previous turn."""
        return await find_previous_turn_id(self._run)

    def says_yes(self) -> bool:
        """Return whether the user's message is a plain yes."""
        return is_yes(plain_text_of(self._run))

    def says_undo(self) -> bool:
        """Return whether the user's message only asks to undo."""
        return is_undo(plain_text_of(self._run))


def open_tasks(
    client: TasksClient, run: RunContext, *, confirm_above: int | None = MAX_UNCONFIRMED
) -> ToolTasks:
    """Return the current call's view of the tasks service; None for a click of the user."""
    return ToolTasks(client, RunHost(run, confirm_above=confirm_above))
