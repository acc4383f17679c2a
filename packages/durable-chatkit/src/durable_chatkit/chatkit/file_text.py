"""Reads the text of uploaded PDFs, and of texts in other encodings than UTF-8.

Each file is read once, at its upload, by a process of its own with limits of memory and time
(`text_process.py`); the event loop only waits for it. The text is stored beside the file.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from typing import Final

import msgspec

from durable_chatkit.chatkit.encoding import clean_text
from durable_chatkit.chatkit.file_types import (
    PDF_TYPE,
    advice_for,
    detect_type,
    text_type,
    unsupported_type,
)
from durable_chatkit.errors import FileReadersBusyError, UnsupportedFileError

MAX_TEXT_CHARS: Final = 16_000  # the model gets of one file; about 4,000 tokens
MAX_READERS: Final = 2  # processes at a time
MAX_WAIT_S: Final = 20.0  # for one of them
TIMEOUT_S: Final = 15.0  # of one of them
CHILD: Final = "durable_chatkit.chatkit.text_process"

REASONS: Final = {
    "encrypted": "This PDF is protected by a password. Save a copy without the password.",
    "no-text": "This PDF contains no text, only images. Attach its pages as JPEG or PNG.",
    "malformed": "This PDF is damaged and can't be read. Save it again as PDF or plain text.",
    "too-complex": "This file is too complex to read. Save its text as a text file.",
    "svg": "SVG images are not supported. Convert it to JPEG or PNG.",
}


class FileReading(msgspec.Struct, frozen=True):
    """A file's media type, and its text unless that is the content in UTF-8.

    `text` has at most MAX_TEXT_CHARS + 1 characters: one more tells that the file is longer.
    """

    media_type: str
    text: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    """The answer of the process."""

    text: str | None = None
    error: str = ""


class FileReader:
    """Detects types of uploads and reads their texts, MAX_READERS at a time.

    Args:
        timeout_s: for reading one file.
    """

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(MAX_READERS)

    async def read(self, content: bytes, name: str, declared_type: str) -> FileReading:
        """Return a file's type and text; see `detect_type`.

        Raises:
            UnsupportedFileError: the type isn't supported, or the file has no readable text.
            FileReadersBusyError: no process was free for MAX_WAIT_S.
        """
        kind = detect_type(content, name, declared_type)
        if kind is not None and kind != PDF_TYPE:
            return FileReading(kind)
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                await self._slots.acquire()
        except TimeoutError as error:
            raise FileReadersBusyError from error
        try:
            answer = await _run_process("pdf" if kind else "text", content, self._timeout_s)
        finally:
            self._slots.release()
        if answer.text is None:
            if answer.error in REASONS:
                raise UnsupportedFileError(REASONS[answer.error])
            raise unsupported_type(advice_for(name))
        return FileReading(kind or text_type(name, declared_type), clean_text(answer.text))


async def _run_process(kind: str, content: bytes, timeout_s: float) -> _Answer:
    """Run the process on one file; a process that exceeds a limit answers "too-complex"."""
    arguments = ("-I", "-B", "-m", CHILD, kind, str(MAX_TEXT_CHARS + 1))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={},  # the environment of the service has its secrets
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await process.communicate(content)
    except TimeoutError:
        return _Answer(error="too-complex")
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        return _Answer(error="too-complex")
    return msgspec.json.decode(output, type=_Answer)
