"""Looks up what a turn continues: the effects of a retried message, or an open workflow."""

from typing import Final

from agents import TResponseInputItem
from chatkit.types import (
    ClientToolCallItem,
    HiddenContextItem,
    SDKHiddenContextItem,
    WorkflowItem,
)

from durable_chatkit.agent.retry_effects import earlier_call_items, removed_effects_note
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.storage.run import RunRecord
from durable_chatkit.storage.run_repository import RunRepository

LOOK_BACK_ITEMS: Final = 20
RETRY: Final = "threads.retry_after_item"


async def load_retry_effects(runs: RunRepository, run: RunRecord) -> list[TResponseInputItem]:
    """Return the side effects of earlier runs of a retried message; empty if it is no retry."""
    if run.request_type != RETRY:
        return []
    return [
        *removed_effects_note(await runs.load_removed_tool_steps(run)),
        *earlier_call_items(await runs.load_earlier_tool_steps(run)),
    ]


async def find_open_workflow(run: RunContext) -> WorkflowItem | None:
    """Return the workflow before the thread's last client tool call, which the turn continues.

    openai-chatkit expects it at the last but one item. Our threads may have hidden records of tool
    calls there.
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
