"""The model of servers with the Chat Completions API, for any agent's settings and input."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, Final, cast

from agents import ModelResponse, ModelSettings, OpenAIChatCompletionsModel
from agents.items import TResponseStreamEvent
from typing_extensions import override

_INPUT_INDEX: Final = 1  # in the arguments of a model call
_SETTINGS_INDEX: Final = 2


class CompatibleChatModel(OpenAIChatCompletionsModel):
    """Accepts what openai-chatkit's converter makes of a thread, and reports usage.

    Compatible servers report the usage of streamed answers only on request; an agent may opt out.
    """

    @override
    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        args, kwargs = _change(args, kwargs, _INPUT_INDEX, "input", _with_texts)
        args, kwargs = _change(args, kwargs, _SETTINGS_INDEX, "model_settings", _with_usage)
        stream = super().stream_response(*args, **kwargs)
        async with aclosing(cast("AsyncGenerator[TResponseStreamEvent, None]", stream)) as events:
            async for event in events:
                yield event

    @override
    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        args, kwargs = _change(args, kwargs, _INPUT_INDEX, "input", _with_texts)
        return await super().get_response(*args, **kwargs)


def _change(
    args: tuple[Any, ...], kwargs: dict[str, Any], index: int, name: str, change: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call with one of them changed."""
    if len(args) > index:
        return (*args[:index], change(args[index]), *args[index + 1 :]), kwargs
    return args, {**kwargs, name: change(kwargs[name])}


def _with_usage(settings: ModelSettings) -> ModelSettings:
    if settings.include_usage is not None:
        return settings
    return settings.resolve(ModelSettings(include_usage=True))


def _with_texts(model_input: str | list[Any]) -> str | list[Any]:
    return model_input if isinstance(model_input, str) else [_with_text(i) for i in model_input]


def _with_text(item: Any) -> Any:
    """Return an assistant's message with its text in place of output parts.

    openai-chatkit makes such messages of a thread's answers, and the SDK's Chat Completions model
    accepts them only with the ID of a response's message.
    """
    if not isinstance(item, Mapping) or item.get("role") != "assistant" or "id" in item:
        return item
    parts = item.get("content")
    if not isinstance(parts, list) or any(part.get("type") != "output_text" for part in parts):
        return item
    return {**item, "content": "".join(part["text"] for part in parts)}
