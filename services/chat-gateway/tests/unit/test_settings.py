"""Lists in the gateway's settings."""

import pytest

from chat_gateway.settings import ChatGatewaySettings, StartPrompt
from todochat.settings import SettingsError


def load(**variables: str) -> ChatGatewaySettings:
    return ChatGatewaySettings.load({"REDIS_URL": "redis://127.0.0.1:1", **variables})


def test_agents_are_read_by_name() -> None:
    settings = load(CHAT_GATEWAY_AGENTS="tea=http://tea:8003, coffee-2=https://coffee")

    assert settings.agent_urls == {"tea": "http://tea:8003", "coffee-2": "https://coffee"}


@pytest.mark.parametrize("entry", ["tea", "tea=", "=http://tea", "Tea=http://tea", "a/b=http://x"])
def test_malformed_agent_is_refused(entry: str) -> None:
    with pytest.raises(SettingsError, match=r"^setting CHAT_GATEWAY_AGENTS: "):
        _ = load(CHAT_GATEWAY_AGENTS=entry).agent_urls


def test_prompts_are_read_with_a_default_icon() -> None:
    settings = load(ASSISTANT_PROMPTS='[{"label":"Tea","prompt":"a pot of tea"}]')

    assert settings.start_prompts == [StartPrompt("Tea", "a pot of tea", "sparkle")]
    assert load().start_prompts is None


@pytest.mark.parametrize(
    "value",
    [
        "tea",
        "{}",
        '[{"label":"Tea"}]',
        '[{"label":"","prompt":"x"}]',
        '[{"label":"Tea","prompt":"x","icon":"<svg>"}]',
        '[{"label":"Tea","prompt":"x","href":"x"}]',
        "[" + ",".join(['{"label":"Tea","prompt":"x"}'] * 13) + "]",
    ],
)
def test_malformed_prompts_are_refused(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^setting ASSISTANT_PROMPTS: "):
        _ = load(ASSISTANT_PROMPTS=value).start_prompts
