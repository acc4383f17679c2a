"""The process that turns one file into text: `python -I -m durable_chatkit.chatkit.text_process`.

Gets the file on stdin, "pdf" or "text" and MAX_CHARS as arguments; writes `{"text": ...}` or
`{"error": ...}` to stdout. Parsers of files from users run here, because a process has limits of
memory and CPU time, can be killed at any point, and holds no credentials. It imports no SDK, so that
it starts in 0.2 s.
"""

import io
import json
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from durable_chatkit.chatkit.svg_detection import MAX_PROLOG_CHARS, may_be_svg
from todochat.latin_text import LATIN_ENCODINGS, guess_latin

MEMORY_BYTES: Final = 256 * 2**20
CPU_S: Final = 10
MAX_PAGES: Final = 200
MAX_STREAM_BYTES: Final = 16 * 2**20  # of one decompressed stream of a PDF

# Encodings in use on the desktop, for files without a byte order mark. charset-normalizer knows
# many more, and mistakes short texts for them.
ENCODINGS: Final = (
    *("utf_8", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"),
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("cp874", "cp932", "gb18030", "cp949", "big5", "euc_jp", "koi8_r", "mac_roman"),
)


class UnreadableError(Exception):
    """The file has no text that can be read; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def decode(content: bytes, max_chars: int) -> str:
    """Return the start of a text in any common encoding.

    Raises:
        UnreadableError: "not-text" or "svg".
    """
    from charset_normalizer import from_bytes  # noqa: PLC0415 - a PDF doesn't need it

    best = from_bytes(content, cp_isolation=list(ENCODINGS)).best()
    if best is None:
        raise UnreadableError("not-text")
    latin = guess_latin(content) if best.encoding in LATIN_ENCODINGS else None
    text = str(best) if latin is None else content.decode(latin, "replace")
    if "\x00" in text:
        raise UnreadableError("not-text")
    if may_be_svg(text[:MAX_PROLOG_CHARS]):
        raise UnreadableError("svg")
    return text[:max_chars]


def read_pdf(content: bytes, max_chars: int) -> str:
    """Return the start of a PDF's text, from at most MAX_PAGES pages, without those after `max_chars`.

    A PDF that is encrypted without a password, against changes, is readable.

    Raises:
        UnreadableError: "encrypted", "no-text", "malformed" or "too-complex".
    """
    import pypdf  # noqa: PLC0415 - a text doesn't need it
    from pypdf.errors import (  # noqa: PLC0415
        FileNotDecryptedError,
        LimitReachedError,
        PyPdfError,
    )

    texts: list[str] = []
    size = 0
    pypdf.overwrite_configuration(
        array_based_stream_maximum_output_length=MAX_STREAM_BYTES,
        lzw_maximum_output_length=MAX_STREAM_BYTES,
        run_length_maximum_output_length=MAX_STREAM_BYTES,
        zlib_maximum_output_length=MAX_STREAM_BYTES,
    )
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableError("encrypted")
        for page in reader.pages[:MAX_PAGES]:
            texts.append(page.extract_text().strip())
            size += len(texts[-1])
            if size > max_chars:
                break
    except FileNotDecryptedError as error:
        raise UnreadableError("encrypted") from error
    except (LimitReachedError, RecursionError) as error:
        raise UnreadableError("too-complex") from error
    except (
        PyPdfError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
    ) as error:
        # pypdf raises these for malformed objects.
        raise UnreadableError("malformed") from error
    text = "\n\n".join(filter(None, texts))
    if not text:
        raise UnreadableError("no-text")
    return text[:max_chars]


READERS: Final[dict[str, Callable[[bytes, int], str]]] = {"text": decode, "pdf": read_pdf}


def limit_process() -> None:
    """Limit the memory and CPU time of this process; if memory runs out, the kernel kills it first."""
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox without /proc; the limits below hold
            Path("/proc/self/oom_score_adj").write_text("1000")
        resource.setrlimit(
            resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES)
        )  # macOS has no such limit
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Read one file."""
    kind, max_chars = sys.argv[1], int(sys.argv[2])
    limit_process()
    answer: dict[str, str]
    try:
        answer = {"text": READERS[kind](sys.stdin.buffer.read(), max_chars)}
    except UnreadableError as error:
        answer = {"error": error.code}
    except MemoryError:
        answer = {"error": "too-complex"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
