"""What a run's log has told the viewers so far."""

from collections import Counter
from dataclasses import dataclass, field

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
)
from pydantic import TypeAdapter

from todochat.bus import ClaimedRun

_EVENT: TypeAdapter[ThreadStreamEvent] = TypeAdapter(ThreadStreamEvent)


class OpenItems:
    """Items that were added and are not done, messages with the text said so far."""

    def __init__(self) -> None:
        self.items: dict[str, ThreadItem] = {}

    def apply(self, event: ThreadStreamEvent) -> None:
        """Take note of one event."""
        match event:
            case ThreadItemAddedEvent():
                # A copy: openai-chatkit keeps changing the object it sent.
                self.items[event.item.id] = event.item.model_copy(deep=True)
            case ThreadItemDoneEvent() | ThreadItemReplacedEvent():
                self.items.pop(event.item.id, None)
            case ThreadItemRemovedEvent():
                self.items.pop(event.item_id, None)
            case ThreadItemUpdatedEvent():
                item = self.items.get(event.item_id)
                if isinstance(item, AssistantMessageItem):
                    _grow(item, event)

    def half_said(self) -> list[AssistantMessageItem]:
        """Return the open messages that have any text."""
        return [
            item
            for item in self.items.values()
            if isinstance(item, AssistantMessageItem)
            and any(part.text.strip() for part in item.content)
        ]


@dataclass
class LogFold:
    """The log folded into what counts for going on.

    Args:
        open: what was begun and not finished.
        done: item id -> item type of what was finished and is still there.
        removed: ids that were taken back; they never return.
        effects: client effects and notices said, as JSON, with how often.
        replaced: items that were replaced, as they were said last.
        said: types of the events that a stream has once.
    """

    open: OpenItems = field(default_factory=OpenItems)
    done: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    effects: Counter[bytes] = field(default_factory=Counter)
    replaced: dict[str, ThreadItem] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)

    def apply(self, event: ThreadStreamEvent) -> None:
        """Take note of one event."""
        self.open.apply(event)
        self.said.add(event.type)
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


def fold_log(claimed: ClaimedRun) -> LogFold:
    """Fold what earlier attempts have said.

    Raises:
        ValueError: the log holds what is no event.
    """
    folded = LogFold()
    for frame in claimed.frames:
        if frame.data is not None:
            folded.apply(_EVENT.validate_json(frame.data))
    return folded


def _grow(item: AssistantMessageItem, event: ThreadItemUpdatedEvent) -> None:
    update = event.update
    index = getattr(update, "content_index", None)
    if index is None:
        return
    while len(item.content) <= index:
        item.content.append(AssistantMessageContent(text=""))
    match update.type:
        case "assistant_message.content_part.added" | "assistant_message.content_part.done":
            item.content[index] = update.content.model_copy(deep=True)
        case "assistant_message.content_part.text_delta":
            item.content[index].text += update.delta
