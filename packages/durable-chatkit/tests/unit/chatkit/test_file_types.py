"""Type detection finds SVG behind any prolog, in linear time."""

from contextlib import suppress
from time import thread_time

import pytest

from durable_chatkit.chatkit.file_types import detect_type
from durable_chatkit.errors import UnsupportedFileError
from todochat.contracts.uploads import MAX_FILE_BYTES

SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"
DOCTYPE = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">'
SUBSET = """<!DOCTYPE svg [
  <!-- an apostrophe isn't a quote here: ]> -->
  <!ENTITY quoted "]><p>"> <?pi ]> ?> <!ENTITY other ']>'>
]>"""


def detect(text: str) -> str | None:
    return detect_type(text.encode(), "notes.txt", "text/plain")


class TestSvg:
    @pytest.mark.parametrize(
        "text",
        [
            SVG,
            f"\ufeff{SVG}",
            f" \r\n\t{SVG}",
            f"\ufeff\n{SVG}",
            "<SVG>",
            "<svg\n>",
            "<svg/>",
            "<svg",
            "<x:svg xmlns:x='http://www.w3.org/2000/svg'/>",
            f"<{'x' * 200}:svg>",
            f"<?xml version='1.0'?>{SVG}",
            f"<?xml version='1.0'?><?xml-stylesheet href='a>b'?>\n{SVG}",
            f"<!-- > -- -> -->{SVG}",
            f"<!-- {'long ' * 5000}-->{SVG}",
            f"{'<!---->' * 5000}{SVG}",
            f"{'<!-- -->  ' * 11}{SVG}",
            f"{DOCTYPE}{SVG}",
            f"{DOCTYPE.lower()}{SVG}",
            f"{SUBSET}{SVG}",
            f"<?xml version='1.0'?>\n<!-- one -->{SUBSET}<!-- two -->{SVG}",
        ],
    )
    def test_svg_is_rejected(self, text: str) -> None:
        with pytest.raises(UnsupportedFileError):
            detect(text)

    @pytest.mark.parametrize("text", ["<!doctype", "<!doctype svg '>", "<!doctype svg [>"])
    def test_unterminated_document_type_is_rejected(self, text: str) -> None:
        with pytest.raises(UnsupportedFileError):
            detect(text + SVG)

    def test_too_long_prolog_is_rejected(self) -> None:
        with pytest.raises(UnsupportedFileError):
            detect(f"<!-- {'long ' * 20_000}-->{SVG}")

    @pytest.mark.parametrize(
        "text",
        [
            "<!---->" * 36 + "x",
            "<!---->" * 36,
            "<!--",
            "<?php echo 1;",
            "<",
            "<!---->",
            "<html><body><svg/></body></html>",
            "<!doctype html><html>",
            f"The icon is {SVG}",
            "<svgx>",
            "<x:y:svgs>",
            "svg",
            "/>",
            " ",
        ],
    )
    def test_other_text_is_accepted(self, text: str) -> None:
        assert detect(text) == "text/plain"


PROLOG_CHARS = 65_536


@pytest.mark.parametrize(
    "unit",
    [
        "<!---->",
        "<!--",
        "<!-- ",
        "<?",
        "<??>",
        "<!",
        "<!d>",
        "<![",
        "<!d '",
        "<!d [",
        "<!d <!--",
        "<!d <? ",
        "<!d [>",
        "<!d '>",
        "<!d>\n",
        " <",
        " ",
    ],
)
def test_detection_time_is_linear(unit: str) -> None:
    long_text = (unit * PROLOG_CHARS)[:PROLOG_CHARS]

    growth = measure_cpu(long_text) / measure_cpu(long_text[: PROLOG_CHARS // 8])

    assert growth < 24  # linear: 8 or less, quadratic: 64


def test_text_after_the_prolog_is_not_searched() -> None:
    text = "<!-- " * (MAX_FILE_BYTES // 5)

    with pytest.raises(UnsupportedFileError):
        detect(text)


def measure_cpu(text: str) -> float:
    """Return the CPU time of the fastest of 5 detections, in seconds."""
    times = []
    for _ in range(5):
        started = thread_time()
        with suppress(UnsupportedFileError):
            detect(text)
        times.append(thread_time() - started)
    return min(times)
