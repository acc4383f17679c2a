"""Folds a run's log into the state that its viewers have."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ClientEffectEvent,
    NoticeEvent,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    WorkflowItem,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)

from durable_chatkit.chatkit.encoding import decode_event
from todochat.bus import ClaimedRun

# A user's message comes from acceptance. A browser may already execute a client tool call; the next
# attempt publishes it again under the same ID.
KEPT_BY_TAKEOVERS: Final = frozenset({"user_message", "client_tool_call"})


class OpenItems:
    """Items that were added and are not done; messages with the text published so far."""

    def __init__(self) -> None:
        self.items: dict[str, ThreadItem] = {}

    def apply(self, event: ThreadStreamEvent) -> None:
        """Apply one event."""
        match event:
            # Copies: openai-chatkit modifies the objects after it has sent them.
            case ThreadItemAddedEvent(item=AssistantMessageItem(content=[]) as added):
                self.items[added.id] = added.model_copy(update={"content": []})
            case ThreadItemAddedEvent():
                self.items[event.item.id] = event.item.model_copy(deep=True)
            case ThreadItemDoneEvent() | ThreadItemReplacedEvent():
                self.items.pop(event.item.id, None)
            case ThreadItemRemovedEvent():
                self.items.pop(event.item_id, None)
            case ThreadItemUpdatedEvent():
                match self.items.get(event.item_id):
                    case AssistantMessageItem() as item:
                        _update_message(item, event)
                    case WorkflowItem() as item:
                        _update_workflow(item, event)

    def partial_thoughts(self) -> list[WorkflowItem]:
        """Return the open workflows with a model's reasoning, if they have any."""
        return [
            item
            for item in self.items.values()
            if isinstance(item, WorkflowItem)
            and item.workflow.type == "reasoning"
            and item.workflow.tasks
        ]


def partial_messages(items: Iterable[ThreadItem]) -> list[AssistantMessageItem]:
    """Return the messages among open items that have any text."""
    return [
        item
        for item in items
        if isinstance(item, AssistantMessageItem)
        and any(part.text.strip() for part in item.content)
    ]


@dataclass
class LogFold:
    """The state of a log that the next attempt continues from.

    Args:
        open: items that were added and are not done.
        done: item ID -> item type of finished items that were not removed.
        removed: IDs of removed items, which the store doesn't generate again.
        effects: published client effects and notices as JSON, with their counts.
        replaced: the last published version of replaced items.
        event_types: types of all published events.
        is_cut: earlier events are in no log any more; viewers reload the thread.
    """

    open: OpenItems = field(default_factory=OpenItems)
    done: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    effects: Counter[bytes] = field(default_factory=Counter)
    replaced: dict[str, ThreadItem] = field(default_factory=dict)
    event_types: set[str] = field(default_factory=set)
    is_cut: bool = False

    def apply(self, event: ThreadStreamEvent) -> None:
        """Apply one event."""
        self.open.apply(event)
        self.event_types.add(event.type)
        match event:
            case ThreadItemDoneEvent():
                self.done[event.item.id] = event.item.type
            case ThreadItemRemovedEvent():
                self.done.pop(event.item_id, None)
                self.removed.add(event.item_id)
            case ThreadItemReplacedEvent():
                self.replaced[event.item.id] = event.item.model_copy(deep=True)
            case ClientEffectEvent() | NoticeEvent():
                self.effects[event.model_dump_json().encode()] += 1

    def is_gone(self, item_id: str) -> bool:
        """Return whether viewers don't have an item."""
        return item_id not in self.done and item_id not in self.open.items

    def unfinished_items(self, owned: set[str]) -> list[str]:
        """Return the published items that no finished step owns; the next attempt replaces them.

        Args:
            owned: IDs of the items of finished model calls and tool calls.
        """
        finished = [item_id for item_id, kind in self.done.items() if kind not in KEPT_BY_TAKEOVERS]
        return [item_id for item_id in [*self.open.items, *finished] if item_id not in owned]


def fold_log(claimed: ClaimedRun) -> LogFold:
    """Fold the events that earlier attempts have published.

    Raises:
        ValueError: the log contains an invalid event.
    """
    folded = LogFold(is_cut=claimed.lost_log)
    for frame in claimed.frames:
        folded.is_cut = folded.is_cut or frame.snapshot
        if frame.data is not None:
            folded.apply(decode_event(frame.data))
    return folded


def _update_message(item: AssistantMessageItem, event: ThreadItemUpdatedEvent) -> None:
    update = event.update
    index = getattr(update, "content_index", None)
    if index is None:
        return
    while len(item.content) <= index:
        item.content.append(AssistantMessageContent(text=""))
    match update.type:
        case "assistant_message.content_part.added" | "assistant_message.content_part.done":
            annotations = list(update.content.annotations)
            item.content[index] = update.content.model_copy(update={"annotations": annotations})
        case "assistant_message.content_part.text_delta":
            item.content[index].text += update.delta


def _update_workflow(item: WorkflowItem, event: ThreadItemUpdatedEvent) -> None:
    tasks = item.workflow.tasks
    match event.update:
        case (
            WorkflowTaskAdded(task=task, task_index=index)
            | WorkflowTaskUpdated(task=task, task_index=index)
        ):
            tasks[index : index + 1] = [task.model_copy(deep=True)]
