"""What a file is, told by its content; its name and what the browser says of it prove nothing."""

import unicodedata
from pathlib import PurePosixPath
from typing import Final

import puremagic

from durable_chatkit.errors import UnsupportedFileError

IMAGE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
TEXT_TYPE: Final = "text/plain"
CSV_TYPE: Final = "text/csv"
SUPPORTED: Final = "text, CSV, PNG, JPEG, GIF and WebP"
MAX_NAME_CHARS: Final = 200

_HEAD_BYTES: Final = 4096
# Room for comments and a document type before the root of an XML document; no text begins with more.
_MAX_PROLOG_CHARS: Final = 65_536


def detect_type(content: bytes, name: str, announced: str) -> str:
    """Return the media type of a file.

    Args:
        name, announced: only tell CSV from other text, which changes nothing that matters.

    Raises:
        UnsupportedFileError: it is empty, or none of the types that are taken.
    """
    if not content:
        raise UnsupportedFileError("The file is empty.")
    text = _as_text(content)
    if text is not None:
        if _may_be_svg(text):
            msg = f"SVG images are not taken; {SUPPORTED} are."
            raise UnsupportedFileError(msg)
        is_csv = media_type(announced) == CSV_TYPE or name.lower().endswith(".csv")
        return CSV_TYPE if is_csv else TEXT_TYPE
    found = _magic(content)
    if found not in IMAGE_TYPES:
        msg = f"This kind of file is not taken; {SUPPORTED} are."
        raise UnsupportedFileError(msg)
    return found


def is_declared_type_allowed(announced: str) -> bool:
    """Tell whether to let a file of an announced type be sent at all; the content decides."""
    kind = media_type(announced)
    return kind in IMAGE_TYPES or not kind.startswith(("image/", "audio/", "video/", "font/"))


def media_type(announced: str) -> str:
    """Return a Content-Type without its parameters."""
    return announced.partition(";")[0].strip().lower()


def is_image(kind: str) -> bool:
    """Tell whether a media type is one of an image that is taken."""
    return kind in IMAGE_TYPES


def clean_name(name: str) -> str:
    """Return a file name that is safe to show and to put into a header; never empty."""
    base = PurePosixPath(name.replace("\\", "/")).name
    # Controls, surrogates and what turns the direction of text ("gpj.exe") go.
    kept = "".join(char for char in base if unicodedata.category(char)[0] != "C")
    return " ".join(kept.split())[:MAX_NAME_CHARS] or "file"


def _may_be_svg(text: str) -> bool:
    """Whether a text is an SVG, or what precedes its first element can't be read to its end."""
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
    """Return where a comment, an instruction or a document type ends; None if it doesn't."""
    for opening, closing in (("<!--", "-->"), ("<?", "?>")):
        if text.startswith(opening, start):
            return _after(text, closing, start + len(opening))
    # A document type may have declarations in brackets, with quotes, comments and instructions.
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


def _as_text(content: bytes) -> str | None:
    if b"\x00" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _magic(content: bytes) -> str:
    try:
        matches = puremagic.magic_string(content[:_HEAD_BYTES])
    except (puremagic.PureError, ValueError):
        return ""
    return matches[0].mime_type if matches else ""
