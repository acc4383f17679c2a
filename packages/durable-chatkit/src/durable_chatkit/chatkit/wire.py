"""Events as the bytes of a frame."""

from chatkit.types import ThreadStreamEvent
from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from durable_chatkit.chatkit.text import without_surrogates


def encode_event(event: ThreadStreamEvent) -> bytes:
    """Encode an event as openai-chatkit's server does; a lone surrogate becomes U+FFFD."""
    try:
        return to_json(event)
    except PydanticSerializationError:
        return to_json(without_surrogates(event))


def to_json(model: BaseModel) -> bytes:
    """Encode anything of ChatKit's for a client, which never sees metadata."""
    return model.model_dump_json(
        by_alias=True, exclude_none=True, context={"exclude_metadata": True}
    ).encode()
