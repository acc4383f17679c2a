"""Converts a thread to a bounded history that both model APIs accept."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final

import msgspec
from agents import TResponseInputItem
from chatkit.agents import ThreadItemConverter
from chatkit.store import Store
from chatkit.types import (
    AssistantMessageItem,
    Attachment,
    GeneratedImageItem,
    HiddenContextItem,
    ImageAttachment,
    SDKHiddenContextItem,
    ThreadItem,
    UserMessageContent,
    UserMessageItem,
    UserMessageTagContent,
    WidgetItem,
)
from openai.types.responses import ResponseInputContentParam, ResponseInputTextParam
from pydantic import AnyUrl
from typing_extensions import override

from durable_chatkit.chatkit.attachment_links import find_attachment_id
from durable_chatkit.chatkit.context import IdScope, RequestContext

ModelInput = TResponseInputItem | list[TResponseInputItem] | None
AttachmentToInput = Callable[[Attachment, RequestContext], Awaitable[ResponseInputContentParam]]
WidgetToInput = Callable[[WidgetItem], Awaitable[ModelInput]]
HiddenContextToInput = Callable[[HiddenContextItem], Awaitable[ModelInput]]
TagToInput = Callable[[UserMessageTagContent], Awaitable[ResponseInputContentParam]]

TOOL_CALL: Final = "tool_call"
PAGE_ITEMS: Final = 50
GENERATED_IMAGE: Final = "generated image"
IMAGE_NOTE: Final = "The assistant generated this image:"


class HistoryLimits(msgspec.Struct, frozen=True):
    """Limits on the history sent to the model: whole turns, newest first, always including the last."""

    max_items: int
    max_chars: int


def tool_call_record(
    name: str, arguments: str, output: Any, ids: IdScope, path: str
) -> dict[str, str]:
    """Return a record of a finished call for later turns; openai-chatkit's items omit calls.

    The call id is ours and unique over all runs, because providers repeat theirs.

    Args:
        path: the call path.
    """
    text = output if isinstance(output, str) else json.dumps(output, default=str)
    call_id = ids.derive_id("call", path, 0)
    return {
        "kind": TOOL_CALL,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
        "output": text,
    }


def call_items(record: Mapping[str, str]) -> list[TResponseInputItem]:
    """Return a recorded call and its output as model input."""
    return [
        {
            "type": "function_call",
            "call_id": record["call_id"],
            "name": record["name"],
            "arguments": record["arguments"],
        },
        {
            "type": "function_call_output",
            "call_id": record["call_id"],
            "output": record["output"],
        },
    ]


class HistoryConverter(ThreadItemConverter):
    """Converts items to input that the Responses API and Chat Completions both accept.

    Text from users stays in user messages and tool results; none of it becomes instructions.

    Args:
        context: context of the thread's user.
    """

    def __init__(
        self,
        context: RequestContext,
        *,
        attachment_to_input: AttachmentToInput | None = None,
        widget_to_input: WidgetToInput | None = None,
        hidden_context_to_input: HiddenContextToInput | None = None,
        tag_to_input: TagToInput | None = None,
    ) -> None:
        self._context = context
        self._attachment_to_input = attachment_to_input
        self._widget_to_input = widget_to_input
        self._hidden_context_to_input = hidden_context_to_input
        self._tag_to_input = tag_to_input

    @override
    async def user_message_to_input(
        self, item: UserMessageItem, is_last_message: bool = True
    ) -> ModelInput:
        distinct = item.model_copy(update={"content": _with_distinct_tags(item.content)})
        converted = await super().user_message_to_input(distinct, is_last_message)
        return (
            [_merge_text_parts(entry) for entry in converted]
            if isinstance(converted, list)
            else converted
        )

    @override
    async def assistant_message_to_input(self, item: AssistantMessageItem) -> ModelInput:
        # The SDK's Chat Completions model rejects the default, parts of type output_text.
        text = "".join(part.text for part in item.content)
        return {"type": "message", "role": "assistant", "content": text} if text else None

    @override
    async def hidden_context_to_input(self, item: HiddenContextItem) -> ModelInput:
        content = item.content
        if not (isinstance(content, Mapping) and content.get("kind") == TOOL_CALL):
            if self._hidden_context_to_input is not None:
                return await self._hidden_context_to_input(item)
            if not isinstance(content, str):  # openai-chatkit accepts only text
                item = item.model_copy(update={"content": json.dumps(content, ensure_ascii=False)})
            return await super().hidden_context_to_input(item)
        return call_items(content)

    @override
    async def sdk_hidden_context_to_input(self, item: SDKHiddenContextItem) -> ModelInput:
        text = f"Hidden context for the agent (not shown to the user): {item.content}"
        return {"type": "message", "role": "user", "content": text}

    @override
    async def widget_to_input(self, item: WidgetItem) -> ModelInput:
        if self._widget_to_input is not None:
            return await self._widget_to_input(item)
        return None  # the tool result that the widget displays is already in the history

    @override
    async def generated_image_to_input(self, item: GeneratedImageItem) -> ModelInput:
        image = item.image
        attachment_id = find_attachment_id(image.url, self._context.user_id) if image else None
        if image is None or attachment_id is None:
            return await super().generated_image_to_input(item)
        attachment = ImageAttachment(
            id=attachment_id,
            name=GENERATED_IMAGE,
            mime_type="image/png",
            preview_url=AnyUrl(image.url),
        )
        content = [
            ResponseInputTextParam(type="input_text", text=IMAGE_NOTE),
            await self.attachment_to_message_content(attachment),
        ]
        return _merge_text_parts({"type": "message", "role": "user", "content": content})

    @override
    async def tag_to_message_content(self, tag: UserMessageTagContent) -> ResponseInputContentParam:
        if self._tag_to_input is not None:
            return await self._tag_to_input(tag)
        data = json.dumps({**tag.data, "id": tag.id}, ensure_ascii=False)
        return {"type": "input_text", "text": f"@{tag.text}: {data}"}

    @override
    async def attachment_to_message_content(
        self, attachment: Attachment
    ) -> ResponseInputContentParam:
        if self._attachment_to_input is not None:
            return await self._attachment_to_input(attachment, self._context)
        text = f"[A file was attached that can't be read here: {attachment.name}]"
        return {"type": "input_text", "text": text}


async def newest_items(
    store: Store[RequestContext],
    thread_id: str,
    context: RequestContext,
    *,
    max_pages: int | None = None,
) -> AsyncIterator[ThreadItem]:
    """Yield the items of a thread, newest first, page by page.

    Args:
        max_pages: the most pages of PAGE_ITEMS to read; None reads the whole thread.
    """
    after: str | None = None
    for _ in count() if max_pages is None else range(max_pages):
        page = await store.load_thread_items(
            thread_id, after=after, limit=PAGE_ITEMS, order="desc", context=context
        )
        for item in page.data:
            yield item
        if not page.has_more:
            return
        after = page.after


async def load_history(
    store: Store[RequestContext],
    thread_id: str,
    context: RequestContext,
    converter: ThreadItemConverter,
    limits: HistoryLimits,
) -> list[TResponseInputItem]:
    """Return the newest whole turns that fit the limits, oldest first.

    A turn starts with a user message. A call and its result are one item of the thread, so that the
    limit never separates them.
    """
    turns: list[list[TResponseInputItem]] = []
    turn: list[ThreadItem] = []
    items = chars = 0
    async for item in newest_items(store, thread_id, context):
        turn.insert(0, item)
        if not isinstance(item, UserMessageItem):
            # The last turn is always kept; stop reading an older one as soon as it can't fit.
            if turns and items + len(turn) > limits.max_items:
                break
            continue
        converted = await converter.to_agent_input(turn)
        size = sum(len(json.dumps(entry, default=str)) for entry in converted)
        exceeds_limits = items + len(turn) > limits.max_items or chars + size > limits.max_chars
        if turns and exceeds_limits:
            break
        turns.insert(0, converted)
        items += len(turn)
        chars += size
        turn = []
    if not turns:  # no user message: the thread was started by an action
        turns.append(await converter.to_agent_input(turn[-limits.max_items :]))
    return [entry for converted in turns for entry in converted]


def _with_distinct_tags(content: Sequence[UserMessageContent]) -> list[UserMessageContent]:
    """Return a message whose tags differ in their texts, as two tasks with the same title don't.

    openai-chatkit tells the model what a tag stands for by the tag's text, once for each text.
    """
    ids: dict[str, str] = {}
    distinct: list[UserMessageContent] = []
    for part in content:
        if (
            isinstance(part, UserMessageTagContent)
            and ids.setdefault(part.text, part.id) != part.id
        ):
            distinct.append(part.model_copy(update={"text": f"{part.text} ({part.id})"}))
        else:
            distinct.append(part)
    return distinct


def _merge_text_parts(entry: TResponseInputItem) -> TResponseInputItem:
    """Replace a list of text parts by plain text, because some servers reject parts."""
    content = entry.get("content")
    if not isinstance(content, list) or any(part["type"] != "input_text" for part in content):
        return entry
    text = "\n".join(part["text"] for part in content)
    return {"type": "message", "role": "user", "content": text}
