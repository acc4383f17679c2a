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
        with_usage = ModelSettings(include_usage=True).resolve  # an agent's own setting wins
        args, kwargs = _change(args, kwargs, _SETTINGS_INDEX, "model_settings", with_usage)
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


def _with_texts(model_input: str | list[Any]) -> str | list[Any]:
    """Return model input with an assistant's messages as text in place of output parts.

    openai-chatkit makes such messages of a thread's answers, and the SDK's Chat Completions model
    accepts them only with the ID of a response's message.
    """
    if isinstance(model_input, str):
        return model_input
    changed: list[Any] = []
    for item in model_input:
        is_message = isinstance(item, Mapping) and item.get("role") == "assistant"
        parts = item.get("content") if is_message and "id" not in item else None
        if isinstance(parts, list) and all(part.get("type") == "output_text" for part in parts):
            changed.append({**item, "content": "".join(part["text"] for part in parts)})
        else:
            changed.append(item)
    return changed
