"""The bytes of a file as text, or as the members of an archive."""

import io
import zipfile
import zlib
from typing import Final

from charset_normalizer import from_bytes

from tasks_service.errors import FileTooLargeError, UnreadableFileError
from todochat.latin_text import guess_latin

MAX_UNPACKED_BYTES: Final = 50_000_000  # of all members that are read
MAX_MEMBERS: Final = 20_000  # attachments are members, too
_START_BYTES: Final = 200
_SAMPLE_BYTES: Final = 20_000
# Encodings of spreadsheets and of older exports; a short text fits nearly all that exist. Of equal
# guesses the first one wins.
_GUESSED: Final = ["cp1252", "cp1251", "cp932", "gb18030"]
_FALLBACK: Final = "cp1252"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


def decode_text(data: bytes) -> tuple[str, str | None]:
    """Return the text of a file, and its encoding if it had to be guessed.

    UTF-8 and UTF-16 are recognized reliably; others are guessed. Bytes that the guess doesn't
    explain become U+FFFD.
    """
    if data.startswith(_UTF16_MARKS):
        return data.decode("utf-16", "replace"), None
    for encoding, zero in (("utf-16-le", 1), ("utf-16-be", 0)):
        if set(data[zero:_START_BYTES:2]) == {0}:
            return data.decode(encoding, "replace"), encoding
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        return guess_text(data)


def guess_text(data: bytes) -> tuple[str, str]:
    """Return a text in an older encoding, and the encoding."""
    sample = data[:_SAMPLE_BYTES]
    best = min(
        from_bytes(sample, cp_isolation=_GUESSED),
        key=lambda guess: (guess.chaos, -guess.coherence, guess.encoding != _FALLBACK),
        default=None,
    )
    encoding = _FALLBACK if best is None else best.encoding
    if encoding == _FALLBACK:  # so that it has Latin letters
        encoding = guess_latin(data) or _FALLBACK
    return data.decode(encoding, "replace"), encoding


def read_archive(data: bytes, suffixes: tuple[str, ...]) -> dict[str, bytes]:
    """Return the members of a ZIP file whose names have one of the suffixes.

    Raises:
        UnreadableFileError: it is damaged or encrypted.
        FileTooLargeError: it has too many members, or unpacks to more than 50 MB.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_MEMBERS:
                msg = f"The archive has more than {MAX_MEMBERS} files."
                raise FileTooLargeError(msg)
            left = MAX_UNPACKED_BYTES
            members = {}
            for info in infos:
                if not info.filename.endswith(suffixes):
                    continue
                with archive.open(info) as member:  # the size in the header may be wrong
                    content = member.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise FileTooLargeError("The archive unpacks to more than 50 MB.")
                members[info.filename] = content
            return members
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        raise UnreadableFileError("The archive is damaged or encrypted.") from error
