"""Small files of the kinds that users attach."""

import base64
import struct
import zlib
from typing import Final


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def png(colour: tuple[int, int, int] = (255, 0, 0)) -> bytes:
    """Return a picture of one pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes([0, *colour]))
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


PNG: Final = png()
GIF: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
JPEG: Final = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + bytes(20)
WEBP: Final = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(24)
CSV: Final = b"what,when\nmilk,friday\n"
PDF: Final = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
SVG: Final = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'
GIF_SCRIPT: Final = b"GIF89a/*\x00<script>alert(1)</script>*/=1;"
HTML: Final = b"<!doctype html><script>alert(1)</script>"
