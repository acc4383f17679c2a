"""Texts of files in the encodings and formats that users attach; hostile files end by a limit."""

import asyncio
import io
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pypdf
import pytest

from durable_chatkit.chatkit import file_text
from durable_chatkit.chatkit.file_text import CHILD, MAX_TEXT_CHARS, FileReader
from durable_chatkit.errors import FileReadersBusyError, UnsupportedFileError
from todochat.testing import sample_files

MIB = 2**20
GERMAN = "Aufgabe;Fällig;Notiz\r\nMüll rausbringen;05.12.2026;für Jörg, 10 €\r\n"
GERMAN_LETTERS = "Größe prüfen;Ärzte anrufen;Öl wechseln;Straße fegen\r\n"
PORTUGUESE = "Reunião amanhã às 10h;não esquecer o pão\r\nComprar feijão e maçã\r\n"
FRENCH = "Réunion à l'école, prévoir un gâteau\n"
POLISH = "zadanie;kiedy\r\nKupić mąkę i żółty ser;jutro\r\nZadzwonić do Łucji;w środę\r\n"
CZECH = "úkol;termín\r\nZaplatit účet za elektřinu;čtvrtek\r\n"
TURKISH = "görev;ne zaman\r\nSüt ve ekmek al;yarın\r\nAnneyi ara;çarşamba günü\r\n"  # noqa: RUF001
SPANISH = "tarea;cuándo\r\nLlamar al médico;mañana\r\n"
SWEDISH = "Köp mjölk\nRing mormor på måndag\n"
RUSSIAN = "задание;когда\r\nпозвонить маме;завтра\r\n"  # noqa: RUF001
JAPANESE = "タスク,期限\r\n牛乳を買う,明日\r\n田中さんに電話する,金曜日\r\n"


async def read_text(content: bytes, name: str = "list.csv") -> str | None:
    return (await FileReader().read(content, name, "")).text


async def rejection(content: bytes, name: str = "file", timeout_s: float = 600.0) -> str:
    """Return the sentence with which a file is rejected."""
    with pytest.raises(UnsupportedFileError) as error:
        await FileReader(timeout_s).read(content, name, "")
    return error.value.detail


def encrypted(password: str) -> bytes:
    """Return a PDF that anyone with the password can read, and only its owner change."""
    writer = pypdf.PdfWriter(io.BytesIO(sample_files.PDF))
    writer.encrypt(password, "owner", algorithm="AES-256")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


