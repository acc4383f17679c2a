"""`input.transcribe`."""

import base64

import pytest

from contract.chat_kit import Chatter
from todochat.testing.model_server import ScriptedModelServer

SOUND = b"\x1aE\xdf\xa3 a little sound"
AUDIO = base64.b64encode(SOUND).decode()


@pytest.mark.parametrize(
    ("mime_type", "media_type"),
    [
        ("audio/webm;codecs=opus", "audio/webm"),
        ("audio/ogg", "audio/ogg"),
        ("audio/mp4", "audio/mp4"),
    ],
)
async def test_recording_is_transcribed_without_a_message(
    ada: Chatter, model: ScriptedModelServer, mime_type: str, media_type: str
) -> None:
    model.hears = "Buy milk, please."

    transcript = await ada.fetch("input.transcribe", audio_base64=AUDIO, mime_type=mime_type)

    assert transcript == {"text": "Buy milk, please."}
    ((_, sent_type, sent),) = model.recordings
    assert (sent_type, sent) == (media_type, SOUND)
    assert (await ada.threads()).data == []


@pytest.mark.parametrize(
    ("audio", "mime_type", "refusal"),
    [
        ("not base64!", "audio/webm", (422, "invalid-input")),
        ("", "audio/webm", (422, "invalid-input")),
        (AUDIO, "text/plain", (422, "unsupported-file")),
    ],
    ids=["not-base64", "empty", "no-audio"],
)
async def test_invalid_recording_is_refused(
    eve: Chatter, model: ScriptedModelServer, audio: str, mime_type: str, refusal: tuple[int, str]
) -> None:
    refused = await eve.refusal("input.transcribe", audio_base64=audio, mime_type=mime_type)

    assert refused == refusal
    assert model.recordings == []
