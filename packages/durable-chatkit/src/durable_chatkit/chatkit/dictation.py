"""`input.transcribe`: from a browser's recording to text."""

import base64
import binascii
from typing import Final, Protocol

from chatkit.types import InputTranscribeParams, TranscriptionResult

from durable_chatkit.chatkit.encoding import clean_text
from durable_chatkit.chatkit.limits import MAX_MESSAGE_CHARS
from durable_chatkit.errors import FeatureUnavailableError, FileTooLargeError, UnsupportedFileError
from todochat.contracts.dictation import MAX_AUDIO_BYTES
from todochat.errors import FieldError, InvalidInputError, UnavailableError

MAX_AT_ONCE: Final = 8  # a process; each holds its audio in memory while the model listens
RETRY_AFTER_S: Final = 2.0

# What browsers record, and the name by which OpenAI's API tells a file's format.
EXTENSIONS: Final = {
    "audio/flac": "flac",
    "audio/m4a": "m4a",
    "audio/mp4": "mp4",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/webm": "webm",
    "audio/x-m4a": "m4a",
    "audio/x-wav": "wav",
}


class Transcriber(Protocol):
    """Listens to a recording."""

    async def transcribe(self, audio: bytes, file_name: str, media_type: str) -> str:
        """Return what was said.

        Raises:
            ServiceError: the recording can't be read, or nobody listens.
        """


class Dictation:
    """Answers `input.transcribe`.

    Args:
        transcriber: None if this installation has none.
    """

    def __init__(self, transcriber: Transcriber | None) -> None:
        self._transcriber = transcriber
        self._at_once = 0

    async def transcribe(self, params: InputTranscribeParams) -> TranscriptionResult:
        """Return what was said.

        Raises:
            FeatureUnavailableError: there is nobody to listen.
            UnsupportedFileError, FileTooLargeError, InvalidInputError: the recording is no good.
            UnavailableError: too many people dictate at this moment, or the model is away.
        """
        if self._transcriber is None:
            raise FeatureUnavailableError("Dictation is not set up on this server.")
        kind = params.mime_type.partition(";")[0].strip().lower()
        if kind not in EXTENSIONS:
            raise UnsupportedFileError("This kind of recording is not taken.")
        audio = _decode(params.audio_base64)
        if self._at_once >= MAX_AT_ONCE:
            msg = "Too many people dictate just now. Try again in a moment."
            raise UnavailableError(msg, retry_after_s=RETRY_AFTER_S)
        self._at_once += 1
        try:
            text = await self._transcriber.transcribe(audio, f"speech.{EXTENSIONS[kind]}", kind)
        finally:
            self._at_once -= 1
        return TranscriptionResult(text=clean_text(text)[:MAX_MESSAGE_CHARS])


def _decode(encoded: str) -> bytes:
    pointer = "/params/audio_base64"
    try:
        audio = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        errors = [FieldError(pointer, "is not base64")]
        raise InvalidInputError("The recording is not base64.", errors=errors) from None
    if not audio:
        raise InvalidInputError(
            "The recording is empty.", errors=[FieldError(pointer, "must not be empty")]
        )
    if len(audio) > MAX_AUDIO_BYTES:
        msg = f"Recordings may have {MAX_AUDIO_BYTES // 2**20} MB at most, about two minutes."
        raise FileTooLargeError(msg)
    return audio
