"""Detects a file's type from its content; names and declared types are not trusted."""

import unicodedata
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Final

from durable_chatkit.errors import UnsupportedFileError

IMAGE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
TEXT_TYPE: Final = "text/plain"
CSV_TYPE: Final = "text/csv"
SUPPORTED: Final = "text, CSV, PNG, JPEG, GIF and WebP"
MAX_NAME_CHARS: Final = 200

_HEAD_BYTES: Final = 4096
# Limit for comments and a document type before the root of an XML document.
_MAX_PROLOG_CHARS: Final = 65_536


def detect_type(content: bytes, name: str, declared_type: str) -> str:
    """Return the media type of a file.

    Args:
        name, declared_type: used only to tell CSV from other text, which has no further effect.

    Raises:
        UnsupportedFileError: the file is empty or has an unsupported type.
    """
    if not content:
        raise UnsupportedFileError("The file is empty.")
    text: str | None = None
    if b"\x00" not in content:
        with suppress(UnicodeDecodeError):
            text = content.decode("utf-8")
    if text is not None:
        if _may_be_svg(text):
            msg = f"SVG images are not supported. Supported: {SUPPORTED}."
            raise UnsupportedFileError(msg)
        is_csv = media_type(declared_type) == CSV_TYPE or name.lower().endswith(".csv")
        return CSV_TYPE if is_csv else TEXT_TYPE
    import puremagic  # noqa: PLC0415 - 1.4 MB of signatures, which only an upload needs

    try:
        matches = puremagic.magic_string(content[:_HEAD_BYTES])
    except (puremagic.PureError, ValueError):
        matches = []
    kind = matches[0].mime_type if matches else ""
    if kind not in IMAGE_TYPES:
        msg = f"This file type is not supported. Supported: {SUPPORTED}."
        raise UnsupportedFileError(msg)
    return str(kind)


def is_declared_type_allowed(declared_type: str) -> bool:
    """Return whether a file of a declared type may be uploaded; its content decides later."""
    kind = media_type(declared_type)
    return kind in IMAGE_TYPES or not kind.startswith(("image/", "audio/", "video/", "font/"))


def media_type(content_type: str) -> str:
    """Return a Content-Type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def is_image(kind: str) -> bool:
    """Return whether a media type is a supported image type."""
    return kind in IMAGE_TYPES


def clean_name(name: str) -> str:
    """Return a non-empty file name that is safe to display and to use in a header."""
    base = PurePosixPath(name.replace("\\", "/")).name
    # Remove control characters, surrogates and bidi overrides ("gpj.exe").
    kept = "".join(char for char in base if unicodedata.category(char)[0] != "C")
    return " ".join(kept.split())[:MAX_NAME_CHARS] or "file"


def _may_be_svg(text: str) -> bool:
    """Return True for SVG, and if the text before the first element is too long to parse."""
    head = text.removeprefix("\ufeff").lstrip()[:_MAX_PROLOG_CHARS]
    position = 0
    while head.startswith(("<!", "<?"), position):
        end = _after_declaration(head, position)
        if end is None:
            may_be_open = head.startswith(("<!--", "<?"), position)
            return not may_be_open or len(head) == _MAX_PROLOG_CHARS
        position = end
        while head[position : position + 1].isspace():
            position += 1
    if position == len(head):
        return len(head) == _MAX_PROLOG_CHARS
    words = head[position:].replace("/", " ").replace(">", " ").split(maxsplit=1)
    tag = words[0] if words else ""
    return tag.startswith("<") and tag[1:].lower().rpartition(":")[2] == "svg"


def _after_declaration(text: str, start: int) -> int | None:
    """Return the end of a comment, instruction or document type; None if it is unterminated."""
    for opening, closing in (("<!--", "-->"), ("<?", "?>")):
        if text.startswith(opening, start):
            return _after(text, closing, start + len(opening))
    # A document type may contain declarations in brackets, with quotes, comments and instructions.
    position: int | None = start + 2
    depth = 0
    while position is not None and position < len(text):
        character = text[position]
        if character in "\"'":
            position = _after(text, character, position + 1)
            continue
        if text.startswith(("<!--", "<?"), position):
            position = _after_declaration(text, position)
            continue
        if character == ">" and depth == 0:
            return position + 1
        depth += (character in "[<") - (character in "]>")
        position += 1
    return None


def _after(text: str, closing: str, start: int) -> int | None:
    end = text.find(closing, start)
    return end + len(closing) if end >= 0 else None
