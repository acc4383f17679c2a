"""Draws lists and forms of tasks with the tasks' current state whenever a chat is loaded."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

import msgspec
import structlog
from chatkit.types import WidgetItem
from chatkit.widgets import WidgetRoot

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.live_widgets import RefreshWidgets
from durable_chatkit.settings import ChatSettings
from todo_agent.cards import widget
from todo_agent.settings import TodoAgentSettings
from todo_agent.task_form import TASK_CARD, form_task_id, gone_card, task_card
from todo_agent.task_list_widget import PAGES, TASK_LIST, with_tasks
from todochat.contracts.tasks import ListPage, Task, TaskList, TaskPage
from todochat.errors import ServiceError
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.settings import SettingsError

if TYPE_CHECKING:
    from todochat.http.client import ServiceClient

TIMEOUT_S: Final = 1.0  # a chat without its tasks' newest state is better than a slow one
MAX_TASKS: Final = 200  # the tasks service's page; the widgets of older tasks stay as stored

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_live_widgets(settings: ChatSettings) -> AsyncIterator[RefreshWidgets | None]:
    """Prepare the connection to the tasks service, which the first widget opens.

    None if this process has no key for it, as in a deployment of an earlier release: the widgets
    then stay as stored.
    """
    try:
        tokens = ServiceTokens.from_settings(settings, Arrow.AGENT_TO_TASKS)
    except SettingsError as error:
        log.warning("widgets.not_live", reason=str(error))
        yield None
        return
    tasks_url = cast("TodoAgentSettings", settings).tasks_url
    async with AsyncExitStack() as stack:
        yield LiveWidgets(tasks_url, tokens, stack)


class LiveWidgets:
    """A `RefreshWidgets`: reads all tasks of a page of items with one request.

    Args:
        stack: closes the connection.
    """

    def __init__(self, tasks_url: str, tokens: ServiceTokens, stack: AsyncExitStack) -> None:
        self._tasks_url = tasks_url
        self._tokens = tokens
        self._stack = stack
        self._client: ServiceClient | None = None

    async def __call__(
        self, widgets: Sequence[WidgetItem], context: RequestContext
    ) -> Mapping[str, WidgetRoot]:
        """Return the widgets whose tasks have changed, by item; none if the service fails."""
        newest_first = sorted(widgets, key=lambda item: item.created_at, reverse=True)
        roots = {
            item.id: item.widget.model_dump(mode="json", exclude_none=True) for item in newest_first
        }
        named = {task_id: None for root in roots.values() for task_id in task_ids_in(root)}
        wanted = list(named)[:MAX_TASKS]
        if not wanted:
            return {}
        user_id = context.user_id
        of_user = f"/api/{quote(user_id, safe='')}"
        params = {
            "ids": ",".join(wanted),
            "status": "all",
            "include_archived": "true",
            "limit": str(MAX_TASKS),
        }
        client = await self._open_client()
        try:
            responses = await asyncio.gather(
                client.request("GET", f"{of_user}/tasks", user_id=user_id, params=params),
                client.request("GET", f"{of_user}/lists", user_id=user_id),
            )
            for response in responses:
                response.raise_for_problem()
            found = msgspec.json.decode(responses[0].body, type=TaskPage).items
            lists = msgspec.json.decode(responses[1].body, type=ListPage).items
        except (ServiceError, msgspec.MsgspecError) as error:
            log.warning("widgets.refresh_failed", error=error)
            return {}
        states: dict[str, Task | None] = dict.fromkeys(wanted)
        states.update((task.id, task) for task in found)
        drawn = {
            item_id: redraw(root, states, lists, context.timezone)
            for item_id, root in roots.items()
        }
        return {item_id: widget(root) for item_id, root in drawn.items() if root != roots[item_id]}

    async def _open_client(self) -> "ServiceClient":
        if self._client is None:
            # aiohttp takes 6 MB of an API that has no widgets to show.
            import aiohttp  # noqa: PLC0415

            from todochat.http.client import ServiceClient  # noqa: PLC0415

            session = aiohttp.ClientSession()
            self._client = ServiceClient(
                self._tasks_url,
                session,
                self._tokens,
                Arrow.AGENT_TO_TASKS,
                timeout_s=TIMEOUT_S,
                max_tries=1,
            )
            await self._stack.enter_async_context(session)
        return self._client


def task_ids_in(root: Mapping[str, Any]) -> Iterator[str]:
    """Yield the IDs of the tasks that a widget shows."""
    if root.get("key") == TASK_LIST:
        yield from (row["key"] for row in root["children"] if row.get("key") != PAGES)
    elif root.get("key") == TASK_CARD:
        yield from filter(None, [form_task_id(root)])


def redraw(
    root: dict[str, Any],
    states: Mapping[str, Task | None],
    lists: Sequence[TaskList],
    timezone: str,
) -> dict[str, Any]:
    """Return a widget with the current state of its tasks.

    Args:
        states: the tasks by ID; None for a deleted one, and missing for one that wasn't read.
    """
    if root.get("key") == TASK_LIST:
        return with_tasks(root, states, {each.id: each.name for each in lists}, timezone)
    task_id = form_task_id(root) if root.get("key") == TASK_CARD else None
    if task_id is None or task_id not in states:
        return root
    task = states[task_id]
    return gone_card(root) if task is None else task_card(task, lists, timezone)
