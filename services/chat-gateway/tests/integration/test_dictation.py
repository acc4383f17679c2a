"""Body limits of dictation and of other requests."""

import json

import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser

from todochat.contracts.dictation import MAX_AUDIO_BYTES, MAX_DICTATION_BODY_BYTES

SPEECH = "A" * (MAX_AUDIO_BYTES // 3 * 4)


def transcribe(audio: str) -> bytes:
    params = {"audio_base64": audio, "mime_type": "audio/webm"}
    return json.dumps({"type": "input.transcribe", "params": params}).encode()


async def status_of(ann: Browser, body: bytes) -> int:
    async with ann.request("POST", "", body=body) as response:
        await response.read()
        return response.status


async def test_long_dictation_is_accepted(agent: FakeAgent, ann: Browser) -> None:
    agent.responses.append((200, {"text": "add milk"}, {}))
    body = transcribe(SPEECH[:900_000])

    status, response = await ann.fetch_json("POST", "", body=body)

    assert (status, response) == (200, {"text": "add milk"})
    assert agent.received[0].body == body


@pytest.mark.parametrize(
    "body",
    [
        transcribe("A" * MAX_DICTATION_BODY_BYTES)[:900_000] + b" " * 100,
        json.dumps({"type": "threads.create", "params": {"x": SPEECH[:900_000]}}).encode(),
        json.dumps(
            {
                "type": "threads.create",
                "params": {"type": "input.transcribe", "x": SPEECH[:900_000]},
            }
        ).encode(),
        json.dumps({"params": {"x": SPEECH[:900_000]}, "type": "input.transcribe"}).encode(),
    ],
    ids=["malformed", "other", "pretending", "type-last"],
)
async def test_long_body_that_is_no_dictation_returns_413(
    agent: FakeAgent, ann: Browser, body: bytes
) -> None:
    assert await status_of(ann, body) == 413
    assert agent.received == []
