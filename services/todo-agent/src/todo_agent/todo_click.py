"""One click on a widget of the todo agent: the tasks, the widget, and what is said of it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from chatkit.types import ClientEffectEvent, NoticeEvent, WidgetItem

from durable_chatkit.agent.actions import record_action
from durable_chatkit.agent.run_context import RunContext
from todo_agent.task_cards import message_card, task_card, titles_in
from todo_agent.tasks_client import TasksClient
from todo_agent.tool_tasks import TASKS_CHANGED, ToolTasks
from todo_agent.widgets import TASK_LIST, rows_as_text, widget, with_task, without_task
from todochat.contracts.tasks import Task

GONE: Final = "This task is no longer there. It may have been deleted elsewhere."

Root = dict[str, Any]


class Click:
    """One action: the tasks service, the widget, and what is said of it."""

    def __init__(
        self,
        tasks: TasksClient,
        sender: WidgetItem | None,
        run: RunContext,
    ) -> None:
        self.desk = ToolTasks(tasks, run, run.call, confirm_above=None)
        self.call = run.call
        self.run = run
        self._sender = sender

    async def show(self, task: Task) -> None:
        """Show a task as it is now, in the widget that was clicked."""
        names = await self.desk.list_names()
        lists = (await self.desk.lists()).items
        timezone = self.desk.zone.key

        def draw(root: Root) -> Root:
            if root.get("key") == TASK_LIST:
                return with_task(root, task, names, timezone)
            return task_card(task, lists, timezone)

        await self.draw(draw)

    async def show_gone(self, task_id: str) -> None:
        """Show that a task is gone, and say so."""

        def draw(root: Root) -> Root:
            return (
                without_task(root, task_id) if root.get("key") == TASK_LIST else message_card(GONE)
            )

        await self.draw(draw)
        await self.run.stream(NoticeEvent(level="warning", message=GONE))
        await self.run.stream(ClientEffectEvent(name=TASKS_CHANGED))

    async def draw(self, draw: Callable[[Root], Root]) -> None:
        """Draw the clicked widget anew; an action that the page sent by itself has none."""
        if self._sender is None:
            return

        def change(item: WidgetItem) -> WidgetItem:
            root = draw(item.widget.model_dump(mode="json"))
            is_list = root.get("key") == TASK_LIST
            text = rows_as_text(root) if is_list else titles_in(root)
            return item.model_copy(update={"widget": widget(root), "copy_text": text})

        await self.run.update_widget(self._sender.id, change)

    async def changed(
        self, tool: str, arguments: dict[str, Any], output: Mapping[str, Any]
    ) -> None:
        """Tell the model of later turns, and the page."""
        await record_action(self.run, tool, arguments, {"ok": True, **output})
        await self.run.stream(ClientEffectEvent(name=TASKS_CHANGED))
