"""`GET /internal/assistant`."""

import pytest
from api_kit import Gateway, OpenGateway

OFFLINE = {"offline": True, "dictation": False}
MODEL = {"OPENAI_API_KEY": "sk-1"}


async def test_offline_assistant_is_reported_without_a_model(gateway: Gateway) -> None:
    assert (await gateway.get("/internal/assistant", "usr_ann")).json() == OFFLINE


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (MODEL, {"offline": False, "dictation": False}),
        (
            {**MODEL, "TODO_AGENT_TRANSCRIPTION_MODEL": "whisper-1"},
            {"offline": False, "dictation": True},
        ),
        ({"TODO_AGENT_FACTORY": "stalling_agent:create"}, {"offline": False, "dictation": False}),
    ],
)
async def test_configured_model_or_custom_agent_is_not_offline(
    open_gateway: OpenGateway, variables: dict[str, str], expected: dict[str, bool]
) -> None:
    gateway = await open_gateway(**variables)

    assert (await gateway.get("/internal/assistant", "usr_ann")).json() == expected


async def test_assistant_route_rejects_other_callers(gateway: Gateway) -> None:
    assert (await gateway.client.get("/internal/assistant")).status_code == 401
