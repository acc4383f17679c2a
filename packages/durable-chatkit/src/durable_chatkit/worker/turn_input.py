"""Builds the model input of a turn."""

from typing import Final

from agents import TResponseInputItem
from chatkit.types import (
    ClientToolCallItem,
    HiddenContextItem,
    SDKHiddenContextItem,
    WorkflowItem,
)

from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.history import HistoryConverter, HistoryLimits, load_history
from durable_chatkit.agent.retry_effects import earlier_call_items, removed_effects_note
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.storage.run import RunRecord
from durable_chatkit.storage.run_repository import RunRepository

LOOK_BACK_ITEMS: Final = 20
RETRY: Final = "threads.retry_after_item"


async def load_input(
    run: RunContext, assistant: Assistant, limits: HistoryLimits
) -> list[TResponseInputItem]:
    """Load the thread's history as model input."""
    converter = HistoryConverter(
        run.request_context,
        attachment_to_input=assistant.attachment_to_input,
        widget_to_input=assistant.widget_to_input,
    )
    return await load_history(run.store, run.thread.id, run.request_context, converter, limits)


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
