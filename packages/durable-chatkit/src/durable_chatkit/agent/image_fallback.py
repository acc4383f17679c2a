"""A model that is asked again without images if it refuses them.

Nothing tells in advance whether a model behind a compatible server reads images, and one that
doesn't answers 400. A thread with an image in it would then be of no use any more.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final, cast

import openai
import structlog
from agents import Model, ModelResponse, TResponseInputItem
from agents.items import TResponseStreamEvent
from agents.retry import ModelRetryAdvice, ModelRetryAdviceRequest
from typing_extensions import override

NOT_READ: Final = "[This model can't read the image above.]"
# "Bad request" is what servers say; some call it a media type, or a content they can't process.
_REFUSED: Final = frozenset({400, 415, 422})

log = structlog.get_logger(__name__)


class ImageFallbackModel(Model):
    """Wraps a model behind one of OpenAI's APIs; `input` is its second argument, or named."""

    def __init__(self, inner: Model) -> None:
        self.inner = inner

    @override
    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        begun = False
        try:
            async with aclosing(self._stream(args, kwargs)) as events:
                async for event in events:
                    begun = True
                    yield event
        except openai.APIStatusError as error:
            plain = None if begun else _without_images(args, kwargs, error)
            if plain is None:
                raise
        else:
            return
        async with aclosing(self._stream(*plain)) as events:
            async for event in events:
                yield event

    @override
    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        try:
            return await self.inner.get_response(*args, **kwargs)
        except openai.APIStatusError as error:
            plain = _without_images(args, kwargs, error)
            if plain is None:
                raise
        return await self.inner.get_response(*plain[0], **plain[1])

    @override
    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        return self.inner.get_retry_advice(request)

    def _stream(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        stream = self.inner.stream_response(*args, **kwargs)
        return cast("AsyncGenerator[TResponseStreamEvent, None]", stream)


def _without_images(
    args: tuple[Any, ...], kwargs: dict[str, Any], error: openai.APIStatusError
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Return the arguments of a call without its images; None if those weren't the reason."""
    given = args[1] if len(args) > 1 else kwargs["input"]
    if error.status_code not in _REFUSED or isinstance(given, str):
        return None
    plain = [_plain(item) for item in given]
    if plain == given:
        return None
    log.warning("model.refused_images", status=error.status_code)
    if len(args) > 1:
        return (args[0], plain, *args[2:]), kwargs
    return args, {**kwargs, "input": plain}


def _plain(item: TResponseInputItem) -> TResponseInputItem:
    content = cast("Any", item).get("content")
    if not isinstance(content, list):
        return item
    parts = [
        {"type": "input_text", "text": NOT_READ} if part.get("type") == "input_image" else part
        for part in content
    ]
    return cast("TResponseInputItem", {**item, "content": parts})
