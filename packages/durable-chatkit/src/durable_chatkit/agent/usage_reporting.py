"""Requests the usage of streamed answers, which compatible servers report only on request."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final, cast

from agents import ModelSettings, OpenAIChatCompletionsModel
from agents.items import TResponseStreamEvent
from typing_extensions import override

_SETTINGS_INDEX: Final = 2  # of `model_settings` in the arguments of a model call


class UsageReportingChatModel(OpenAIChatCompletionsModel):
    """Requests usage for every agent, whatever its model settings; an agent may opt out."""

    @override
    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        args, kwargs = _with_usage(args, kwargs)
        stream = super().stream_response(*args, **kwargs)
        async with aclosing(cast("AsyncGenerator[TResponseStreamEvent, None]", stream)) as events:
            async for event in events:
                yield event


def _with_usage(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    is_positional = len(args) > _SETTINGS_INDEX
    settings: ModelSettings = args[_SETTINGS_INDEX] if is_positional else kwargs["model_settings"]
    if settings.include_usage is not None:
        return args, kwargs
    changed = settings.resolve(ModelSettings(include_usage=True))
    if is_positional:
        return (*args[:_SETTINGS_INDEX], changed, *args[_SETTINGS_INDEX + 1 :]), kwargs
    return args, {**kwargs, "model_settings": changed}
