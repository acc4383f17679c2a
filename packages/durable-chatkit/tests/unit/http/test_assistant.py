"""Who answers, as chat-gateway asks."""

import pytest
from api_kit import Gateway, OpenGateway

OFFLINE = {"offline": True, "dictation": False}
MODEL = {"OPENAI_API_KEY": "sk-1"}


async def test_without_a_model_it_is_the_offline_assistant(gateway: Gateway) -> None:
    assert (await gateway.get("/internal/assistant", "usr_ann")).json() == OFFLINE


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (MODEL, {"offline": False, "dictation": False}),
        (
            {**MODEL, "TODO_AGENT_TRANSCRIPTION_MODEL": "whisper-1"},
            {"offline": False, "dictation": True},
        ),
        ({"TODO_AGENT_FACTORY": "tea:house"}, {"offline": False, "dictation": False}),
    ],
)
async def test_a_model_or_an_agent_of_ones_own_is_not(
    open_gateway: OpenGateway, variables: dict[str, str], expected: dict[str, bool]
) -> None:
    gateway = await open_gateway(**variables)

    assert (await gateway.get("/internal/assistant", "usr_ann")).json() == expected


async def test_only_chat_gateway_may_ask(gateway: Gateway) -> None:
    assert (await gateway.client.get("/internal/assistant")).status_code == 401
