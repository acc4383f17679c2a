"""Titles, the factory, the model's configuration, the event queue."""

import asyncio
from typing import Any

import msgspec
import openai
import pytest
from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel
from chatkit.agents import _AsyncQueueIterator
from chatkit.types import InferenceOptions, ProgressUpdateEvent, UserMessageItem
from chatkit.types import UserMessageTextContent as Text
from run_kit import MakeContext

from durable_chatkit.agent.assistant import MAX_TITLE_CHARS, title_of
from durable_chatkit.agent.factory import AgentEnvironment, load_assistant
from durable_chatkit.agent.image_fallback import ImageFallbackModel
from durable_chatkit.agent.model_config import open_model
from offline_assistant.model import OfflineModel
from todo_agent.settings import TodoAgentSettings
from todochat.clock import utc_now
from todochat.settings import SettingsError

SETTINGS = TodoAgentSettings(redis_url="r", database_url="d", jobs_database_url="j")


def message(text: str) -> UserMessageItem:
    return UserMessageItem(
        id="msg_1",
        thread_id="thr_1",
        created_at=utc_now(),
        content=[Text(text=text)],
        inference_options=InferenceOptions(),
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("add buy milk", "Add buy milk"),
        ("  two\n lines ", "Two lines"),
        ("# **plan**", "Plan"),
        ("über", "Über"),
        ("", None),
        (" \n ", None),
        ("***", None),
        ("x" * 200, "X" + "x" * (MAX_TITLE_CHARS - 2) + "…"),
    ],
)
def test_a_title_is_the_beginning_of_the_message(text: str, title: str | None) -> None:
    assert title_of(message(text)) == title


def test_a_long_title_is_cut_at_a_word() -> None:
    title = title_of(message("remind me to call the plumber about the kitchen sink, and soon"))

    assert title == "Remind me to call the plumber about the kitchen sink, and…"


async def test_with_neither_key_nor_url_the_offline_assistant_answers() -> None:
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
async def test_the_settings_choose_the_model(changes: dict[str, str], kind: type) -> None:
    settings = msgspec.structs.replace(SETTINGS, **changes)

    async with open_model(settings) as configured:
        assert isinstance(configured.model, ImageFallbackModel)
        assert isinstance(configured.model.inner, kind)
        client: openai.AsyncOpenAI = configured.model.inner._client  # type: ignore[attr-defined]

    assert client.is_closed()


async def test_a_server_needs_a_models_name() -> None:
    settings = msgspec.structs.replace(SETTINGS, openai_base_url="http://h/v1")

    with pytest.raises(SettingsError, match="TODO_AGENT_MODEL"):
        async with open_model(settings):
            pass


def plain_agent(_environment: AgentEnvironment) -> Agent[Any]:
    return Agent(name="Plain")


def agent_with_handoff(_environment: AgentEnvironment) -> Agent[Any]:
    return Agent(name="Front", handoffs=[Agent(name="Back")])


def agent_with_model_name(_environment: AgentEnvironment) -> Agent[Any]:
    return Agent(name="Named", model="gpt-x")


def no_agent(_environment: AgentEnvironment) -> str:
    return "an agent"


def test_an_adopters_agent_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    environment: Any = None
    with monkeypatch.context() as patch:
        _register(patch)

        assert load_assistant("adopter:plain_agent", environment).agent.name == "Plain"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("nowhere:create", "no function"),
        ("adopter:missing", "no function"),
        ("adopter:no_agent", "neither an agents.Agent nor an Assistant"),
        ("adopter:agent_with_handoff", "handoffs"),
        ("adopter:agent_with_model_name", "sets the model by name"),
    ],
)
def test_an_agent_that_cannot_be_run_stops_the_start(
    spec: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment: Any = None
    _register(monkeypatch)

    with pytest.raises(SettingsError, match=reason):
        load_assistant(spec, environment)


def _register(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys  # noqa: PLC0415 - used here only
    from types import ModuleType  # noqa: PLC0415 - used here only

    module = ModuleType("adopter")
    for function in (plain_agent, agent_with_handoff, agent_with_model_name, no_agent):
        setattr(module, function.__name__, function)
    monkeypatch.setitem(sys.modules, "adopter", module)


async def test_the_queue_is_the_one_that_openai_chatkit_reads(make_context: MakeContext) -> None:
    """`AgentContext._events` is private to openai-chatkit: fails when that changes."""
    context = make_context()
    reader: Any = _AsyncQueueIterator(context._events)

    await context.stream(ProgressUpdateEvent(text="hello"))

    assert (await anext(reader)).event.text == "hello"


async def test_closing_the_context_lets_a_waiting_reader_go(make_context: MakeContext) -> None:
    context = make_context()
    reader = asyncio.ensure_future(context._events.get())
    await asyncio.sleep(0)

    context.close()

    await asyncio.wait([reader], timeout=1)
    assert reader.cancelled()
