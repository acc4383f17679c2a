"""Opens the configured model: OpenAI, an OpenAI-compatible server, or the offline assistant."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib import import_module
from os import environ  # noqa: TID251 - the SDKs read their key and default model from there
from typing import Final, Literal

import httpx2
import msgspec
from agents import (
    Model,
    ModelSettings,
    OpenAIResponsesModel,
    set_default_openai_api,
    set_default_openai_client,
)
from agents.models import get_default_model, get_default_model_settings
from openai import AsyncOpenAI, DefaultAioHttpClient

from durable_chatkit.agent.chat_completions import CompatibleChatModel
from durable_chatkit.agent.image_fallback import ImageFallbackModel
from durable_chatkit.settings import MODEL_CONNECT_TIMEOUT_S, ChatSettings
from model_client.chat_completions import ChatCompletionsModel
from model_client.responses import ResponsesModel
from model_client.transport import ModelServer, StreamServer, Timeouts
from todochat.settings import SettingsError

OFFLINE: Final = "offline"
_DEFAULT_MODEL: Final = "OPENAI_DEFAULT_MODEL"
_OPENAI_PREFIX: Final = "openai/"


class ConfiguredModel(msgspec.Struct, frozen=True):
    """A model with settings that suit it.

    Args:
        open_other: returns the model of another name at the same server; the offline assistant
            answers for every name.
        name: the provider's name of the model.
        is_free: whether its answers have no cost and are not measured.
        client: the `openai` package's client of its server, if there is one.
    """

    model: Model
    settings: ModelSettings
    open_other: Callable[[str], Model]
    name: str = ""
    is_free: bool = False
    client: AsyncOpenAI | None = None


def check_model_settings(settings: ChatSettings) -> None:
    """Check that the settings identify a model.

    Raises:
        SettingsError: there is a base URL but no model name, or neither a key nor a base URL in a
            service without an offline model.
    """
    if not (settings.has_model_server or settings.offline_model):
        msg = "setting OPENAI_API_KEY or OPENAI_BASE_URL is required"
        raise SettingsError(msg)
    if settings.openai_base_url and not settings.model:
        msg = "setting TODO_AGENT_MODEL is required with OPENAI_BASE_URL"
        raise SettingsError(msg)


@asynccontextmanager
async def open_model(
    settings: ChatSettings,
    *,
    server: StreamServer | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> AsyncIterator[ConfiguredModel]:
    """Open the configured model, and close its connections at the end.

    Args:
        server: replaces the network of our own client.
        transport: replaces the network of the `openai` package.
    """
    if not settings.has_model_server:
        check_model_settings(settings)
        # Imported only here, because it may be slow to load and most installations don't use it.
        module_name, _, class_name = (settings.offline_model or "").partition(":")
        offline: Model = getattr(import_module(module_name), class_name)()
        yield ConfiguredModel(offline, ModelSettings(), lambda _: offline, OFFLINE, is_free=True)
        return
    check_model_settings(settings)
    name = settings.model or get_default_model()
    # aiohttp's transport takes less than half of the default transport's CPU time per event.
    http = DefaultAioHttpClient() if transport is None else httpx2.AsyncClient(transport=transport)
    client = AsyncOpenAI(
        api_key=settings.model_server_key,
        base_url=settings.model_server_url,
        timeout=httpx2.Timeout(settings.model_timeout_s, connect=MODEL_CONNECT_TIMEOUT_S),
        max_retries=settings.model_retries,
        http_client=http,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(client.close)
        if server is None:
            server = await stack.enter_async_context(open_server(settings, client))

        uses_responses = select_api(settings) == "responses"

        def open_named(name: str) -> Model:
            if not settings.openai_base_url:
                name = name.removeprefix(_OPENAI_PREFIX)  # of names that any provider understands
            model: Model
            if settings.model_client == "native":
                own_class = ResponsesModel if uses_responses else ChatCompletionsModel
                model = own_class(name, server, window_s=settings.stream_window_ms / 1000)
            else:
                sdk_class = OpenAIResponsesModel if uses_responses else CompatibleChatModel
                model = sdk_class(model=name, openai_client=client)
            return ImageFallbackModel(model)

        model_settings = get_default_model_settings(name)
        yield ConfiguredModel(open_named(name), model_settings, open_named, name, client=client)


def set_api_key(settings: ChatSettings) -> None:
    """Set the key that the SDKs read, unless the environment has one, before an import needs it.

    Exported code creates clients at import (`AsyncOpenAI()`), which raises without a key, although a
    local server and the offline assistant need none.
    """
    environ.setdefault("OPENAI_API_KEY", settings.model_server_key)


@contextmanager
def used_by_sdk(settings: ChatSettings, configured: ConfiguredModel) -> Iterator[None]:
    """Make the configured model the SDK's default, for agents that name none and for their settings.

    The SDK reads the name, and the settings that suit it, when an agent is created.
    """
    before = environ.get(_DEFAULT_MODEL)
    if configured.client is not None:
        environ[_DEFAULT_MODEL] = configured.name
        set_default_openai_client(configured.client, use_for_tracing=False)
        set_default_openai_api(select_api(settings))
    try:
        yield
    finally:
        if before is None:
            environ.pop(_DEFAULT_MODEL, None)
        else:
            environ[_DEFAULT_MODEL] = before


def select_api(settings: ChatSettings) -> Literal["responses", "chat_completions"]:
    """Return the API of the configured model server."""
    # Nearly every compatible server supports Chat Completions; OpenAI supports both APIs.
    return settings.api or ("chat_completions" if settings.openai_base_url else "responses")


def open_server(settings: ChatSettings, client: AsyncOpenAI | None = None) -> ModelServer:
    """Return the configured model server; `async with` opens it.

    Args:
        client: has the account's organization and project, which it reads from the environment.
    """
    account = (
        {"OpenAI-Organization": client.organization, "OpenAI-Project": client.project}
        if client is not None
        else {}
    )
    return ModelServer(
        settings.model_server_url,
        settings.openai_api_key,
        timeouts=Timeouts(
            connect_s=MODEL_CONNECT_TIMEOUT_S,
            first_byte_s=settings.model_timeout_s,
            idle_s=settings.model_timeout_s,
        ),
        max_retries=settings.model_retries,
        headers={name: value for name, value in account.items() if value},
    )
