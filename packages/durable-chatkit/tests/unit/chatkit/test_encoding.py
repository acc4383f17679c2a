"""Encoding of events and models for clients."""

import json

from chat_kit import Chat, MakeItems
from chatkit.types import (
    AssistantMessageContentPartTextDelta,
    FileAttachment,
    InferenceOptions,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    UserMessageItem,
)

from durable_chatkit.chatkit.encoding import encode_event


def delta(text: str) -> ThreadItemUpdatedEvent:
    update = AssistantMessageContentPartTextDelta(content_index=0, delta=text)
    return ThreadItemUpdatedEvent(item_id="msg_1", update=update)


def test_events_are_encoded_as_by_openai_chatkit(chat: Chat) -> None:
    event = delta("milk")

    assert encode_event(event) == chat.server._serialize(event)


def test_lone_surrogate_is_replaced() -> None:
    assert json.loads(encode_event(delta("a\ud83db")))["update"]["delta"] == "a\ufffdb"


def test_attachment_metadata_is_not_encoded_for_clients(items: MakeItems) -> None:
    attachment = FileAttachment(
        id="atc_1", name="a", mime_type="text/plain", metadata={"path": "secret"}
    )
    item = UserMessageItem(
        id="msg_1",
        thread_id="thr_1",
        created_at=items("thr_1").answer().created_at,
        content=[],
        attachments=[attachment],
        inference_options=InferenceOptions(),
    )

    assert b"secret" not in encode_event(ThreadItemDoneEvent(item=item))
