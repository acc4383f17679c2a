"""`input.transcribe`, on a server that has no model for speech."""

import base64

import pytest

from contract.chat_kit import Chatter

AUDIO = base64.b64encode(b"\x1aE\xdf\xa3 a little sound").decode()


@pytest.mark.parametrize("mime_type", ["audio/webm;codecs=opus", "audio/ogg", "audio/mp4"])
async def test_dictation_that_isnt_set_up_says_so(eve: Chatter, mime_type: str) -> None:
    refused = await eve.refusal("input.transcribe", audio_base64=AUDIO, mime_type=mime_type)

    assert refused == (422, "feature-unavailable")
