"""Detects a file's type from its content; names and declared types are not trusted."""

import unicodedata
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Final

from durable_chatkit.chatkit.svg_detection import may_be_svg
from durable_chatkit.errors import UnsupportedFileError

IMAGE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
PDF_TYPE: Final = "application/pdf"
TEXT_TYPE: Final = "text/plain"
CSV_TYPE: Final = "text/csv"
SUPPORTED: Final = "text, CSV, PDF, PNG, JPEG, GIF and WebP"
MAX_NAME_CHARS: Final = 200

_HEAD_BYTES: Final = 4096
_PDF_HEAD: Final = b"%PDF-"
_MAX_PDF_PREFIX: Final = 1024  # bytes before the head that readers of PDF skip
_TO_IMAGE: Final = "Convert it to JPEG or PNG."
_TO_PDF: Final = "Save it as PDF or plain text."
_TO_CSV: Final = "Save its sheet as CSV."
# What to convert a file to, by the ending of its name.
_ADVICE: Final = {
    **dict.fromkeys(("heic", "heif", "avif", "tif", "tiff", "bmp", "ico", "jxl", "psd", "svg"), _TO_IMAGE),
    **dict.fromkeys(("doc", "docx", "odt", "pages", "ppt", "pptx", "odp", "key", "epub"), _TO_PDF),
    **dict.fromkeys(("xls", "xlsx", "xlsm", "xlsb", "ods", "numbers"), _TO_CSV),
    **dict.fromkeys(("zip", "7z", "rar", "gz", "tar"), "Unpack it and attach its files."),
}  # fmt: skip
# First bytes of image formats that browsers or models can't read, with their position.
_IMAGE_HEADS: Final = (
    (b"II*\x00", 0),
    (b"MM\x00*", 0),
    (b"8BPS", 0),
    *((b"ftyp" + brand, 4) for brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif")),
)
_ARCHIVE_HEADS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")  # also of office files


def detect_type(content: bytes, name: str, declared_type: str) -> str | None:
    """Return the media type of a file; None if it may be text in another encoding than UTF-8.

    Args:
        name, declared_type: used only to tell CSV from other text, and for advice in errors.

    Raises:
        UnsupportedFileError: the file is empty or has an unsupported type.
    """
    if not content:
        raise UnsupportedFileError("The file is empty.")
    if content.startswith(_PDF_HEAD):
        return PDF_TYPE
    if b"\x00" not in content:
        with suppress(UnicodeDecodeError):
            if may_be_svg(content.decode("utf-8")):
                raise unsupported_type(_TO_IMAGE)
            return text_type(name, declared_type)
    if _PDF_HEAD in content[:_MAX_PDF_PREFIX]:
        return PDF_TYPE
    import puremagic  # noqa: PLC0415 - 1.4 MB of signatures, which only an upload needs

    try:
        matches = puremagic.magic_string(content[:_HEAD_BYTES])
    except (puremagic.PureError, ValueError):
        matches = []
    kind = str(matches[0].mime_type) if matches else ""
    if kind in IMAGE_TYPES:
        return kind
    if any(content.startswith(head, start) for head, start in _IMAGE_HEADS):
        raise unsupported_type(_TO_IMAGE)
    advice = advice_for(name)
    if advice or content.startswith(_ARCHIVE_HEADS):
        raise unsupported_type(advice)
    return None


def text_type(name: str, declared_type: str) -> str:
    """Return the media type of a text."""
    is_csv = media_type(declared_type) == CSV_TYPE or name.lower().endswith(".csv")
    return CSV_TYPE if is_csv else TEXT_TYPE


def check_declared_type(declared_type: str, name: str) -> None:
    """Check whether a file of a declared type may be uploaded; its content decides later.

    Raises:
        UnsupportedFileError: it may not.
    """
    kind = media_type(declared_type)
    if kind.startswith("image/") and kind not in IMAGE_TYPES:
        raise unsupported_type(_TO_IMAGE)
    if kind.startswith(("audio/", "video/", "font/")):
        raise unsupported_type(advice_for(name))


def unsupported_type(advice: str) -> UnsupportedFileError:
    """Return the error for a file's type; `advice` says what to convert it to, if that is known."""
    sentences = ("This file type is not supported.", advice, f"Supported: {SUPPORTED}.")
    return UnsupportedFileError(" ".join(filter(None, sentences)))


def advice_for(name: str) -> str:
    """Return what to convert a file with this name to, "" if that isn't known."""
    return _ADVICE.get(PurePosixPath(name.lower()).suffix.removeprefix("."), "")


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
