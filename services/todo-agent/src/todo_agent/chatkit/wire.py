"""Events as the bytes of a frame."""

from chatkit.types import ThreadStreamEvent
from pydantic_core import PydanticSerializationError

from todo_agent.chatkit.text import without_surrogates


def encode_event(event: ThreadStreamEvent) -> bytes:
    """Encode an event as openai-chatkit's server does; a lone surrogate becomes U+FFFD."""
    try:
        return _dump(event)
    except PydanticSerializationError:
        return _dump(without_surrogates(event))


def _dump(event: ThreadStreamEvent) -> bytes:
    return event.model_dump_json(
        by_alias=True, exclude_none=True, context={"exclude_metadata": True}
    ).encode()
