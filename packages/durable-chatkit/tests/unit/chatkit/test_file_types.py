"""A file's type from its content: an SVG is found wherever its root hides, and in linear time."""

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


def detect(text: str) -> str:
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
    def test_an_svg_is_not_taken(self, text: str) -> None:
        with pytest.raises(UnsupportedFileError):
            detect(text)

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
    def test_in_another_encoding_it_is_not_taken_either(self, encoding: str) -> None:
        with pytest.raises(UnsupportedFileError):
            detect_type(SVG.encode(encoding), "notes.txt", "text/plain")

    @pytest.mark.parametrize("text", ["<!doctype", "<!doctype svg '>", "<!doctype svg [>"])
    def test_a_document_type_without_an_end_is_not_taken(self, text: str) -> None:
        with pytest.raises(UnsupportedFileError):
            detect(text + SVG)

    def test_a_prolog_that_is_too_long_is_not_taken(self) -> None:
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
    def test_other_text_is_taken(self, text: str) -> None:
        assert detect(text) == "text/plain"


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
def test_no_text_takes_long(unit: str) -> None:
    text = (unit * MAX_FILE_BYTES)[:MAX_FILE_BYTES]
    started = thread_time()

    with suppress(UnsupportedFileError):
        detect(text)

    assert thread_time() - started < 2
