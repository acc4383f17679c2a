"""Transcribes browser recordings for `input.transcribe`."""

import base64
import binascii
from typing import Final, Protocol

from chatkit.types import InputTranscribeParams, TranscriptionResult

from durable_chatkit.chatkit.encoding import clean_text
from durable_chatkit.chatkit.limits import MAX_MESSAGE_CHARS
from durable_chatkit.errors import FeatureUnavailableError, FileTooLargeError, UnsupportedFileError
from todochat.contracts.dictation import MAX_AUDIO_BYTES
from todochat.errors import FieldError, InvalidInputError, UnavailableError

MAX_CONCURRENT: Final = 8  # per process; each holds its audio in memory during the model call
RETRY_AFTER_S: Final = 2.0

# Media types that browsers record, with the file extension by which OpenAI's API detects the format.
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
    """Converts speech to text."""

    async def transcribe(self, audio: bytes, file_name: str, media_type: str) -> str:
        """Return the text of a recording.

        Raises:
            ServiceError: the recording is unreadable, or the model is unavailable.
        """


class Dictation:
    """Handles `input.transcribe`.

    Args:
        transcriber: None if dictation is off.
    """

    def __init__(self, transcriber: Transcriber | None) -> None:
        self._transcriber = transcriber
        self._active = 0

    @property
    def is_on(self) -> bool:
        """True if there is a transcriber."""
        return self._transcriber is not None

    async def transcribe(self, params: InputTranscribeParams) -> TranscriptionResult:
        """Return the text of a recording.

        Raises:
            FeatureUnavailableError: dictation is off.
            UnsupportedFileError, FileTooLargeError, InvalidInputError: the recording is invalid.
            UnavailableError: too many transcriptions in progress, or the model is unavailable.
        """
        if self._transcriber is None:
            raise FeatureUnavailableError("Dictation is not set up on this server.")
        kind, audio = check_recording(params)
        if self._active >= MAX_CONCURRENT:
            msg = "Too many transcriptions in progress. Try again in a moment."
            raise UnavailableError(msg, retry_after_s=RETRY_AFTER_S)
        self._active += 1
        try:
            text = await self._transcriber.transcribe(audio, f"speech.{EXTENSIONS[kind]}", kind)
        finally:
            self._active -= 1
        return TranscriptionResult(text=clean_text(text)[:MAX_MESSAGE_CHARS])


def check_recording(params: InputTranscribeParams) -> tuple[str, bytes]:
    """Return a recording's media type and its bytes.

    Raises:
        UnsupportedFileError, FileTooLargeError, InvalidInputError: the recording is invalid.
    """
    kind = params.mime_type.partition(";")[0].strip().lower()
    if kind not in EXTENSIONS:
        raise UnsupportedFileError("This recording format is not supported.")
    pointer = "/params/audio_base64"
    try:
        audio = base64.b64decode(params.audio_base64, validate=True)
    except (binascii.Error, ValueError):
        errors = [FieldError(pointer, "is not base64")]
        raise InvalidInputError("The recording is not base64.", errors=errors) from None
    if not audio:
        errors = [FieldError(pointer, "must not be empty")]
        raise InvalidInputError("The recording is empty.", errors=errors)
    if len(audio) > MAX_AUDIO_BYTES:
        limit = MAX_AUDIO_BYTES // 2**20
        msg = f"Recordings can be at most {limit} MB, about two minutes."
        raise FileTooLargeError(msg)
    return kind, audio
