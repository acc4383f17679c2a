"""The settings select the model and its API."""

import msgspec
import openai
import pytest
from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner

from durable_chatkit.agent.image_fallback import ImageFallbackModel
from durable_chatkit.agent.model_config import open_model
from model_client.chat_completions import ChatCompletionsModel
from model_client.responses import ResponsesModel
from offline_assistant.model import OfflineModel
from todo_agent.settings import TodoAgentSettings
from todochat.settings import SettingsError
from todochat.testing.model_server import Say, ScriptedModelServer

SETTINGS = TodoAgentSettings(redis_url="r", database_url="d", jobs_database_url="j")


async def test_offline_assistant_is_used_without_key_and_url() -> None:
    async with open_model(SETTINGS) as configured:
        assert isinstance(configured.model, OfflineModel)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"openai_api_key": "k"}, ResponsesModel),
        ({"openai_api_key": "k", "model_client": "openai"}, OpenAIResponsesModel),
        ({"openai_api_key": "k", "api": "chat_completions"}, ChatCompletionsModel),
        ({"openai_base_url": "http://h/v1", "model": "m"}, ChatCompletionsModel),
        (
            {"openai_base_url": "http://h/v1", "model": "m", "model_client": "openai"},
            OpenAIChatCompletionsModel,
        ),
        (
            {"openai_base_url": "http://h/v1", "model": "m", "api": "responses"},
            ResponsesModel,
        ),
    ],
)
async def test_settings_select_the_model(changes: dict[str, str], kind: type) -> None:
    settings = msgspec.structs.replace(SETTINGS, **changes)

    async with open_model(settings) as configured:
        assert isinstance(configured.model, ImageFallbackModel)
        assert isinstance(configured.model.inner, kind)
        assert configured.client is not None
        client: openai.AsyncOpenAI = configured.client

    assert client.is_closed()


async def test_account_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_1")
    async with ScriptedModelServer() as server:
        server.answer(Say("Hello."))
        settings = msgspec.structs.replace(
            SETTINGS, openai_api_key="k", openai_base_url=server.url, model="m", api="responses"
        )

        async with open_model(settings) as configured:
            await Runner.run(Agent(name="A", model=configured.model), "hi")

    headers = server.requests[0].headers
    assert headers["OpenAI-Project"] == "proj_1"
    assert headers["Authorization"] == "Bearer k"


async def test_base_url_requires_a_model_name() -> None:
    settings = msgspec.structs.replace(SETTINGS, openai_base_url="http://h/v1")

    with pytest.raises(SettingsError, match="TODO_AGENT_MODEL"):
        async with open_model(settings):
            pass
