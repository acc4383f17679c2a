"""A workflow that goes on in the next turn, after the browser's output."""

from typing import Final

from chatkit.types import (
    ClientToolCallItem,
    HiddenContextItem,
    SDKHiddenContextItem,
    WorkflowItem,
)

from durable_chatkit.agent.run_context import RunContext

LOOK_BACK_ITEMS: Final = 20


async def find_open_workflow(run: RunContext) -> WorkflowItem | None:
    """Return the workflow that stands before the thread's last client tool call.

    openai-chatkit looks for it at the last but one item. Ours may have records of tool calls
    there, which nobody sees.
    """
    page = await run.store.load_thread_items(
        run.thread.id, None, LOOK_BACK_ITEMS, "desc", run.request_context
    )
    for item in page.data:
        if isinstance(item, WorkflowItem):
            return item if item.workflow.summary is None else None
        if not isinstance(item, ClientToolCallItem | HiddenContextItem | SDKHiddenContextItem):
            return None
    return None
