"""Retries a model call without images if the model rejects them.

A compatible server doesn't declare whether its model reads images; a model that doesn't responds
with 400. Without the retry, every later call in a thread with an image would fail.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final, cast

import openai
import structlog
from agents import Model, ModelResponse
from agents.items import TResponseStreamEvent
from agents.retry import ModelRetryAdvice, ModelRetryAdviceRequest
from typing_extensions import override

from model_client.errors import ModelServerError

NOT_READ: Final = "[This model can't read the image above.]"
# Most servers respond with "bad request", some with "unsupported media type" or "unprocessable".
_REFUSED: Final = frozenset({400, 415, 422})
_ERRORS: Final = (ModelServerError, openai.APIStatusError)

log = structlog.get_logger(__name__)


class ImageFallbackModel(Model):
    """Wraps a model behind one of OpenAI's APIs, whose second argument is `input`."""

    def __init__(self, inner: Model) -> None:
        self.inner = inner
        self.merges_deltas = getattr(inner, "merges_deltas", False)

    @override
    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        has_started = False
        try:
            async with aclosing(self._stream(args, kwargs)) as events:
                async for event in events:
                    has_started = True
                    yield event
        except _ERRORS as error:
            arguments = None if has_started else _without_images(args, kwargs, error)
            if arguments is None:
                raise
        else:
            return
        async with aclosing(self._stream(*arguments)) as events:
            async for event in events:
                yield event

    @override
    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        try:
            return await self.inner.get_response(*args, **kwargs)
        except _ERRORS as error:
            arguments = _without_images(args, kwargs, error)
            if arguments is None:
                raise
        return await self.inner.get_response(*arguments[0], **arguments[1])

    @override
    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        return self.inner.get_retry_advice(request)

    def _stream(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        stream = self.inner.stream_response(*args, **kwargs)
        return cast("AsyncGenerator[TResponseStreamEvent, None]", stream)


def _without_images(
    args: tuple[Any, ...], kwargs: dict[str, Any], error: ModelServerError | openai.APIStatusError
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Return a call's arguments without images, None if images didn't cause the error."""
    given = args[1] if len(args) > 1 else kwargs["input"]
    status = error.status if isinstance(error, ModelServerError) else error.status_code
    if status not in _REFUSED or isinstance(given, str):
        return None
    note = {"type": "input_text", "text": NOT_READ}
    plain = []
    for item in given:
        content = item.get("content")
        if isinstance(content, list):
            parts = [note if part.get("type") == "input_image" else part for part in content]
            plain.append({**item, "content": parts})
        else:
            plain.append(item)
    if plain == given:
        return None
    log.warning("model.refused_images", status=status)
    if len(args) > 1:
        return (args[0], plain, *args[2:]), kwargs
    return args, {**kwargs, "input": plain}
