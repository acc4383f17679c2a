"""What a file is, told by its content; its name and what the browser says of it prove nothing."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

import puremagic

from todo_agent.errors import UnsupportedFileError

IMAGE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
TEXT_TYPE: Final = "text/plain"
CSV_TYPE: Final = "text/csv"
SUPPORTED: Final = "text, CSV, PNG, JPEG, GIF and WebP"
MAX_NAME_CHARS: Final = 200

_HEAD_BYTES: Final = 4096
# What may stand before the root of an SVG: a byte order mark, a prolog, comments, a doctype.
_SVG: Final = re.compile(
    r"\A\ufeff?\s*(?:<\?[^>]{0,500}\?>\s*|<!--.{0,2000}?-->\s*|<!doctype[^>]{0,500}>\s*){0,10}"
    r"<(?:[a-z_][\w.-]{0,50}:)?svg[\s/>]",
    re.IGNORECASE | re.DOTALL,
)


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
        if _SVG.match(text):
            msg = f"SVG images are not taken; {SUPPORTED} are."
            raise UnsupportedFileError(msg)
        is_csv = media_type(announced) == CSV_TYPE or name.lower().endswith(".csv")
        return CSV_TYPE if is_csv else TEXT_TYPE
    found = _magic(content)
    if found not in IMAGE_TYPES:
        msg = f"This kind of file is not taken; {SUPPORTED} are."
        raise UnsupportedFileError(msg)
    return found


def may_be_taken(announced: str) -> bool:
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
