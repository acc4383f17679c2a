"""Encodes ChatKit models for storage and for clients.

PostgreSQL and UTF-8 can't represent all text. Wherever text is stored, U+0000 is dropped and a lone
surrogate becomes U+FFFD. The JSON parser already rejects lone surrogates in requests with 400; this
handles output of models and tools, where one invisible character must not fail a whole response.
"""

import re
from typing import Any, Final, TypeVar

from chatkit.types import ThreadStreamEvent
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic_core import PydanticSerializationError, to_json

from todochat.surrogates import replace_surrogates

ModelT = TypeVar("ModelT", bound=BaseModel)

# Built by the first use: 1.3 MB, and the api decodes no events.
_EVENT: Final[TypeAdapter[ThreadStreamEvent]] = TypeAdapter(
    ThreadStreamEvent, config=ConfigDict(defer_build=True)
)
_ESCAPED_NUL: Final = re.compile(r"(\\\\)|\\u0000")


def clean_text(text: str) -> str:
    """Return text that PostgreSQL can store: without U+0000 and lone surrogates."""
    valid: str = replace_surrogates(text)
    return valid.replace("\x00", "")


def without_surrogates(model: ModelT) -> ModelT:
    """Return a copy of a model with each lone surrogate replaced by U+FFFD."""
    return type(model).model_validate(replace_surrogates(model.model_dump()))


def storable_json(model: BaseModel) -> str:
    """Encode a model as JSON for a jsonb column."""
    try:
        encoded = model.model_dump_json(by_alias=True, exclude_none=True)
    except PydanticSerializationError:
        encoded = without_surrogates(model).model_dump_json(by_alias=True, exclude_none=True)
    return _without_nul(encoded)


def storable_value(value: Any) -> str:
    """Encode any JSON value for a jsonb column."""
    return _without_nul(to_json(replace_surrogates(value)).decode())


def _without_nul(encoded: str) -> str:
    if "\\u0000" not in encoded:
        return encoded
    # Escaped backslashes are matched first, so that the literal text `\u0000` is kept.
    return _ESCAPED_NUL.sub(lambda match: match[1] or "", encoded)


def encode_event(event: ThreadStreamEvent) -> bytes:
    """Encode an event as JSON, as openai-chatkit does; a lone surrogate becomes U+FFFD."""
    try:
        return encode_for_client(event)
    except PydanticSerializationError:
        return encode_for_client(without_surrogates(event))


def decode_event(encoded: bytes) -> ThreadStreamEvent:
    """Decode an event.

    Raises:
        ValueError: it is no event of openai-chatkit.
    """
    return _EVENT.validate_json(encoded)


def encode_for_client(model: BaseModel) -> bytes:
    """Encode a ChatKit model as JSON for a client, without metadata."""
    return model.model_dump_json(
        by_alias=True, exclude_none=True, context={"exclude_metadata": True}
    ).encode()
