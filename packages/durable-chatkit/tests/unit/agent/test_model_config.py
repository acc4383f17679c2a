"""The settings select the model and its API."""

import msgspec
import openai
import pytest
from agents import OpenAIChatCompletionsModel, OpenAIResponsesModel

from durable_chatkit.agent.image_fallback import ImageFallbackModel
from durable_chatkit.agent.model_config import open_model
from offline_assistant.model import OfflineModel
from todo_agent.settings import TodoAgentSettings
from todochat.settings import SettingsError

SETTINGS = TodoAgentSettings(redis_url="r", database_url="d", jobs_database_url="j")


async def test_offline_assistant_is_used_without_key_and_url() -> None:
    async with open_model(SETTINGS) as configured:
        assert isinstance(configured.model, OfflineModel)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"openai_api_key": "k"}, OpenAIResponsesModel),
        ({"openai_api_key": "k", "api": "chat_completions"}, OpenAIChatCompletionsModel),
        ({"openai_base_url": "http://h/v1", "model": "m"}, OpenAIChatCompletionsModel),
        (
            {"openai_base_url": "http://h/v1", "model": "m", "api": "responses"},
            OpenAIResponsesModel,
        ),
    ],
)
async def test_settings_select_the_model(changes: dict[str, str], kind: type) -> None:
    settings = msgspec.structs.replace(SETTINGS, **changes)

    async with open_model(settings) as configured:
        assert isinstance(configured.model, ImageFallbackModel)
        assert isinstance(configured.model.inner, kind)
        client: openai.AsyncOpenAI = configured.model.inner._client  # type: ignore[attr-defined]

    assert client.is_closed()


async def test_base_url_requires_a_model_name() -> None:
    settings = msgspec.structs.replace(SETTINGS, openai_base_url="http://h/v1")

    with pytest.raises(SettingsError, match="TODO_AGENT_MODEL"):
        async with open_model(settings):
            pass
