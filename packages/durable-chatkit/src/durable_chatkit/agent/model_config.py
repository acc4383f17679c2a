"""Which model answers: OpenAI, an OpenAI-compatible server, or the offline assistant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Final

import httpx2
import msgspec
from agents import Model, ModelSettings, OpenAIChatCompletionsModel, OpenAIResponsesModel
from agents.models import get_default_model, get_default_model_settings
from openai import AsyncOpenAI, DefaultAioHttpClient

from durable_chatkit.agent.image_fallback import ImageFallbackModel
from durable_chatkit.agent.model_client import DeltaClient
from durable_chatkit.settings import ChatSettings
from todochat.settings import SettingsError

OPENAI_URL: Final = "https://api.openai.com/v1"
CONNECT_TIMEOUT_S: Final = 5.0
OFFLINE: Final = "offline"
NO_KEY: Final = "none"  # local servers want no key, the client insists on one


class ConfiguredModel(msgspec.Struct, frozen=True):
    """A model and the settings that suit it.

    Args:
        name: what its provider calls it.
        is_free: its answers aren't counted.
    """

    model: Model
    settings: ModelSettings
    name: str = ""
    is_free: bool = False


def check_model_settings(settings: ChatSettings) -> None:
    """Refuse settings that name a server but no model, or neither where no model is built in.

    Raises:
        SettingsError: see above.
    """
    if not (settings.openai_api_key or settings.openai_base_url or settings.offline_model):
        msg = "setting OPENAI_API_KEY or OPENAI_BASE_URL is required"
        raise SettingsError(msg)
    if settings.openai_base_url and not settings.model:
        msg = "setting TODO_AGENT_MODEL is required with OPENAI_BASE_URL"
        raise SettingsError(msg)


@asynccontextmanager
async def open_model(
    settings: ChatSettings, *, transport: httpx2.AsyncBaseTransport | None = None
) -> AsyncIterator[ConfiguredModel]:
    """Open the configured model; its HTTP client is closed at the end.

    Args:
        transport: answers instead of the network.
    """
    if not settings.openai_api_key and not settings.openai_base_url:
        yield ConfiguredModel(_offline_model(settings), ModelSettings(), OFFLINE, is_free=True)
        return
    check_model_settings(settings)
    name = settings.model or get_default_model()
    # aiohttp's transport costs less than half of the default one's CPU per event.
    http = DefaultAioHttpClient() if transport is None else httpx2.AsyncClient(transport=transport)
    client = DeltaClient(
        api_key=settings.openai_api_key or NO_KEY,
        base_url=settings.openai_base_url or OPENAI_URL,
        timeout=httpx2.Timeout(settings.model_timeout_s, connect=CONNECT_TIMEOUT_S),
        max_retries=settings.model_retries,
        http_client=http,
    )
    try:
        # Compatible servers count tokens of a stream only if asked to.
        model_settings = get_default_model_settings(name).resolve(ModelSettings(include_usage=True))
        yield ConfiguredModel(_model(settings, name, client), model_settings, name)
    finally:
        await client.close()


def _offline_model(settings: ChatSettings) -> Model:
    # Imported only here: it may be slow to load, and most installations have another model.
    check_model_settings(settings)
    module_name, _, class_name = (settings.offline_model or "").partition(":")
    model: Model = getattr(import_module(module_name), class_name)()
    return model


def _model(settings: ChatSettings, name: str, client: AsyncOpenAI) -> Model:
    return ImageFallbackModel(_bare_model(settings, name, client))


def _bare_model(settings: ChatSettings, name: str, client: AsyncOpenAI) -> Model:
    # Chat Completions is what nearly every compatible server has; OpenAI itself has both.
    default = "chat_completions" if settings.openai_base_url else "responses"
    if (settings.api or default) == "responses":
        return OpenAIResponsesModel(model=name, openai_client=client)
    return OpenAIChatCompletionsModel(model=name, openai_client=client)
