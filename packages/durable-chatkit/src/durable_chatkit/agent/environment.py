"""Opens what an adopter's factory may need: the configured model, and calls to other services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from durable_chatkit.agent.factory import AgentEnvironment
from durable_chatkit.agent.model_config import (
    ConfiguredModel,
    open_model,
    set_api_key,
    used_by_sdk,
)
from durable_chatkit.settings import ChatSettings
from todochat.http.client import ServiceClient
from todochat.identity.service_tokens import ServiceTokens

MAX_TOOL_CONNECTIONS: Final = 100  # of the agent's tools to other services


@asynccontextmanager
async def open_environment(
    settings: ChatSettings,
) -> AsyncIterator[tuple[AgentEnvironment, ConfiguredModel]]:
    """Open the parts for building an agent or server; the model becomes the SDK's default."""
    set_api_key(settings)
    connector = aiohttp.TCPConnector(limit=MAX_TOOL_CONNECTIONS)
    async with (
        open_model(settings) as model,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        tokens = ServiceTokens.from_settings(settings, *settings.tool_arrows)
        environment = AgentEnvironment(
            settings=settings,
            model=model.model,
            model_settings=model.settings,
            service_client=lambda url, arrow: ServiceClient(
                url, session, tokens, arrow, max_tries=1
            ),
        )
        with used_by_sdk(settings, model):
            yield environment, model
