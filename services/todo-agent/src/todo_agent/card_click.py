"""A click on a card or list: access to the tasks, redraws of the widget, and the record of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from chatkit.types import ClientEffectEvent, NoticeEvent, WidgetItem

from durable_chatkit.agent.actions import record_action
from durable_chatkit.agent.run_context import RunContext
from task_tools.tasks_client import TasksClient
from todo_agent.action_payloads import offers, refused
from todo_agent.cards import message_card, titles_in, widget
from todo_agent.run_tasks import TASKS_CHANGED, open_tasks
from todo_agent.task_form import task_card
from todo_agent.task_list_widget import TASK_LIST, rows_as_text, with_task, without_task
from todochat.contracts.tasks import Task

TASK_GONE: Final = "This task no longer exists. It may have been deleted elsewhere."
ANSWERED: Final = "This form was already saved or closed."

Root = dict[str, Any]


class CardClick:
    """One clicked action.

    Args:
        sender: the widget that was clicked; None for an action that the page sent.
    """

    def __init__(self, client: TasksClient, sender: WidgetItem | None, run: RunContext) -> None:
        self.tasks = open_tasks(client, run, confirm_above=None)
        self.call = run.call
        self.run = run
        self._sender = sender

    async def show_task(self, task: Task) -> None:
        """Redraw the clicked widget with the current state of a task."""
        names = await self.tasks.get_list_names()
        lists = (await self.tasks.get_lists()).items
        timezone = self.tasks.zone.key

        def draw(root: Root) -> Root:
            if root.get("key") == TASK_LIST:
                return with_task(root, task, names, timezone)
            return task_card(task, lists, timezone)

        await self.redraw(draw)

    async def show_deleted(self, task_id: str, kind: str) -> None:
        """Redraw the clicked widget without a deleted task, and notify the user.

        Args:
            kind: the clicked action; a card that no longer has it stays, such as one with an undo.
        """

        def draw(root: Root) -> Root:
            if root.get("key") == TASK_LIST:
                return without_task(root, task_id)
            return message_card(TASK_GONE) if offers(root, kind, task_id=task_id) else root

        await self.redraw(draw)
        await self.run.stream(NoticeEvent(level="warning", message=TASK_GONE))
        await self.run.stream(ClientEffectEvent(name=TASKS_CHANGED))

    async def redraw(self, draw: Callable[[Root], Root]) -> None:
        """Redraw the clicked widget; a no-op for an action that the page sent."""
        if self._sender is None:
            return

        def change(item: WidgetItem) -> WidgetItem:
            root = draw(item.widget.model_dump(mode="json"))
            is_list = root.get("key") == TASK_LIST
            text = rows_as_text(root) if is_list else titles_in(root)
            return item.model_copy(update={"widget": widget(root), "copy_text": text})

        await self.run.update_widget(self._sender.id, change)

    async def dismiss(self, text: str, kind: str, **payload: str) -> None:
        """Replace the clicked card by a message, unless another click has replaced it already.

        Args:
            kind, payload: what the card still offers if none has.
        """

        def draw(root: Root) -> Root:
            return message_card(text) if offers(root, kind, **payload) else root

        await self.redraw(draw)

    async def check_offered(self, kind: str) -> None:
        """Check that the clicked card still has this action: another tab may show an older card.

        Raises:
            CustomStreamError: an earlier click has replaced the card.
        """

        async def look() -> bytes:
            root = None if self._sender is None else self._sender.widget.model_dump(mode="json")
            return msgspec.json.encode(root is None or offers(root, kind))

        if not msgspec.json.decode(await self.call.once("offered", look)):
            raise refused(ANSWERED)

    async def record_tasks(
        self, tool: str, tasks: Sequence[Task], changes: Mapping[str, Any] | None = None
    ) -> None:
        """Record a change of tasks as a tool call; see `record_change`."""
        arguments = {"tasks": [str(task.number) for task in tasks], **(changes or {})}
        output = {"tasks": await self.tasks.describe_tasks(tasks)}
        await self.record_change(tool, arguments, output)

    async def record_change(
        self, tool: str, arguments: dict[str, Any], output: Mapping[str, Any]
    ) -> None:
        """Record a change as a tool call, for the model in later turns, and notify the page."""
        await record_action(self.run, tool, arguments, {"ok": True, **output})
        await self.run.stream(ClientEffectEvent(name=TASKS_CHANGED))