class TestEncodings:
    @pytest.mark.parametrize(
        ("text", "encoding"),
        [
            (GERMAN, "utf-16"),
            (GERMAN, "utf-16-le"),
            (GERMAN, "utf-16-be"),
            (JAPANESE, "utf-16-le"),
            (GERMAN, "cp1252"),
            (GERMAN_LETTERS, "cp1252"),
            (PORTUGUESE, "cp1252"),
            (FRENCH, "cp1252"),
            (FRENCH, "mac-roman"),
            (GERMAN, "mac-roman"),
            (POLISH, "cp1250"),
            (CZECH, "cp1250"),
            (TURKISH, "cp1254"),
            (SPANISH, "mac-roman"),
            (SWEDISH, "mac-roman"),
            (RUSSIAN, "cp1251"),
            (JAPANESE, "cp932"),
        ],
    )
    async def test_text_is_decoded(self, text: str, encoding: str) -> None:
        assert await read_text(text.encode(encoding)) == text

    async def test_utf8_needs_no_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(file_text, "CHILD", "no_such_module")

        assert await read_text(GERMAN.encode("utf-8-sig")) is None

    async def test_long_text_is_cut(self) -> None:
        line = "Müll rausbringen\r\n".encode("cp1252")

        text = await read_text(line * (5 * MIB // len(line)))

        assert text is not None
        assert len(text) == MAX_TEXT_CHARS + 1

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
    async def test_svg_is_rejected(self, encoding: str) -> None:
        svg = "<svg xmlns='http://www.w3.org/2000/svg'/>".encode(encoding)

        assert "Convert it to JPEG or PNG" in await rejection(svg, "notes.txt")


class TestPdf:
    async def test_pages_are_read_in_order(self) -> None:
        assert await read_text(sample_files.pdf("One", "", "Three")) == "One\n\nThree"

    async def test_pdf_protected_only_against_changes_is_read(self) -> None:
        assert await read_text(encrypted("")) == "Buy milk"

    async def test_pages_after_the_limit_are_not_read(self) -> None:
        text = await read_text(sample_files.pdf(*["word " * 100] * 300))

        assert text is not None
        assert len(text) == MAX_TEXT_CHARS + 1

    async def test_password_is_named_as_the_reason(self) -> None:
        assert "protected by a password" in await rejection(encrypted("secret"))

    async def test_images_are_named_as_the_reason(self) -> None:
        assert "only images" in await rejection(sample_files.pdf("", ""))

    async def test_damage_is_named_as_the_reason(self) -> None:
        assert "damaged" in await rejection(sample_files.PDF[:60])

    async def test_stream_that_inflates_to_200_mib_is_too_complex(self) -> None:
        bomb = sample_files.pdf_of_streams(bytes(200 * MIB))

        assert len(bomb) < MIB
        assert "too complex" in await rejection(bomb)

    @pytest.mark.slow
    async def test_reading_ends_at_a_limit_of_cpu_time(self) -> None:
        endless = sample_files.pdf_of_streams(b"BT /F1 12 Tf 72 720 Td (x) Tj ET " * 480_000)

        assert "too complex" in await rejection(endless)


async def test_process_that_hangs_is_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "hanging"
    program.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))

    reason = await asyncio.wait_for(rejection(sample_files.PDF, timeout_s=0.1), timeout=60)

    assert "too complex" in reason


@pytest.mark.skipif(sys.platform != "linux", reason="macOS doesn't limit address spaces")
async def test_process_has_a_memory_limit() -> None:
    code = f"import {CHILD} as child; child.limit_process(); bytearray(300 * 2**20)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stderr=PIPE)

    _, errors = await asyncio.wait_for(process.communicate(), timeout=60)

    assert b"MemoryError" in errors


async def test_event_loop_runs_while_a_file_is_read() -> None:
    reading = asyncio.create_task(read_text(sample_files.pdf("Buy milk"), "a.pdf"))
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)

    assert reading.result() == "Buy milk"
    assert turns > 100


async def test_upload_waits_for_a_free_process_only_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file_text, "MAX_READERS", 0)
    monkeypatch.setattr(file_text, "MAX_WAIT_S", 0.01)

    with pytest.raises(FileReadersBusyError):
        await read_text(sample_files.PDF)


async def test_process_does_not_get_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    environments = []
    start = asyncio.create_subprocess_exec

    async def record(*arguments: str, **options: Any) -> asyncio.subprocess.Process:
        environments.append(options["env"])
        return await start(*arguments, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", record)

    await read_text(sample_files.PDF)

    assert environments == [{}]


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("IMG_1.HEIC", sample_files.HEIC, "Convert it to JPEG or PNG."),
        ("upload", sample_files.HEIC, "Convert it to JPEG or PNG."),
        ("scan.tiff", b"II*\x00" + bytes(30), "Convert it to JPEG or PNG."),
        ("letter.docx", b"PK\x03\x04" + bytes(40), "Save it as PDF or plain text."),
        ("plan.xlsx", b"PK\x03\x04" + bytes(40), "Save its sheet as CSV."),
        ("all.zip", b"PK\x03\x04" + bytes(40), "Unpack it and attach its files."),
        ("unknown", b"PK\x03\x04" + bytes(40), "Supported: text, CSV, PDF, PNG"),
        ("noise.txt", bytes(range(256)), "Supported: text, CSV, PDF, PNG"),
    ],
)
async def test_rejection_says_what_to_convert_to(name: str, content: bytes, advice: str) -> None:
    assert advice in await rejection(content, name)
