"""Speech to text through OpenAI or a server with a compatible `/audio/transcriptions`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx2
import openai
import structlog

from durable_chatkit.errors import TranscriptionFailedError, UnsupportedFileError
from durable_chatkit.settings import MODEL_CONNECT_TIMEOUT_S, ChatSettings
from todochat.contracts.dictation import TRANSCRIPTION_TIMEOUT_S

MAX_RETRIES: Final = 1
_UNREADABLE: Final = frozenset({400, 415, 422})

log = structlog.get_logger(__name__)


class OpenAITranscriber:
    """Transcribes recordings with one model."""

    def __init__(self, client: openai.AsyncOpenAI, model: str) -> None:
        self._client = client
        self._model = model

    async def transcribe(self, audio: bytes, file_name: str, media_type: str) -> str:
        """Return the text of a recording.

        Raises:
            UnsupportedFileError: the model rejects the recording.
            TranscriptionFailedError: the model is unreachable or took longer than 30 s.
        """
        try:
            async with asyncio.timeout(TRANSCRIPTION_TIMEOUT_S):
                transcription = await self._client.audio.transcriptions.create(
                    file=(file_name, audio, media_type), model=self._model
                )
        except openai.APIStatusError as error:
            log.warning("transcription.refused", status=error.status_code)
            if error.status_code in _UNREADABLE:
                raise UnsupportedFileError("The recording can't be read.") from error
            raise TranscriptionFailedError from error
        except (openai.OpenAIError, TimeoutError) as error:
            log.warning("transcription.failed", error=error)
            raise TranscriptionFailedError from error
        return transcription.text


@asynccontextmanager
async def open_transcriber(settings: ChatSettings) -> AsyncIterator[OpenAITranscriber]:
    """Open a transcriber for the configured model, and close its HTTP client at the end."""
    client = openai.AsyncOpenAI(
        api_key=settings.model_server_key,
        base_url=settings.model_server_url,
        timeout=httpx2.Timeout(TRANSCRIPTION_TIMEOUT_S, connect=MODEL_CONNECT_TIMEOUT_S),
        max_retries=MAX_RETRIES,
    )
    try:
        yield OpenAITranscriber(client, settings.transcription_model)
    finally:
        await client.close()
